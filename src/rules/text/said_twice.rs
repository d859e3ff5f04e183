use serde::{Deserialize, Serialize};

use super::parts::again;
use super::parts::excused::{Excuse, Excused};
use super::parts::said_again::asked_again;
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Turns that are one text twice over, or up to nine times, with nothing or white space between the copies; answers with
    /// a stretch of some words that stands twice in a row; and what a user says in the same words again after the answer.
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

/// The rows of a set.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Twice {
    excused: Excused,
    rows: u64,
    /// Those in which a user says the same again: where, and what is said of it.
    again: Slips<(String, String)>,
}

impl Merge for Twice {
    fn merge(&mut self, other: Self) {
        self.excused.merge(other.excused);
        self.rows += other.rows;
        self.again.merge(other.again);
    }
}

impl Rule for SaidTwice {
    const META: RuleMeta = META;
    type State = Twice;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Twice, out: &mut Findings) {
        let Some(example) = row.example else { return };
        seen.excused.see(row);
        seen.rows += 1;
        if let Some(turn) = asked_again(example, self.min_bytes / 2) {
            let message = || format!("the user turn says the one before it again: `{}`", clip(turn.trimmed()));
            seen.again.offer(&row.place, || (turn.pointer(), message()));
        }
        for turn in turns::said(example) {
            let said = turn.trimmed();
            let whole = copies(said, self.min_bytes).map(|(once, times)| (once, Some(times)));
            let joined = || turn.is_answer().then(|| again::stretch(said)).flatten();
            let Some((once, times)) = whole.or_else(|| Some((joined()?, None))) else {
                continue;
            };
            let repeats = |text: &str| text.contains("epeat") || text.contains("twice");
            let asks = |by_system: bool| {
                let mut asked = example.turns.iter().filter(|other| !other.is_answer());
                turn.is_answer() && asked.any(|other| (other.role == Role::System) == by_system && repeats(&other.text))
            };
            let message = || {
                let often = match times {
                    None => return format!("the answer says a stretch of it twice: `{}`", clip(once)),
                    Some(2) => "twice".to_owned(),
                    Some(times) => format!("{times} times over"),
                };
                format!("the {} turn is one text {often}: `{}`", turn.role.name(), clip(once))
            };
            let verses = || times.is_none() && VERSES.among(example.turns.iter().filter(|turn| !turn.is_answer()));
            let excuse = Excuse::of(asks(false) || verses(), || asks(true));
            seen.excused.judge(row, excuse, out, || turn.pointer(), message);
        }
    }

    fn finish(&self, seen: Twice, _: &Setup, out: &mut Findings) {
        seen.excused.report(out);
        seen.again.report(seen.rows, PER, out, Clone::clone);
    }
}

/// Of so many talks a user may say the same again in one; who does in more is meant to.
const PER: u64 = 200;

/// Words of rows whose answers have lines that come again.
static VERSES: Spoken = Spoken::of("poem|verse|lyric|song|chant|mantra|rap |诗|歌|词");

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
