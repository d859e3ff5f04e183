//! Repairs that need no one's judgement: each changes a few bytes of a line and leaves the others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;

use serde::de::IgnoredAny;

use super::RewriteError;
use super::strings::{Step, blanks_from, each_string};
use crate::source::{Input, decompressed};

/// What to repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// ShareGPT conversations become messages.
    pub to_messages: bool,
}

/// Lines repaired, by what was repaired, and rows that could not be.
pub type Report = BTreeMap<&'static str, u64>;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// The names of repairs in a report.
const MARK: &str = "byte order mark removed";
const ENDS: &str = "line ends with a carriage return made plain";
const BLANKS: &str = "rows with blanks at the end of a turn";
const MESSAGES: &str = "conversations made messages";
const KEPT: &str = "conversations left as they are: a role that messages do not have";

/// Repairs every line of a file; `show` is told of each that changes, by its number, before and after.
///
/// # Errors
///
/// If the file cannot be read or written.
pub fn repair(
    input: &Input,
    repairs: Repairs,
    out: &mut dyn Write,
    show: &mut dyn FnMut(u64, &[u8], &[u8]) -> std::io::Result<()>,
) -> Result<Report, RewriteError> {
    let stream = decompressed(input).map_err(|error| RewriteError::read(input, error))?;
    let mut reader = BufReader::with_capacity(1 << 18, stream);
    let (mut report, mut line, mut number) = (Report::new(), Vec::new(), 0);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        if read.map_err(|error| RewriteError::read(input, error))? == 0 {
            return Ok(report);
        }
        number += 1;
        let repaired = repaired(&line, number, repairs, &mut report);
        if repaired != line {
            show(number, &line, &repaired)?;
        }
        out.write_all(&repaired)?;
    }
}

fn repaired<'l>(line: &'l [u8], number: u64, repairs: Repairs, report: &mut Report) -> Cow<'l, [u8]> {
    let mut count = |name| *report.entry(name).or_default() += 1;
    let mut line = Cow::Borrowed(line);
    if number == 1
        && let Some(rest) = line.strip_prefix(BOM)
    {
        count(MARK);
        line = Cow::Owned(rest.to_vec());
    }
    if let Some(rest) = line.strip_suffix(b"\r\n") {
        count(ENDS);
        line = Cow::Owned([rest, b"\n"].concat());
    }
    // What is no JSON is someone's to judge.
    if serde_json::from_slice::<IgnoredAny>(&line).is_err() {
        return line;
    }
    let mut edits = blanks(&line);
    if !edits.is_empty() {
        count(BLANKS);
    }
    if repairs.to_messages {
        match to_messages(&line) {
            Some(Ok(more)) => {
                count(MESSAGES);
                edits.extend(more);
            }
            Some(Err(())) => count(KEPT),
            None => {}
        }
    }
    if edits.is_empty() {
        return line;
    }
    edits.sort_unstable_by_key(|(at, _)| at.start);
    let mut done = Vec::with_capacity(line.len());
    let mut from = 0;
    for (at, text) in edits {
        done.extend_from_slice(&line[from..at.start]);
        done.extend_from_slice(text.as_bytes());
        from = at.end;
    }
    done.extend_from_slice(&line[from..]);
    Cow::Owned(done)
}

/// Bytes to replace, and with what.
type Edit = (Range<usize>, &'static str);

/// Whether a way leads to a field of a message: `/messages/2/content`.
fn of_message(text: &[u8], way: &[Step], lists: &[&str], fields: &[&str]) -> bool {
    let is = |key: &Range<usize>, names: &[&str]| names.iter().any(|name| name.as_bytes() == &text[key.clone()]);
    matches!(way, [Step::Key(list), Step::Item, Step::Key(field)] if is(list, lists) && is(field, fields))
}

/// Blanks at the end of turns. A turn of nothing but blanks is left as it is: it is empty, not untidy.
fn blanks(text: &[u8]) -> Vec<Edit> {
    const LISTS: &[&str] = &[
        "messages",
        "conversations",
        "conversation",
        "prompt",
        "completion",
        "chosen",
        "rejected",
    ];
    let mut edits = Vec::new();
    each_string(text, &mut |way, string, is_key| {
        if is_key || !of_message(text, way, LISTS, &["content", "value"]) {
            return;
        }
        let kept = blanks_from(&text[string.clone()]);
        if kept > 0 && kept < string.len() {
            edits.push((string.start + kept..string.end, ""));
        }
    });
    edits
}

/// `conversations` of `from` and `value` as `messages` of `role` and `content`: `None` where there are none,
/// an error where a role has no counterpart.
fn to_messages(text: &[u8]) -> Option<Result<Vec<Edit>, ()>> {
    const LISTS: &[&str] = &["conversations"];
    let (mut edits, mut sound, mut any) = (Vec::new(), true, false);
    each_string(text, &mut |way, string, is_key| {
        let word = &text[string.clone()];
        match (way, is_key) {
            ([], true) if word == b"conversations" => edits.push((string, "messages")),
            ([], true) if word == b"messages" => sound = false,
            ([Step::Key(list), Step::Item], true) if &text[list.clone()] == b"conversations" => match word {
                b"from" => {
                    any = true;
                    edits.push((string, "role"));
                }
                b"value" => edits.push((string, "content")),
                b"role" | b"content" => sound = false,
                _ => {}
            },
            (way, false) if of_message(text, way, LISTS, &["from"]) => match word {
                b"human" | b"user" => edits.push((string, "user")),
                b"gpt" | b"assistant" | b"chatgpt" | b"bing" | b"bard" => edits.push((string, "assistant")),
                b"system" => edits.push((string, "system")),
                _ => sound = false,
            },
            _ => {}
        }
    });
    any.then_some(if sound { Ok(edits) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, to_messages: bool) -> String {
        let repairs = Repairs { to_messages };
        let line = repaired(line.as_bytes(), 1, repairs, &mut Report::new()).into_owned();
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn only_what_is_wrong_changes() {
        let line = "\u{feff}{\"id\": 1.0,  \"messages\": [{\"role\": \"user\", \"content\": \"hi \\n\"}, {\"content\": \"yes\\t\",\"role\":\"assistant\"}]}\r\n";
        let wanted = "{\"id\": 1.0,  \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, {\"content\": \"yes\",\"role\":\"assistant\"}]}\n";
        assert_eq!(of(line, false), wanted);
        assert_eq!(of(wanted, false), wanted);
        for same in [
            "{\"prompt\": \"Answer: \"}\n",
            "not json \r",
            "{\"messages\": [{\"content\": \"  \"}]}\n",
        ] {
            assert_eq!(of(same, true), same);
        }
    }

    #[test]
    fn conversations_become_messages() {
        let line = "{\"conversations\": [{\"from\": \"human\", \"value\": \"from \"}, {\"from\": \"gpt\", \"value\": \"x\"}], \"n\": 1e3}";
        let wanted = "{\"messages\": [{\"role\": \"user\", \"content\": \"from\"}, {\"role\": \"assistant\", \"content\": \"x\"}], \"n\": 1e3}";
        assert_eq!(of(line, true), wanted);
        let call = "{\"conversations\": [{\"from\": \"function_call\", \"value\": \"x\"}]}";
        assert_eq!(of(call, true), call);
    }
}
