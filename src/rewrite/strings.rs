//! Where the strings of a JSON text stand, so that one can be changed and the rest kept byte for byte.

use std::ops::Range;

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The key, by where it stands between its quotation marks.
    Key(Range<usize>),
    Item,
}

/// Shows each string of a sound JSON text, keys (true) and values (false), by where it stands between its
/// quotation marks. The way to a value ends with its key or item; that to a key with the object's own.
pub(super) fn each_string(text: &[u8], show: &mut dyn FnMut(&[Step], Range<usize>, bool)) {
    let (mut way, mut is_key, mut at): (Vec<Step>, bool, usize) = (Vec::new(), false, 0);
    while at < text.len() {
        match text[at] {
            b'{' => {
                way.push(Step::Key(at..at));
                is_key = true;
            }
            b'[' => {
                way.push(Step::Item);
                is_key = false;
            }
            b'}' | b']' => {
                way.pop();
                is_key = false;
            }
            b',' => is_key = matches!(way.last(), Some(Step::Key(_))),
            b':' => is_key = false,
            b'"' => {
                let string = at + 1..end(text, at + 1);
                at = string.end;
                if is_key {
                    show(&way[..way.len() - 1], string.clone(), true);
                    if let Some(last) = way.last_mut() {
                        *last = Step::Key(string);
                    }
                } else {
                    show(&way, string, false);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Where a string ends that starts here.
fn end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// Where the blanks at the end of a string's contents start, as they are written: spaces, and the escapes of
/// line feed, carriage return and tab.
pub(super) fn blanks_from(contents: &[u8]) -> usize {
    let (mut at, mut kept) = (0, 0);
    while at < contents.len() {
        let (length, blank) = match (contents[at], contents.get(at + 1)) {
            (b' ', _) => (1, true),
            (b'\\', Some(b'n' | b'r' | b't')) => (2, true),
            (b'\\', _) => (2, false),
            _ => (1, false),
        };
        at += length;
        if !blank {
            kept = at.min(contents.len());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_with_their_way() {
        let text = br#"{"a": [{"b": "x"}, "y\"z"], "c": {}, "d": "w"}"#;
        let mut found = Vec::new();
        each_string(text, &mut |way, string, is_key| {
            let part = |range: &Range<usize>| String::from_utf8_lossy(&text[range.clone()]).into_owned();
            let way: Vec<_> = way
                .iter()
                .map(|step| match step {
                    Step::Key(key) => part(key),
                    Step::Item => "*".to_owned(),
                })
                .collect();
            found.push(format!(
                "{}{}={}",
                if is_key { "key " } else { "" },
                way.join("/"),
                part(&string)
            ));
        });
        assert_eq!(
            found,
            [
                "key =a",
                "key a/*=b",
                "a/*/b=x",
                "a/*=y\\\"z",
                "key =c",
                "key =d",
                "d=w"
            ]
        );
    }

    #[test]
    fn blanks_are_those_at_the_end() {
        for (contents, kept) in [
            (&b"a b  "[..], 3),
            (b"a\\n\\n", 1),
            (b"a\\\\n", 4),
            (b"a\\\\\\n", 3),
            (b"  ", 0),
            (b"", 0),
            (b"a\\u00e9 ", 7),
        ] {
            assert_eq!(blanks_from(contents), kept, "{}", String::from_utf8_lossy(contents));
        }
    }
}
