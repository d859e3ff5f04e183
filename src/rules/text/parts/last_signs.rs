//! The signs texts end with, and whether they are a mark that nearly all of a set end with.

use std::collections::BTreeMap;

use crate::model::example::Turn;
use crate::place::Place;
use crate::sketch::strays::Strays;

/// The longest mark, in characters, and the shortest.
pub(in super::super) const LONGEST: usize = 24;
const SHORTEST: usize = 3;
/// More ends than this are no marks.
const ENDS: usize = 64;
/// One of these stands in a mark.
const MARKS: [&str; 6] = ["\n\n", "###", "->", "===", "---", "||"];

/// Rows by what their texts end with, with the pointer to the text.
pub(in super::super) type Ends = BTreeMap<String, Strays<String>>;

/// Takes a row by what one of its texts ends with.
pub(in super::super) fn offer<'t>(ends: &mut Ends, place: &Place, turn: &'t Turn<'_>) -> &'t str {
    let end = end(&turn.text);
    if let Some(rows) = ends.get_mut(end) {
        rows.offer(place, || turn.pointer());
    } else if ends.len() <= ENDS {
        // One more than there may be tells that there is no mark.
        ends.entry(end.to_owned()).or_default().offer(place, || turn.pointer());
    }
    end
}

/// The white space and signs a text ends with.
fn end(text: &str) -> &str {
    let sign = |c: char| c.is_whitespace() || matches!(c, '#' | '=' | '-' | '>' | '<' | '|' | '*' | '~' | '_');
    let signs = text.char_indices().rev().take_while(|(_, c)| sign(*c)).take(LONGEST);
    &text[signs.last().map_or(text.len(), |(at, _)| at)..]
}

/// The mark nearly all texts end with, all but one of `per`, and how many do.
pub(in super::super) fn usual(ends: &Ends, all: u64, per: u64) -> Option<(&str, u64)> {
    let (mark, _) = ends.iter().max_by_key(|(_, rows)| rows.count())?;
    let is_mark = mark.chars().count() >= SHORTEST && MARKS.iter().any(|part| mark.contains(part));
    let with = ends.iter().filter(|(end, _)| end.ends_with(mark.as_str()));
    let times = with.map(|(_, rows)| rows.count()).sum::<u64>();
    let known = ends.len() <= ENDS && is_mark && (all - times) * per <= all;
    known.then_some((mark, times))
}

#[cfg(test)]
mod tests {
    use super::end;

    #[test]
    fn a_text_ends_with_its_last_signs() {
        for (text, is) in [
            ("a:\n\n###\n\n", "\n\n###\n\n"),
            ("a ->", " ->"),
            ("a.", ""),
            (" \n###", " \n###"),
            ("é\n", "\n"),
        ] {
            assert_eq!(end(text), is, "{text}");
        }
    }
}
