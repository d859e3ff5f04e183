use serde::Deserialize;

use super::parts::excused::{Excuse, Excused};
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Turns that are one text twice over, or up to nine times, with nothing or white space between the copies.
    ///
    /// ## Why it matters
    /// A column was joined to itself, or a text was pasted a second time. The model learns to say everything
    /// twice, or is asked twice. Short texts, songs and what is asked to be repeated are left alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light far more than red. The air scatters blue light far more than red."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light far more than red."}
    /// ```
    ///
    /// ## Fix
    /// Keep one of the two.
    "text/said-twice", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct SaidTwice {
    /// Shortest text, in bytes, that is looked for twice.
    min_bytes: usize,
}

impl Default for SaidTwice {
    fn default() -> Self {
        Self { min_bytes: 40 }
    }
}

impl Rule for SaidTwice {
    const META: RuleMeta = META;
    type State = Excused;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, excused: &mut Excused, out: &mut Findings) {
        let Some(example) = row.example else { return };
        excused.see(row);
        for turn in turns::said(example) {
            let Some((once, times)) = copies(turn.trimmed(), self.min_bytes) else {
                continue;
            };
            let repeats = |text: &str| text.contains("epeat") || text.contains("twice");
            let asks = |by_system: bool| {
                let mut asked = example.turns.iter().filter(|other| !other.is_answer());
                turn.is_answer() && asked.any(|other| (other.role == Role::System) == by_system && repeats(&other.text))
            };
            let message = || {
                let often = if times == 2 {
                    "twice".to_owned()
                } else {
                    format!("{times} times over")
                };
                format!("the {} turn is one text {often}: `{}`", turn.role.name(), clip(once))
            };
            let excuse = Excuse::of(asks(false), || asks(true));
            excused.judge(row, excuse, out, || turn.pointer(), message);
        }
    }

    fn finish(&self, excused: Excused, _: &Setup, out: &mut Findings) {
        excused.report(out);
    }
}

/// Copies that are looked for: more of them are a loop.
const MOST: usize = 9;

/// The text that another is made of, several times, and how often; of words, and at least so long.
fn copies(text: &str, least: usize) -> Option<(&str, usize)> {
    let least = least.max(1);
    let bytes = text.as_bytes();
    // They stand behind each other, with a blank line between them at most.
    let apart = (2..=MOST).rev().flat_map(|times| (0..=2).map(move |gap| (times, gap)));
    let (once, times) = { apart }.find_map(|(times, gap)| {
        let own = bytes.len().checked_sub(gap * (times - 1))?;
        let (length, even) = (own / times, own.is_multiple_of(times));
        if !even || length < least {
            return None;
        }
        let once = &bytes[..length];
        let mut rest = bytes[length..].chunks_exact(gap + length);
        let again = |copy: &[u8]| copy[gap..] == *once && copy[..gap].iter().all(u8::is_ascii_whitespace);
        let all = rest.by_ref().all(again);
        (all && rest.remainder().is_empty()).then_some((text.get(..length)?, times))
    })?;
    let letters = once.chars().filter(|c| c.is_alphabetic()).take(least / 4).count();
    // What is drawn or counted repeats by nature, and so does a single word.
    let words = once.split_whitespace().nth(3).is_some() || !once.is_ascii();
    (words && letters >= least / 4).then_some((once, times))
}

#[cfg(test)]
mod tests {
    use super::copies;

    #[test]
    fn copies_are_told_from_songs_and_lines() {
        let once = "The air scatters blue light far more than red.";
        for between in ["", " ", "\n", "\n\n"] {
            assert_eq!(
                copies(&format!("{once}{between}{once}"), 40),
                Some((once, 2)),
                "{between:?}"
            );
            let three = [once; 3].join(between);
            assert_eq!(copies(&three, 40), Some((once, 3)), "{between:?}");
        }
        let chinese = "空气对蓝光的散射比对红光的散射强得多，所以天空是蓝色的。";
        assert_eq!(copies(&chinese.repeat(2), 40), Some((chinese, 2)));
        assert_eq!(copies(&chinese.repeat(9), 40), Some((chinese, 9)));
        for text in [
            "no no",
            "la la la la la la la la la la la la la la la la la la la la",
            "--------------------------------------------------------------------------------------------",
            "The air scatters blue light far more than red. The air scatters blue light far more than reds.",
        ] {
            assert_eq!(copies(text, 40), None, "{text}");
        }
    }
}
