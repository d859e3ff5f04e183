//! What a file holds, each thing with the place it stands at.

use serde_json::{Map, Value as Json};

/// A place in a file; line and column are counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub line: usize,
    pub column: usize,
}

/// A value as the program's own reader gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub at: At,
    pub value: Value,
    /// The characters of a plain scalar, where its value could be another in another dialect.
    pub plain: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A date or a time, as written: Python makes an object of it.
    Date(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value. Keys that are no texts are written as Python prints them.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub at: At,
    pub value: Node,
}

impl Node {
    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key, or of a path of keys and positions: `datasets.0.type`.
    pub fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| match &node.value {
            Value::Map(_) => node.entry(key).map(|entry| &entry.value),
            Value::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The value of a key that is there and not null.
    pub fn given(&self, path: &str) -> Option<&Self> {
        self.get(path).filter(|node| node.value != Value::Null)
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether Python takes it for true.
    pub fn truthy(&self) -> bool {
        match &self.value {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Date(_) => true,
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
        }
    }

    /// What it is, in Python's word.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "None",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) => "str",
            Value::Date(_) => "date",
            Value::List(_) => "list",
            Value::Map(_) => "dict",
        }
    }

    /// As JSON. What JSON has no word for becomes a text.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => {
                serde_json::Number::from_f64(*number).map_or_else(|| number.to_string().into(), Json::Number)
            }
            Value::Text(text) | Value::Date(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.json()));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}

/// How deep a file may nest, and how many values it may come to once its aliases are followed.
pub(super) const DEEPEST: usize = 64;
pub(super) const MOST: usize = 100_000;
/// Keys side by side, which are looked through one by one.
pub(super) const MOST_KEYS: usize = 5_000;
