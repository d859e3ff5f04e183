//! What is said, whoever says it: characters and slots that nobody meant to be there.

mod again;
pub(super) mod boilerplate;
pub(super) mod carriage_return;
pub(super) mod control_character;
pub(super) mod cut_off;
pub(super) mod error_answer;
mod error_words;
pub(super) mod escaped;
mod garbled;
mod invisible;
pub(super) mod invisible_character;
mod last_line;
pub(super) mod merge_conflict;
pub(super) mod mojibake;
mod noise;
pub(super) mod non_answer;
pub(super) mod nothing_follows;
pub(super) mod null_word;
pub(super) mod odd_letters;
mod odd_words;
pub(super) mod other_language;
mod other_slots;
mod printed;
mod prose;
pub(super) mod repetition_loop;
pub(super) mod replacement_character;
pub(super) mod runs_on;
pub(super) mod said_twice;
pub(super) mod secret;
mod slot_names;
mod slots;
pub(super) mod stops_short;
pub(super) mod unclosed_code;
pub(super) mod unfilled_placeholder;
pub(super) mod words_joined;

/// Characters shown on each side of a place.
const SHOWN: usize = 16;

/// The text around a place, on one line.
fn around(text: &str, at: usize) -> String {
    let start = text[..at]
        .char_indices()
        .rev()
        .take(SHOWN)
        .last()
        .map_or(at, |(start, _)| start);
    // From the next word on, where one begins before the place; a script without blanks has none.
    let start = match text[start..at].find(' ') {
        Some(blank) if start > 0 && blank + 1 < at - start => start + blank + 1,
        _ => start,
    };
    let end = text[at..]
        .char_indices()
        .nth(SHOWN)
        .map_or(text.len(), |(end, _)| at + end);
    crate::rule::clip(&text[start..end])
}
