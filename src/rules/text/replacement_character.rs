use memchr::memmem;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Record;
use crate::rule::{Row, Rule, RuleMeta, clip, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts with U+FFFD, which decoders put where they could not read a byte, and with question marks in place of
    /// letters, which encoders put where they could not write one.
    ///
    /// ## Why it matters
    /// A letter is lost, and the model learns to write what stands in its place.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a caf� in Paris"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a café in Paris"}
    /// ```
    ///
    /// ## Fix
    /// Decode the source with the encoding it was written in; `errors="replace"` is what puts the character
    /// there.
    "text/replacement-character", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplacementCharacter {}

impl Rule for ReplacementCharacter {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        // What stands for a lone surrogate is that rule's to say.
        let whole = |record: &Record<'_>| !record.quirks.lone_surrogate;
        let Some(example) = row.example.filter(|_| row.record().is_some_and(whole)) else {
            return;
        };
        for turn in &example.turns {
            if let Some(shown) = replaced(&turn.text) {
                let message = || format!("question marks stand for letters in `{}`", clip(shown));
                out.field(&row.place, || turn.pointer(), message);
                continue;
            }
            if !row.chars.unseen() {
                continue;
            }
            if let Some(at) = memmem::find(turn.text.as_bytes(), "\u{FFFD}".as_bytes()) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let times = turn.text[at..].matches('\u{FFFD}').count();
                        let all = plural(times as u64, "character");
                        format!("{all} lost to U+FFFD, first in `{}`", super::around(&turn.text, at))
                    },
                );
            }
        }
    }
}

/// Letters that were replaced by question marks when the text was written in a code page without them: words of nothing
/// else, or several inside of words.
fn replaced(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is = |at: Option<usize>, kind: fn(&u8) -> bool| at.and_then(|at| bytes.get(at)).is_some_and(kind);
    let mut doubled = false;
    let mut inside = memchr::memchr_iter(b'?', bytes).filter(|at| {
        doubled |= bytes.get(at + 1) == Some(&b'?');
        is(at.checked_sub(1), u8::is_ascii_alphabetic) && is(Some(at + 1), u8::is_ascii_lowercase)
    });
    if let (Some(first), Some(_)) = (inside.next(), inside.next()) {
        // Queries and patterns have them by right, and people write no blank after them; no question begins with one.
        let code = ["http", "=", "\\", "www.", "?:", "()", "php", "regex"];
        let starts = |word: &str| {
            word.strip_prefix('?')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        };
        let twice = |word: &str| word.trim_end_matches('?').matches('?').count() > 1 && word.len() < 20;
        let odd = |word: &str| starts(word) || twice(word);
        let mut words = text.split_whitespace();
        let shortened = || text.split_whitespace().filter(|word| is_shortened(word)).count() >= 2;
        let many = || {
            text.split_whitespace()
                .filter(|word| has_one_inside(word))
                .nth(MANY - 1)
                .is_some()
        };
        if !words.any(odd) && !shortened() && !many() {
            return None;
        }
        let prose = text.split_whitespace().nth(3).is_some() && !code.iter().any(|sign| text.contains(sign));
        return prose.then(|| &text[text.floor_char_boundary(first.saturating_sub(8))..]);
    }
    if !doubled {
        return None;
    }
    // Nothing but marks, in words of several, as letters of another script become.
    let marks = memchr::memchr_iter(b'?', bytes).count();
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let words = text.split(|c: char| c != '?').filter(|word| word.len() > 1).count();
    if marks >= 8 && words >= 2 && letters * 4 < marks {
        return Some(text);
    }
    // A few of them beside sound ones. Nobody who doubles marks puts a blank between.
    let lost = |word: &str| word.len() >= 3 && word.bytes().all(|byte| byte == b'?');
    let mut before = None;
    text.split_ascii_whitespace().find_map(|word| {
        let (last, both) = (before.replace(word), lost(word));
        last.filter(|last| both && lost(last) && last.len() + word.len() >= 8)
    })
}

/// Words with a mark for a letter that are no questions without a blank behind them.
const MANY: usize = 4;

/// Whether a mark stands for a letter inside a word: `restricci?n`, `c?mo`.
fn has_one_inside(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
    let small = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    word.split_once('?')
        .is_some_and(|(before, after)| small(before) && small(after) && after.len() <= 8)
}

/// Whether a mark stands for the apostrophe of a word, `don?t`, or for a letter in a name, `M?nchen`.
fn is_shortened(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
    let Some((before, after)) = word.split_once('?') else {
        return false;
    };
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    let name = before.len() == 1 && before.bytes().all(|byte| byte.is_ascii_uppercase()) && after.len() > 1;
    let apostrophe = letters(before) && matches!(after, "s" | "t" | "d" | "m" | "re" | "ve" | "ll");
    letters(after) && (name || apostrophe)
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn lost_letters_are_told_from_questions() {
        for text in [
            "?????? ???? ????? ?? ????????.",
            "????????，????????????。",
            "Die T?r schlie?t ?ber Nacht nicht v?llig.",
            "I don?t think that it?s your fault.",
            "los factores que pueden causar estr?s en las aves: el fr?o, la restricci?n alimentaria y c?mo afectan",
            "The caf?s of M?nchen and Z?rich are good.",
        ] {
            assert!(replaced(text).is_some(), "{text}");
        }
        for text in [
            "What?? ?? ok",
            "why?because",
            "see http://a.b/c?d and e?f",
            "colou?r",
            "a?b:c?d",
        ] {
            assert_eq!(replaced(text), None, "{text}");
        }
    }
}
