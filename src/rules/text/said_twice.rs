use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// Turns that are one text twice over, with nothing or white space between the copies.
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
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::said(example) {
            let Some(once) = twice(turn.trimmed(), self.min_bytes) else {
                continue;
            };
            let asked = example.turns.iter().filter(|other| !other.is_answer());
            let repeats = |text: &str| text.contains("epeat") || text.contains("twice");
            if turn.is_answer() && { asked }.any(|other| repeats(&other.text)) {
                continue;
            }
            out.field(
                &row.place,
                || turn.pointer(),
                || format!("the {} turn is one text twice: `{}`", turn.role.name(), clip(once)),
            );
        }
    }
}

/// The text that another is made of, twice; of words, and at least so long.
fn twice(text: &str, least: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    // The second begins near the middle, behind at most a blank line.
    let once = (0..=2).find_map(|gap| {
        let half = bytes.len().checked_sub(gap)? / 2;
        let even = half * 2 + gap == bytes.len() && half >= least;
        let apart = bytes.get(half..half + gap)?.iter().all(u8::is_ascii_whitespace);
        (even && apart && bytes[..half] == bytes[half + gap..]).then(|| text.get(..half))?
    })?;
    let letters = once.chars().filter(|c| c.is_alphabetic()).take(least / 4).count();
    // What is drawn or counted repeats by nature, and so does a single word.
    let words = once.split_whitespace().nth(3).is_some() || !once.is_ascii();
    (words && letters >= least / 4).then_some(once)
}

#[cfg(test)]
mod tests {
    use super::twice;

    #[test]
    fn copies_are_told_from_songs_and_lines() {
        let once = "The air scatters blue light far more than red.";
        for between in ["", " ", "\n", "\n\n"] {
            assert_eq!(twice(&format!("{once}{between}{once}"), 40), Some(once), "{between:?}");
        }
        let chinese = "空气对蓝光的散射比对红光的散射强得多，所以天空是蓝色的。";
        assert_eq!(twice(&chinese.repeat(2), 40), Some(chinese));
        for text in [
            "no no",
            "la la la la la la la la la la la la la la la la la la la la",
            "--------------------------------------------------------------------------------------------",
            "The air scatters blue light far more than red. The air scatters blue light far more than reds.",
        ] {
            assert_eq!(twice(text, 40), None, "{text}");
        }
    }
}
