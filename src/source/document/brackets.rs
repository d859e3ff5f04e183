//! Finds where a JSON value ends, or where it stops being one.

use memchr::memchr3;

use crate::source::window::{Follow, Followed};

/// Follows the brackets, quotes and separators of one value through any number of buffers.
///
/// It takes whatever the parser takes and a little more, where that cannot mislead it about the
/// value's end: any bare word, and a comma before a closing bracket.
#[derive(Debug, Default)]
pub(in crate::source) struct Brackets {
    /// The closing brackets still to come.
    closing: Vec<u8>,
    place: Inside,
    /// The string it stands in is a key.
    key: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    /// Before the value's first byte.
    #[default]
    Nothing,
    /// Before a key or the end of its object.
    Key,
    Colon,
    /// Before the value of a key.
    Value,
    /// Before an item or the end of its list.
    Item,
    /// Behind a value inside brackets.
    Behind,
    String,
    /// After a backslash in a string.
    Escape,
    /// A number or a word.
    Scalar,
}

/// Levels of nesting followed; no parser goes as deep.
const DEEPEST: usize = 100_000;

/// Breaks at a raw line end in a string, and at a byte that no value can go on with.
impl Follow for Brackets {
    fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.place {
                Inside::String => {
                    let Some(found) = memchr3(b'"', b'\\', b'\n', &bytes[at..]) else {
                        return Followed::On;
                    };
                    at += found;
                    match bytes[at] {
                        b'\\' => self.place = Inside::Escape,
                        b'\n' => return Followed::Breaks(at),
                        _ if self.closing.is_empty() => return Followed::Ends(at + 1),
                        _ if self.key => self.place = Inside::Colon,
                        _ => self.place = Inside::Behind,
                    }
                }
                Inside::Escape if byte == b'\n' => return Followed::Breaks(at),
                Inside::Escape => self.place = Inside::String,
                Inside::Scalar => match byte {
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.closing.is_empty() => {
                        return Followed::Ends(at);
                    }
                    _ if self.closing.is_empty() || is_of_word(byte) => {}
                    _ => {
                        self.place = Inside::Behind;
                        continue;
                    }
                },
                _ if b" \t\r\n".contains(&byte) => {}
                _ => match self.step(byte) {
                    Followed::On => {}
                    Followed::Ends(_) => return Followed::Ends(at + 1),
                    Followed::Breaks(_) => return Followed::Breaks(at),
                },
            }
            at += 1;
        }
        Followed::On
    }
}

impl Brackets {
    /// Takes a byte that stands outside of strings and words.
    fn step(&mut self, byte: u8) -> Followed {
        self.place = match (self.place, byte) {
            (Inside::Nothing | Inside::Value | Inside::Item | Inside::Key, b'"') => {
                self.key = self.place == Inside::Key;
                Inside::String
            }
            (Inside::Nothing | Inside::Value | Inside::Item, b'{' | b'[') if self.closing.len() < DEEPEST => {
                let is_object = byte == b'{';
                self.closing.push(if is_object { b'}' } else { b']' });
                if is_object { Inside::Key } else { Inside::Item }
            }
            (Inside::Behind | Inside::Key | Inside::Item, b'}' | b']') if self.closing.last() == Some(&byte) => {
                self.closing.pop();
                if self.closing.is_empty() {
                    return Followed::Ends(0);
                }
                Inside::Behind
            }
            (Inside::Colon, b':') => Inside::Value,
            (Inside::Behind, b',') if self.closing.last() == Some(&b'}') => Inside::Key,
            (Inside::Behind, b',') => Inside::Item,
            (Inside::Value | Inside::Item, _) if is_of_word(byte) => Inside::Scalar,
            (Inside::Nothing, _) if !b"{[}]".contains(&byte) => Inside::Scalar,
            _ => return Followed::Breaks(0),
        };
        Followed::On
    }
}

/// Whether a byte may stand in a number or a word such as `NaN`; the parser knows which are one.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(text: &str) -> Followed {
        Brackets::default().follow(text.as_bytes())
    }

    #[test]
    fn a_value_ends_at_its_own_closing_bracket() {
        assert_eq!(follow(r#"{"a": [1, "]}"]} , 2"#), Followed::Ends(16));
        assert_eq!(follow(r#""a\"b", 2"#), Followed::Ends(6));
        assert_eq!(follow("12.5, 2"), Followed::Ends(4));
        assert_eq!(follow(r#"{"a": None, "b": [-1e5,],} ,"#), Followed::Ends(26));
        assert_eq!(follow(r#"{"a": ["#), Followed::On);
    }

    #[test]
    fn what_cannot_stand_there_breaks_a_value() {
        assert_eq!(follow("[1}"), Followed::Breaks(2));
        assert_eq!(follow(r#"{"a": d two."}, {"b"#), Followed::Breaks(8));
        assert_eq!(follow(r#"{"a": one, two"}"#), Followed::Breaks(11));
        assert_eq!(follow(r#"{"a": "say "hi""}"#), Followed::Breaks(12));
        assert_eq!(follow(r#"["a" "b"]"#), Followed::Breaks(5));
        assert_eq!(follow("{'a': 1}"), Followed::Breaks(1));
        assert_eq!(follow("\"a\nb\""), Followed::Breaks(2));
        assert_eq!(follow("\"a\\\nb\""), Followed::Breaks(3));
        assert_eq!(follow(&"[".repeat(DEEPEST + 1)), Followed::Breaks(DEEPEST));
    }

    #[test]
    fn a_value_may_come_in_any_pieces() {
        let text = r#"{"a\\": ["x\"y", {"b": null}], "c": -1.5e3}"#;
        for cut in 1..text.len() {
            let mut brackets = Brackets::default();
            assert_eq!(brackets.follow(&text.as_bytes()[..cut]), Followed::On, "{cut}");
            let rest = Followed::Ends(text.len() - cut);
            assert_eq!(brackets.follow(&text.as_bytes()[cut..]), rest, "{cut}");
        }
    }
}
