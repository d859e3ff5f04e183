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
    found.clear();
    let mut cursor = 0;
    for turn in turns {
        let wanted = turn.trimmed();
        if wanted.is_empty() {
            found.push(None);
            continue;
        }
        let Some(at) = search::find(&text[cursor..], wanted) else {
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
