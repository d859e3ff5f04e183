//! How the JSON in a file is laid out, by its start.

use crate::source::document::Brackets;
use crate::source::format::Format;
use crate::source::json;
use crate::source::window::{Follow, Followed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Lines,
    Array {
        of_objects: bool,
    },
    /// Values one after the other, over several lines.
    Values,
    /// An object that may be a wrapper, a row, or the first of many: only all of it tells.
    Object,
}

/// `None` if this is not the start of JSON rows. `head` has no byte order mark; `complete` says
/// whether it is the whole file.
pub(super) fn of_json(head: &[u8], complete: bool, named: Option<Format>) -> Option<Layout> {
    let start = head.iter().position(|byte| !b" \t\r\n".contains(byte))?;
    let text = &head[start..];
    // A cell or a text may start with a bracket as well.
    if matches!(named, Some(Format::Csv | Format::Tsv | Format::Text)) && !first_line_is_json(text) {
        return None;
    }
    match text[0] {
        b'[' => Some(of_array(text)),
        b'{' => Some(of_object(text, complete, named)),
        _ => None,
    }
}

fn first_line_is_json(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).is_ok_and(|line| json::parse(line, 64).is_ok())
}

fn of_array(text: &[u8]) -> Layout {
    // Rows may be arrays themselves, one to a line.
    if let Followed::Ends(end) = Brackets::default().follow(text)
        && let Some((gap, b'[')) = next_solid(&text[end..])
        && gap.contains(&b'\n')
    {
        return Layout::Lines;
    }
    let item = next_solid(&text[1..]).map(|(_, first)| first);
    Layout::Array {
        of_objects: matches!(item, None | Some(b'{' | b']')),
    }
}

fn of_object(text: &[u8], complete: bool, named: Option<Format>) -> Layout {
    match Brackets::default().follow(text) {
        Followed::Ends(end) => {
            let spread = text[..end].contains(&b'\n');
            match next_solid(&text[end..]) {
                Some(_) if spread && is_spread(text, complete) => Layout::Values,
                Some(_) => Layout::Lines,
                None if !spread && named == Some(Format::JsonLines) => Layout::Lines,
                None => Layout::Object,
            }
        }
        Followed::On if text.contains(&b'\n') && is_spread(text, complete) => Layout::Object,
        Followed::Breaks(_) if is_spread(text, complete) => Layout::Object,
        // A first line longer than what was looked at, or all there is: a broken or cut off wrapper is one still.
        _ if !text.trim_ascii_end().contains(&b'\n') && (!complete || named != Some(Format::JsonLines)) => {
            Layout::Object
        }
        _ => Layout::Lines,
    }
}

/// Room for a word or number that the end of what was looked at cuts in two.
const WORD: usize = 32;

/// Whether the lines of the first object belong together, and are not rows of which the first is
/// broken.
fn is_spread(text: &[u8], complete: bool) -> bool {
    let second = text
        .iter()
        .position(|&byte| byte == b'\n')
        .and_then(|newline| next_solid(&text[newline..]));
    if matches!(second, Some((_, b'"' | b'}'))) || opens_list(text) {
        return true;
    }
    let whole = match std::str::from_utf8(text) {
        Ok(text) => text,
        // The head may end inside a character.
        Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).expect("valid up to there"),
    };
    match json::parse(whole, 512) {
        Ok(_) => true,
        Err(wrong) => wrong.is_cut_off(whole) || (!complete && wrong.at + WORD > whole.len()),
    }
}

/// Whether the first line ends in the bracket that opens a list, and the next starts with an object.
fn opens_list(text: &[u8]) -> bool {
    let mut lines = text.splitn(2, |&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let (first, next) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    (first.ends_with(b": [") || first.ends_with(b":[")) && next.starts_with(b"{")
}

/// The white space at the start, and the byte after it.
fn next_solid(text: &[u8]) -> Option<(&[u8], u8)> {
    let at = text.iter().position(|byte| !b" \t\r\n".contains(byte))?;
    Some((&text[..at], text[at]))
}
