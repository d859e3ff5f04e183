//! Finds where a JSON value ends, without looking at what it says.

use memchr::memchr3;

use crate::source::window::{Follow, Followed};

/// Follows the brackets and quotes of one value through any number of buffers.
#[derive(Debug, Default)]
pub(in crate::source) struct Brackets {
    /// The closing brackets still to come.
    closing: Vec<u8>,
    place: Inside,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    /// Before the value's first byte.
    #[default]
    Nothing,
    /// Between the brackets of an object or array.
    Brackets,
    String,
    /// After a backslash in a string.
    Escape,
    /// A number or a word that stands by itself.
    Scalar,
}

/// Levels of nesting followed; no parser goes as deep.
const DEEPEST: usize = 100_000;

/// Breaks at a raw line end in a string, and at a bracket of the wrong kind.
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
                        _ => self.place = Inside::Brackets,
                    }
                }
                Inside::Escape if byte == b'\n' => return Followed::Breaks(at),
                Inside::Escape => self.place = Inside::String,
                Inside::Scalar => {
                    if matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') {
                        return Followed::Ends(at);
                    }
                }
                Inside::Nothing | Inside::Brackets => match byte {
                    b'"' => self.place = Inside::String,
                    b'{' | b'[' => {
                        if self.closing.len() == DEEPEST {
                            return Followed::Breaks(at);
                        }
                        self.closing.push(if byte == b'{' { b'}' } else { b']' });
                        self.place = Inside::Brackets;
                    }
                    b'}' | b']' => {
                        if self.closing.pop() != Some(byte) {
                            return Followed::Breaks(at);
                        }
                        if self.closing.is_empty() {
                            return Followed::Ends(at + 1);
                        }
                    }
                    _ if self.place == Inside::Nothing => self.place = Inside::Scalar,
                    _ => {}
                },
            }
            at += 1;
        }
        Followed::On
    }
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
        assert_eq!(follow(r#"{"a": ["#), Followed::On);
    }

    #[test]
    fn what_cannot_stand_there_breaks_a_value() {
        assert_eq!(follow("[1}"), Followed::Breaks(2));
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
