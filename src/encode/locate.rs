//! Finds each turn's text in the text the template rendered.
//!
//! From it come the part of the row each token belongs to, and whether the template lost, altered
//! or doubled a message.

use std::borrow::Cow;

use crate::model::encoded::{Part, What};
use crate::model::example::{Role, Turn};
use crate::search;

/// Where each turn stands in `text`, as byte ranges; `None` where its text is not there, or empty.
///
/// Turns are looked for in order, each after the one before, with the white space at their ends
/// trimmed as most templates trim it. Of an answer whose thoughts a template leaves out, what is left is found; of a
/// tool's result, also the string of JSON that Llama 3.1 makes of it.
pub fn locate<'t>(text: &str, turns: impl Iterator<Item = &'t Turn<'t>>, found: &mut Vec<Option<(u32, u32)>>) {
    locate_with(text, turns, &[], found);
}

/// The same where the bytes are known at which some of the texts begin, by turn.
pub fn locate_with<'t>(
    text: &str,
    turns: impl Iterator<Item = &'t Turn<'t>>,
    starts: &[Option<usize>],
    found: &mut Vec<Option<(u32, u32)>>,
) {
    found.clear();
    let mut cursor = 0;
    for (number, turn) in turns.enumerate() {
        let wanted = turn.trimmed();
        if wanted.is_empty() {
            found.push(None);
            continue;
        }
        let known = starts
            .get(number)
            .copied()
            .flatten()
            .and_then(|start| start.checked_sub(cursor));
        let Some(at) = known.or_else(|| place(&text[cursor..], wanted)) else {
            let left = left_of(turn, wanted);
            let at = left.as_ref().and_then(|left| search::find(&text[cursor..], left));
            found.push(at.zip(left).map(|(at, left)| {
                let start = cursor + at;
                cursor = start + left.len();
                (offset(start), offset(cursor))
            }));
            continue;
        };
        found.push(Some({
            // What the template kept of the trimmed ends belongs to the turn as well.
            let (inner, outer) = (cursor + at, cursor + at + wanted.len());
            let lead = &turn.text[..turn.text.len() - turn.text.trim_start().len()];
            let start = if text[cursor..inner].ends_with(lead) {
                inner - lead.len()
            } else {
                inner
            };
            let trail = &turn.text[turn.text.trim_end().len()..];
            let end = if text[outer..].starts_with(trail) {
                outer + trail.len()
            } else {
                outer
            };
            cursor = end;
            (offset(start), offset(end))
        }));
    }
}

/// Where a text stands first; a word not as a part of another word or of a special token, if it stands elsewhere.
fn place(text: &str, wanted: &str) -> Option<usize> {
    const WORD: usize = 12;
    // Places looked at, so that a row of one letter takes no time in the square of its length.
    const PLACES: usize = 64;
    let first = search::find(text, wanted)?;
    if wanted.len() > WORD || stands_alone(text, first, wanted) {
        return Some(first);
    }
    let others = memchr::memmem::find_iter(&text.as_bytes()[first + 1..], wanted).map(|at| first + 1 + at);
    others
        .take(PLACES)
        .find(|at| stands_alone(text, *at, wanted))
        .or(Some(first))
}

/// Whether no letter stands beside a word, and no special token around it.
fn stands_alone(text: &str, at: usize, wanted: &str) -> bool {
    const TOKEN: usize = 32;
    let bytes = text.as_bytes();
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let end = at + wanted.len();
    let joined = |edge: Option<&u8>, beside: Option<&u8>| is_letter(edge) && is_letter(beside);
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let open = memchr::memmem::rfind(&bytes[at.saturating_sub(TOKEN)..at], b"<|");
    let inside = open.is_some_and(|open| {
        memchr::memmem::find(&bytes[at.saturating_sub(TOKEN) + open..at], b"|>").is_none()
            && memchr::memmem::find(&bytes[end..bytes.len().min(end + TOKEN)], b"|>").is_some()
    });
    !joined(bytes.get(at), before) && !joined(bytes.get(end - 1), bytes.get(end)) && !inside
}

/// What templates leave of a turn that they do not write as it is; `None` where that is nothing known.
fn left_of<'t>(turn: &Turn<'_>, text: &'t str) -> Option<Cow<'t, str>> {
    match turn.role {
        Role::Assistant => {
            let (_, said) = text.rsplit_once("</think>")?;
            Some(Cow::Borrowed(said.trim())).filter(|said| !said.is_empty())
        }
        Role::Tool => {
            let json = serde_json::to_string(text).ok()?;
            Some(Cow::Owned(json.trim_matches('"').to_owned()))
        }
        _ => None,
    }
}

/// A byte offset of a row's text. Rows are far below 4 GiB: `--max-row-bytes` says so.
pub fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a row's text is below 4 GiB")
}

/// The parts of a text, from where its turns stand: everything else is the template's.
pub fn parts(len: usize, found: &[Option<(u32, u32)>], parts: &mut Vec<Part>) {
    parts.clear();
    let mut at = 0;
    for (index, range) in found.iter().enumerate() {
        let Some((start, end)) = *range else { continue };
        if start > at {
            parts.push(Part {
                end: start,
                what: What::Template,
            });
        }
        parts.push(Part {
            end,
            what: What::Turn(u16::try_from(index).unwrap_or(u16::MAX)),
        });
        at = end;
    }
    let len = offset(len);
    if at < len {
        parts.push(Part {
            end: len,
            what: What::Template,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::{Branch, Content};

    fn turn(text: &str) -> Turn<'_> {
        Turn {
            role: Role::User,
            role_text: "user".into(),
            text: text.into(),
            content: Content::Text,
            branch: Branch::Main,
            field: "messages",
            index: Some(0),
            key: "content",
            raw: None,
            train: None,
        }
    }

    fn places(text: &str, turns: &[&str]) -> Vec<Option<(u32, u32)>> {
        let turns: Vec<_> = turns.iter().map(|text| turn(text)).collect();
        let mut found = Vec::new();
        locate(text, turns.iter(), &mut found);
        found
    }

    #[test]
    fn turns_are_found_in_order() {
        assert_eq!(
            places("<u>hi</u><a>hi</a>", &["hi", "hi"]),
            [Some((3, 5)), Some((12, 14))]
        );
    }

    #[test]
    fn a_letter_is_not_found_inside_of_words_and_special_tokens() {
        assert_eq!(places("<|im_start|>A b\na<|end|>", &["a"]), [Some((16, 17))]);
        assert_eq!(places("<|s|>us: s", &["s"]), [Some((9, 10))]);
        assert_eq!(places("<|s|>us", &["s"]), [Some((2, 3))]);
        // Of scripts without blanks every letter stands beside others.
        assert_eq!(places("<|u|>他说好。好", &["好"]), [Some((11, 14))]);
    }

    #[test]
    fn a_lost_turn_does_not_hide_the_next() {
        assert_eq!(places("<u>hi</u>", &["gone", "hi", ""]), [None, Some((3, 5)), None]);
    }

    #[test]
    fn what_is_left_of_thoughts_and_results_is_found() {
        let say = |role, text: &'static str| Turn { role, ..turn(text) };
        let turns = [
            say(Role::Tool, "a \"b\"\nc"),
            say(Role::Assistant, "<think>\nhm\n</think>\n\nfour"),
            say(Role::Assistant, "five"),
        ];
        let text = r#"<t>"a \"b\"\nc"<a>four<a>five"#;
        let mut found = Vec::new();
        locate(text, turns.iter(), &mut found);
        let said: Vec<_> = found
            .iter()
            .flatten()
            .map(|(from, to)| &text[*from as usize..*to as usize])
            .collect();
        assert_eq!(said, [r#"a \"b\"\nc"#, "four", "five"]);
    }

    #[test]
    fn trimmed_ends_count_where_the_template_kept_them() {
        assert_eq!(places("[ x \n]", &[" x \n"]), [Some((1, 5))]);
        assert_eq!(places("[x]", &[" x \n"]), [Some((1, 2))]);
    }

    #[test]
    fn parts_leave_no_gaps() {
        let mut out = Vec::new();
        parts(9, &[None, Some((3, 5)), Some((5, 6))], &mut out);
        let ends: Vec<_> = out.iter().map(|part| (part.end, part.what)).collect();
        assert_eq!(
            ends,
            [
                (3, What::Template),
                (5, What::Turn(1)),
                (6, What::Turn(2)),
                (9, What::Template)
            ]
        );
    }
}
