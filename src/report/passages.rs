//! What repeats across rows, in lines.

use super::style::{count, counted, percent, shortened, visible};
use super::{At, Report};
use crate::measure::PASSAGE_WORDS;

/// Passages shown.
const SHOWN: usize = 3;
/// Characters of a passage that are shown.
const CHARS: usize = 60;
/// Share of the text below which nothing is said.
const SHARE: f64 = 0.01;

/// Lines about repeated passages; none where they take next to nothing. Their names are for the first only.
pub(super) fn lines(report: &Report) -> Vec<(&'static str, String)> {
    let Some(section) = report
        .passages
        .as_ref()
        .filter(|section| section.share_of_text >= SHARE)
    else {
        return Vec::new();
    };
    let mark = if section.exact { "" } else { "≈" };
    let share = |of_text: f64, of_tokens: Option<f64>| match of_tokens {
        // A part of a turn has the turn's tokens by its share of bytes.
        Some(of_tokens) => format!("≈{} of the tokens", percent(of_tokens)),
        None => format!("{mark}{} of the text", percent(of_text)),
    };
    let mut first = format!(
        "{} in {} of {PASSAGE_WORDS} words and more, each in 1 % of the rows and more",
        share(section.share_of_text, section.share_of_tokens),
        counted(section.found, "passage")
    );
    if !section.exact {
        first.push_str(&format!(
            " · ≈: {} of {} looked at",
            count(section.looked_at),
            counted(section.rows, "row")
        ));
    }
    let mut lines = vec![("repeated", first)];
    for passage in section.largest.iter().take(SHOWN) {
        let place = report.short_place(At {
            source: passage.source,
            row: passage.row,
            line: passage.line,
        });
        let text = shortened(&passage.text, CHARS);
        let text = format!(
            "{mark}{} · {} · {} · {}, {place}: {text}",
            counted(passage.rows, "row"),
            counted(passage.words, "word"),
            share(passage.share_of_text, passage.share_of_tokens),
            passage.role.name(),
        );
        lines.push(("", visible(&text).into_owned()));
    }
    lines
}
