//! YAML, with the place of every key and value.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::scalar::{Dialect, resolve};
use super::tree::{At, DEEPEST, Entry, MOST, MOST_KEYS, Node, Value};

/// Why a file could not be read, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    pub at: At,
    pub message: String,
}

/// A key that stands twice in one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub key: String,
    pub first: At,
    pub again: At,
}

/// A document, and the keys in it that stand twice. PyYAML takes the last of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub root: Node,
    pub repeated: Vec<Repeated>,
}

/// Reads a text as `yaml.safe_load` or `OmegaConf.load` does.
///
/// # Errors
///
/// What that reader refuses, and what nests or repeats itself beyond any config.
pub fn read(text: &str, dialect: Dialect) -> Result<Document, Wrong> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match parse(text, dialect) {
        // PyYAML lets brackets close, and what is in them stand, at any column.
        Err(wrong) if wrong.message == "invalid indentation" => parse(&indented(text), dialect).map_err(|_| wrong),
        read => read,
    }
}

/// The text with lines inside brackets moved to the right; lines keep their numbers.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let (mut depth, mut quote) = (0usize, None);
    for line in text.split_inclusive('\n') {
        if depth > 0 && quote.is_none() {
            out.push_str(&" ".repeat(40));
        }
        let mut before = ' ';
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match (quote, c) {
                (Some('"'), '\\') => {
                    characters.next();
                }
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '#') if before.is_whitespace() => break,
                (None, '"' | '\'') if before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':') => {
                    quote = Some(c);
                }
                (None, '[' | '{') => depth += 1,
                (None, ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = c;
        }
        out.push_str(line);
    }
    out
}

fn parse(text: &str, dialect: Dialect) -> Result<Document, Wrong> {
    let mut builder = Builder {
        parser: Parser::new_from_str(text),
        dialect,
        anchors: BTreeMap::new(),
        repeated: Vec::new(),
        count: 0,
    };
    let mut root = None;
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if root.is_some() => {
                return Err(Wrong {
                    at: at(&span),
                    message: "expected a single document, but found another".to_owned(),
                });
            }
            event => root = Some(builder.node(event, &span, 0)?),
        }
    }
    Ok(Document {
        root: root.unwrap_or(Node {
            at: At { line: 1, column: 1 },
            value: Value::Null,
            plain: None,
        }),
        repeated: builder.repeated,
    })
}

fn at(span: &Span) -> At {
    At {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

struct Builder<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    dialect: Dialect,
    anchors: BTreeMap<usize, Node>,
    repeated: Vec<Repeated>,
    /// Values made so far, those of aliases each time they are used.
    count: usize,
}

impl<'t> Builder<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Wrong> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(Wrong {
                at: At {
                    line: error.marker().line(),
                    column: error.marker().col() + 1,
                },
                message: error.info().to_owned(),
            }),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn grow(&mut self, by: usize, at: At) -> Result<(), Wrong> {
        self.count += by;
        if self.count > MOST {
            let message = format!("more than {MOST} values");
            return Err(Wrong { at, message });
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, Wrong> {
        let at = at(span);
        if depth > DEEPEST {
            let message = format!("nested deeper than {DEEPEST} levels");
            return Err(Wrong { at, message });
        }
        self.grow(1, at)?;
        let (value, plain, anchor) = match event {
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let message = "an alias inside what it stands for".to_owned();
                    return Err(Wrong { at, message });
                };
                self.grow(size(&node), at)?;
                return Ok(Node { at, ..node });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().filter(|tag| tag.is_yaml_core_schema());
                let tag = tag.map(|tag| tag.suffix.clone());
                let is_plain = style == ScalarStyle::Plain;
                let value = match tag.as_deref() {
                    Some("str") => Value::Text(text.to_string()),
                    None if is_plain => resolve(&text, self.dialect).ok_or_else(|| Wrong {
                        at,
                        message: format!("`{text}` is taken for a number and is none"),
                    })?,
                    None => Value::Text(text.to_string()),
                    Some("null") => Value::Null,
                    Some("bool" | "int" | "float" | "timestamp") => {
                        resolve(&text, Dialect::OmegaConf).unwrap_or(Value::Null)
                    }
                    Some(tag) => {
                        let message = format!("the tag !!{tag} is not one a config is read with");
                        return Err(Wrong { at, message });
                    }
                };
                (value, is_plain.then(|| text.as_ref().into()), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        break;
                    }
                    items.push(self.node(event, &span, depth + 1)?);
                }
                (Value::List(items), None, anchor)
            }
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, None, anchor),
            _ => {
                let message = "the file ends in the middle of a value".to_owned();
                return Err(Wrong { at, message });
            }
        };
        let node = Node { at, value, plain };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Wrong> {
        let mut own: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            let is_merge = key.plain.as_deref() == Some("<<");
            if is_merge {
                Self::merge(value, &mut merged)?;
                continue;
            }
            let (at, key) = (key.at, name(&key)?);
            if own.len() + merged.len() > MOST_KEYS {
                let message = format!("more than {MOST_KEYS} keys side by side");
                return Err(Wrong { at, message });
            }
            if let Some(first) = own.iter_mut().find(|entry| entry.key == key) {
                let repeated = Repeated {
                    key,
                    first: first.at,
                    again: at,
                };
                if self.dialect == Dialect::OmegaConf {
                    let message = format!("found duplicate key {}", repeated.key);
                    return Err(Wrong { at, message });
                }
                self.repeated.push(repeated);
                (first.at, first.value) = (at, value);
                continue;
            }
            own.push(Entry { key, at, value });
        }
        // Keys of one's own win over merged ones, and keep their places behind them.
        merged.retain(|entry| own.iter().all(|known| known.key != entry.key));
        merged.extend(own);
        Ok(Value::Map(merged))
    }

    /// `<<: *base`, or a list of such, of which the first wins.
    fn merge(value: Node, merged: &mut Vec<Entry>) -> Result<(), Wrong> {
        let at = value.at;
        let sources = match value.value {
            Value::Map(entries) => vec![entries],
            Value::List(items) => items
                .into_iter()
                .map(|item| match item.value {
                    Value::Map(entries) => Ok(entries),
                    _ => Err(Wrong {
                        at: item.at,
                        message: "expected a mapping for merging".to_owned(),
                    }),
                })
                .collect::<Result<_, _>>()?,
            _ => {
                let message = "expected a mapping or list of mappings for merging".to_owned();
                return Err(Wrong { at, message });
            }
        };
        for entry in sources.into_iter().flatten() {
            if merged.iter().all(|known| known.key != entry.key) {
                merged.push(entry);
            }
        }
        Ok(())
    }
}

/// Values in a node, itself included.
fn size(node: &Node) -> usize {
    let inner: usize = match &node.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
        _ => 0,
    };
    1 + inner
}

/// A key as Python would print it.
fn name(key: &Node) -> Result<String, Wrong> {
    Ok(match &key.value {
        Value::Text(text) | Value::Date(text) => text.clone(),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::List(_) | Value::Map(_) => {
            return Err(Wrong {
                at: key.at,
                message: "found unhashable key".to_owned(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn load(text: &str) -> Json {
        read(text, Dialect::PyYaml).expect("YAML").root.json()
    }

    #[test]
    fn values_know_where_they_stand() {
        let document = read("# run\na: 1\nb:\n  - x: two\n", Dialect::PyYaml).expect("YAML");
        let at = |path: &str| document.root.get(path).expect("there").at;
        assert_eq!(at("a"), At { line: 2, column: 4 });
        assert_eq!(at("b.0.x"), At { line: 4, column: 8 });
        assert_eq!(document.root.entry("b").expect("there").at, At { line: 3, column: 1 });
    }

    #[test]
    fn merged_keys_give_way_to_ones_own_and_the_last_of_two_wins() {
        let text = "base: &b {lr: 1, n: 2}\nrun:\n  n: 3\n  <<: *b\n  n: 4\n";
        let document = read(text, Dialect::PyYaml).expect("YAML");
        assert_eq!(document.root.json()["run"], json!({"lr": 1, "n": 4}));
        assert_eq!(document.repeated.len(), 1);
        assert_eq!(
            (document.repeated[0].first.line, document.repeated[0].again.line),
            (3, 5)
        );
        let error = read("a: 1\na: 2\n", Dialect::OmegaConf).expect_err("refused");
        assert_eq!((error.at.line, error.message.as_str()), (2, "found duplicate key a"));
    }

    #[test]
    fn what_is_no_config_is_refused_with_its_place() {
        for (text, line) in [("a: [1, 2\nb: 3\n", 2), ("a: 1\n---\nb: 2\n", 3), ("a: b: c\n", 1)] {
            let wrong = read(text, Dialect::PyYaml).expect_err(text);
            assert!(wrong.at.line >= line, "{text}: {wrong:?}");
        }
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        assert!(
            read(&deep, Dialect::PyYaml)
                .expect_err("deep")
                .message
                .contains("deeper")
        );
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", "));
        }
        assert!(
            read(&bomb, Dialect::PyYaml)
                .expect_err("a bomb")
                .message
                .contains("more than")
        );
    }

    #[test]
    fn brackets_may_close_at_any_column() {
        let text = "a:\n  b: [\n      x, # ]\n  ]\n  c: {y: 'it''s'\n}\nd: 1\n";
        let document = read(text, Dialect::PyYaml).expect("YAML");
        assert_eq!(
            document.root.json(),
            json!({"a": {"b": ["x"], "c": {"y": "it's"}}, "d": 1})
        );
        assert_eq!(document.root.get("d").expect("there").at, At { line: 7, column: 4 });
    }

    #[test]
    fn quoted_words_are_texts() {
        assert_eq!(
            load("a: 'no'\nb: \"1e-5\"\nc: !!str 1\nd: |\n  two\n"),
            json!({"a": "no", "b": "1e-5", "c": "1", "d": "two\n"})
        );
        assert_eq!(load(""), Json::Null);
    }

    /// Recorded by `fixtures/configs/record.py` from PyYAML and OmegaConf.
    #[test]
    fn plain_words_are_what_python_makes_of_them() {
        let recorded = include_str!("../../../fixtures/configs/scalars.json");
        let recorded: Vec<Json> = serde_json::from_str(recorded).expect("JSON");
        assert!(recorded.len() > 50);
        for case in recorded {
            let text = case["text"].as_str().expect("a text");
            for (key, dialect) in [("pyyaml", Dialect::PyYaml), ("omegaconf", Dialect::OmegaConf)] {
                let read = read(&format!("a: {text}\n"), dialect);
                let found = match &read {
                    Ok(document) => {
                        let node = document.root.get("a").expect("there");
                        json!([node.kind(), node.json()])
                    }
                    Err(_) => json!("error"),
                };
                assert_eq!(found, case[key], "{text:?} by {key}");
            }
        }
    }
}
