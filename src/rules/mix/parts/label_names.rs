//! Labels that are written as names are in programs, `card_arrival`, and answers among them that are not.

use std::collections::BTreeMap;

use super::label_answers::{Answer, TIMES};
use crate::finding::Findings;
use crate::place::Place;
use crate::rule::{clip, nearest};
use crate::sketch::strays::Strays;

/// Rows below which nothing is usual.
const LEAST: u64 = 100;
/// One of so many may be no name, or a single one.
const PER: u64 = 100;

/// Whether a text is a name, all in lower case or all in upper case, and whether it has parts.
fn name(text: &str, upper: bool) -> Option<bool> {
    let letter = |byte: u8| {
        if upper {
            byte.is_ascii_uppercase()
        } else {
            byte.is_ascii_lowercase()
        }
    };
    let joins = |byte: u8| matches!(byte, b'_' | b'-');
    let begins = text.bytes().next().is_some_and(letter);
    let goes_on = || {
        text.bytes()
            .all(|byte| letter(byte) || byte.is_ascii_digit() || joins(byte))
    };
    let ends = || text.bytes().next_back().is_some_and(|byte| !joins(byte));
    (begins && goes_on() && ends()).then(|| text.bytes().any(joins))
}

/// Reports the answers that are no names, where nearly all are, a third of them of several parts, and most are given twice.
pub(in super::super) fn report(
    all: u64,
    short: &BTreeMap<String, Answer>,
    long: &Strays<(String, String), 64>,
    out: &mut Findings,
) {
    let (mut joined, mut again) = (0, 0);
    let upper = short.keys().filter(|text| name(text, true).is_some()).count() * 2 > short.len();
    let mut odd: Vec<(&Place, &str, String)> = Vec::new();
    let (mut others, mut often) = (long.count(), false);
    for (text, answer) in short {
        if let Some(parts) = name(text, upper) {
            joined += u64::from(parts) * answer.times;
            again += if answer.times > 1 { answer.times } else { 0 };
        } else {
            others += answer.times;
            often |= answer.times >= TIMES;
            let shown = clip(&text.replace('\n', "\\n"));
            odd.extend(
                answer
                    .places
                    .iter()
                    .map(|(place, pointer)| (place, pointer.as_str(), shown.clone())),
            );
        }
    }
    odd.extend(
        long.rows()
            .map(|(place, (pointer, text))| (place, pointer.as_str(), text.clone())),
    );
    let few = others == 1 || others * PER <= all;
    if all < LEAST || often || !few || joined * 3 < all || again * 2 < all {
        return;
    }
    odd.sort_unstable();
    let like = short
        .keys()
        .find(|text| name(text, upper) == Some(true))
        .map_or("", String::as_str);
    for (place, pointer, text) in odd {
        let near = nearest(
            text.trim(),
            short
                .keys()
                .map(String::as_str)
                .filter(|text| name(text, upper).is_some()),
        );
        let near = near.map_or_else(String::new, |near| format!("; `{near}` is near"));
        let names = all - others;
        let message = || format!("the answer is `{text}`, unlike the labels of {names} of {all} rows (`{like}`){near}");
        out.field(place, || pointer.to_owned(), message);
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_are_told_from_words_and_numbers() {
        for (text, is) in [
            ("card_arrival", Some(true)),
            ("taxes", Some(false)),
            ("step-2", Some(true)),
            ("Card_arrival", None),
            ("card_arrival.", None),
            (" taxes", None),
            ("3", None),
            ("a, b", None),
            ("", None),
        ] {
            assert_eq!(name(text, false), is, "{text}");
        }
        assert_eq!(name("CARD_ARRIVAL", true), Some(true));
    }
}
