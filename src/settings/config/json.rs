//! JSON as Python's `json.load` reads it, with the place of every key and value.

use super::tree::{At, DEEPEST, Entry, MOST, MOST_KEYS, Node, Value};
use super::yaml::{Document, Repeated, Wrong};

/// # Errors
///
/// If the text is no JSON.
pub fn read(text: &str) -> Result<Document, Wrong> {
    let mut reader = Reader {
        text,
        at: 0,
        told: (0, At { line: 1, column: 1 }),
        count: 0,
        repeated: Vec::new(),
    };
    let root = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.wrong("extra data"));
    }
    Ok(Document {
        root,
        repeated: reader.repeated,
    })
}

struct Reader<'t> {
    text: &'t str,
    /// Bytes read.
    at: usize,
    /// A byte before that, and its place: places are counted on from it, not from the start.
    told: (usize, At),
    count: usize,
    repeated: Vec<Repeated>,
}

impl Reader<'_> {
    /// Where it stands.
    fn place(&mut self) -> At {
        let (byte, mut place) = self.told;
        for c in self.text[byte..self.at].chars() {
            place = if c == '\n' {
                At {
                    line: place.line + 1,
                    column: 1,
                }
            } else {
                At {
                    column: place.column + 1,
                    ..place
                }
            };
        }
        self.told = (self.at, place);
        place
    }

    fn wrong(&mut self, message: &str) -> Wrong {
        Wrong {
            at: self.place(),
            message: message.to_owned(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Wrong> {
        self.blanks();
        self.count += 1;
        if depth > DEEPEST || self.count > MOST {
            return Err(self.wrong("more than any config holds"));
        }
        let at = self.place();
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.wrong("expecting value")),
        };
        Ok(Node { at, value, plain: None })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            if entries.len() > MOST_KEYS {
                return Err(self.wrong("more keys side by side than any config has"));
            }
            self.blanks();
            if self.peek() == Some(b'}') && entries.is_empty() {
                break;
            }
            if self.peek() != Some(b'"') {
                return Err(self.wrong("expecting property name enclosed in double quotes"));
            }
            let at = self.place();
            let key = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.wrong("expecting ':' delimiter"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            match entries.iter_mut().find(|entry| entry.key == key) {
                Some(first) => {
                    let again = at;
                    self.repeated.push(Repeated {
                        key,
                        first: first.at,
                        again,
                    });
                    (first.at, first.value) = (at, value);
                }
                None => entries.push(Entry { key, at, value }),
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("expecting ',' delimiter")),
            }
        }
        self.at += 1;
        Ok(Value::Map(entries))
    }

    fn array(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        while self.peek() != Some(b']') {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.blanks();
                    if self.peek() == Some(b']') {
                        return Err(self.wrong("illegal trailing comma before end of array"));
                    }
                }
                Some(b']') => {}
                _ => return Err(self.wrong("expecting ',' delimiter")),
            }
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while bytes.get(end).is_some_and(|c| *c != b'"') {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let raw = self.text.get(self.at..=end);
        let read = raw.and_then(|raw| serde_json::from_str(raw).ok());
        let text = read.ok_or_else(|| self.wrong("a string that is not well-formed"))?;
        self.at = end + 1;
        Ok(text)
    }

    fn word(&mut self) -> Result<Value, Wrong> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "NaN" => Value::Float(f64::NAN),
            "Infinity" => Value::Float(f64::INFINITY),
            "-Infinity" => Value::Float(f64::NEG_INFINITY),
            _ => match serde_json::from_str::<serde_json::Number>(word) {
                Ok(number) => match number.as_i64() {
                    Some(number) => Value::Int(number),
                    None => Value::Float(number.as_f64().unwrap_or(f64::INFINITY)),
                },
                Err(_) => return Err(self.wrong("expecting value")),
            },
        };
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_know_where_they_stand() {
        let text = "{\n\t\"a\": [1, 2.5e3, NaN],\n\t\"b\": {\"c\": \"\\ud83d\\ude00\"},\n\t\"a\": 3\n}";
        let document = read(text).expect("JSON");
        assert_eq!(document.root.get("b.c").expect("there").at, At { line: 3, column: 13 });
        assert_eq!(document.root.json(), json!({"a": 3, "b": {"c": "\u{1f600}"}}));
        assert_eq!(document.repeated[0].again.line, 4);
    }

    /// Data in one line took time in the square of its length: each place was counted from the start.
    #[test]
    fn a_long_line_is_gone_through_once() {
        let text = format!(
            "[{}1]",
            "\"é, some forty characters of a text in data\", ".repeat(80_000)
        );
        let document = read(&text).expect("JSON");
        let Value::List(items) = document.root.value else {
            panic!("a list")
        };
        let last = text.chars().count() - 1;
        assert_eq!(items.last().expect("80,001 values").at, At { line: 1, column: last });
    }

    /// A vocabulary took a minute: each key is looked for among those before it.
    #[test]
    fn more_keys_than_a_config_has_are_refused() {
        let keys: Vec<String> = (0..20_000).map(|number| format!("\"k{number}\": 1")).collect();
        let wrong = read(&format!("{{{}}}", keys.join(","))).expect_err("too many");
        assert!(wrong.message.contains("keys"), "{}", wrong.message);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, column) in [
            ("{\"a\": 1,}", 9),
            ("[1, ]", 5),
            ("{\"a\" 1}", 6),
            ("{} x", 4),
            ("", 1),
            ("\"a", 1),
        ] {
            assert_eq!(read(text).expect_err(text).at.column, column, "{text}");
        }
    }
}
