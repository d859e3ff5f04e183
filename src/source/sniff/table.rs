//! Whether text that nobody named is a table: a header, and rows of as many fields.

use crate::source::csv::{Fields, Quotes};
use crate::source::format::Format;
use crate::source::window::{Follow, Followed};

/// Names that columns of training data have: one of them makes a header of a line.
const COLUMNS: &[&str] = &[
    "answer",
    "chosen",
    "completion",
    "content",
    "context",
    "conversation",
    "conversations",
    "id",
    "input",
    "instruction",
    "label",
    "messages",
    "output",
    "prompt",
    "query",
    "question",
    "rejected",
    "response",
    "source",
    "system",
    "target",
    "text",
    "title",
];

/// Rows looked at.
const ROWS: usize = 100;
/// Rows a header without a known name takes to be believed.
const BELIEVED: usize = 3;
/// The longest name of a column, in bytes.
const LONGEST: usize = 40;

/// The format of a table; `None` for text that may be anything. `complete` says whether `head` is
/// the whole file.
pub(super) fn recognise(head: &[u8], complete: bool) -> Option<Format> {
    let table = |delimiter, format| is_table(head, complete, delimiter).then_some(format);
    table(b'\t', Format::Tsv).or_else(|| table(b',', Format::Csv))
}

fn is_table(head: &[u8], complete: bool, delimiter: u8) -> bool {
    let (mut fields, mut rest) = (Fields::new(delimiter), head);
    let (mut columns, mut known, mut rows) = (0, false, 0);
    while rows < ROWS {
        let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        rest = &rest[blank..];
        let mut quotes = Quotes::new(delimiter);
        let record = match quotes.follow(rest) {
            Followed::Ends(end) => &rest[..end],
            // The last one has no line end; a part of one does not count.
            _ if complete && !rest.is_empty() && !quotes.is_open() => rest,
            _ => break,
        };
        rest = &rest[record.len()..];
        let Ok(record) = std::str::from_utf8(record) else {
            return false;
        };
        if columns == 0 {
            let names: Vec<&str> = fields.split(record).collect();
            if !is_header(&names) {
                return false;
            }
            columns = names.len();
            known = names
                .iter()
                .any(|name| COLUMNS.contains(&name.to_ascii_lowercase().as_str()));
        } else if fields.split(record).len() == columns {
            rows += 1;
        } else {
            return false;
        }
    }
    rows >= if known { 1 } else { BELIEVED }
}

/// Whether a line is names of columns, and no sentence: at least two, all different, of letters and
/// digits, with no blank behind a comma.
fn is_header(names: &[&str]) -> bool {
    let is_name = |name: &&str| {
        name.len() <= LONGEST
            && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && name.trim() == *name
            && name.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c))
            && name.split(' ').count() <= 3
    };
    let differ = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    names.len() >= 2 && names.iter().all(is_name) && differ
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_their_header_and_the_rows_below_it() {
        let cases: [(&str, Option<Format>); 13] = [
            ("prompt,completion\na,b\n", Some(Format::Csv)),
            ("prompt,completion\r\n\"a,\nb\",\"say \"\"x\"\"\"", Some(Format::Csv)),
            ("prompt\tcompletion\na, b\tc\n", Some(Format::Tsv)),
            ("frage,antwort\n1,2\n3,4\n5,6\n", Some(Format::Csv)),
            ("frage,antwort\n1,2\n3,4\n", None),
            ("prompt,completion\n", None),
            ("prompt,completion\na,b,c\n", None),
            ("prompt\na\nb\nc\n", None),
            (
                "Roses are red, violets are blue\nSugar is sweet, and so are you\nOne, two\nA, b\n",
                None,
            ),
            ("In the end,we all went home again.\na,b\nc,d\ne,f\n", None),
            ("prompt,prompt\na,b\n", None),
            ("prompt,completion\n\"a,b\n", None),
            ("1,2\n3,4\n5,6\n7,8\n", None),
        ];
        for (text, format) in cases {
            assert_eq!(recognise(text.as_bytes(), true), format, "{text:?}");
        }
        // The last row may be cut in two where more follows.
        assert_eq!(recognise(b"prompt,completion\na,b\nc", false), Some(Format::Csv));
    }
}
