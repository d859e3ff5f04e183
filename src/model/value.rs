//! A row's content as a tree that borrows from the bytes it was read from.
//!
//! `serde_json::Value` would copy every string of every row; here only strings with escapes are
//! copied. Objects keep their key order, since templates print them in it.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// A JSON-like value. Lists of Arrow and Parquet become [`Value::Array`], structs [`Value::Object`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// A float, or an integer beyond 64 bits.
    Float(f64),
    Str(Cow<'a, str>),
    /// A `datetime.datetime` in Python: a text that a loader took for a moment, as `str()` prints it there.
    Datetime(String),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// Keys and values in the order they stood in. Keys are unique: as in Python, a repeated key keeps
/// its first position and its last value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Value<'a> {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as an integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Self::Int(value) => Some(*value as f64),
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Self::UInt(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The field of an object; `None` for a missing field and for anything but an object.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?.get(key)
    }

    /// What kind of value this is, in the words of JSON but for a datetime.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Datetime(_) => "datetime",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// [`Self::kind`] with its article: `a string`, `an array`, `null`.
    pub fn a_kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::UInt(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a string",
            Self::Datetime(_) => "a datetime",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Float(value) => Value::Float(value),
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Self::Datetime(text) => Value::Datetime(text),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(object) => Value::Object(Object {
                entries: object
                    .entries
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            }),
        }
    }
}

impl<'a> Object<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: Vec::with_capacity(entries),
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_ref())
    }

    /// An object of the given entries as a Python dict would be made of them, and whether a key
    /// stood twice. Linear in their number, whatever they are.
    pub fn from_entries(entries: Vec<(Cow<'a, str>, Value<'a>)>) -> (Self, bool) {
        if !has_repeats(&entries) {
            return (Self { entries }, false);
        }
        let mut kept: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(entries.len());
        let mut places = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            match places.entry(key.to_string()) {
                Entry::Occupied(place) => {
                    let place: usize = *place.get();
                    kept[place].1 = value;
                }
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                    kept.push((key, value));
                }
            }
        }
        (Self { entries: kept }, true)
    }

    /// Sets a key as a Python dict does. True if the key was there already.
    pub fn insert(&mut self, key: Cow<'a, str>, value: Value<'a>) -> bool {
        if let Some((_, slot)) = self.entries.iter_mut().find(|(name, _)| *name == key) {
            *slot = value;
            return true;
        }
        self.entries.push((key, value));
        false
    }

    /// Appends a key known to be new, without looking for it.
    pub fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        debug_assert!(!self.contains_key(&key), "key pushed twice");
        self.entries.push((key, value));
    }
}

/// Whether a key stands twice. Rows have few keys, for which comparing beats hashing; a hostile
/// row may have a million.
fn has_repeats(entries: &[(Cow<'_, str>, Value<'_>)]) -> bool {
    const FEW: usize = 24;
    if entries.len() > FEW {
        let mut seen = HashSet::with_capacity(entries.len());
        return !entries.iter().all(|(key, _)| seen.insert(key.as_ref()));
    }
    entries
        .iter()
        .enumerate()
        .any(|(index, (key, _))| entries[..index].iter().any(|(earlier, _)| earlier == key))
}

impl Value<'static> {
    /// Reads a JSON text that stands inside a row, such as a `tools` column that is a string.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str::<serde_json::Value>(text)
            .map(Self::from)
            .map_err(|error| error.to_string())
    }
}

impl From<serde_json::Value> for Value<'static> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) => Self::UInt(value),
                (None, None) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Self::Str(Cow::Owned(text)),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(object) => {
                let mut out = Object::with_capacity(object.len());
                for (key, value) in object {
                    out.push(Cow::Owned(key), Self::from(value));
                }
                Self::Object(out)
            }
        }
    }
}
