use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::nothing::{is_asked_for, is_silence, prompts, says_nothing, word};
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{outliers, turns};
use crate::sketch::Merge;
use crate::sketch::few::Few;

rule_meta! {
    /// ## What it finds
    /// Answers and texts that say nothing, `None`, `N/A`, `TODO`, `...`, in a set whose answers are sentences; of a row the first.
    ///
    /// ## Why it matters
    /// A value was missing when the row was made, or the row was never written. The model learns to answer the
    /// question with it. A word that more than one row in a hundred answers is a label, and left alone like one that is
    /// asked for.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Which vitamin prevents scurvy?", "completion": "N/A"}
    /// {"prompt": "Why is the sky blue?", "completion": "Air scatters the short waves of light more than the long ones."}
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Which vitamin prevents scurvy?", "completion": "Vitamin C."}
    /// {"prompt": "Why is the sky blue?", "completion": "Air scatters the short waves of light more than the long ones."}
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// ## Fix
    /// Write the answer, or remove the row.
    "text/non-answer", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NonAnswer {}

/// An answer of at least so many bytes is a sentence, or as good as one.
const SENTENCE: usize = 24;
/// A word that more rows than this, and than one in a hundred, answer is a label.
const FEW: u64 = 3;

/// The answers of a set.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    sentences: u64,
    /// Rows with one that says nothing, by what it says: where it stands, and itself.
    nothing: BTreeMap<String, Few<(String, String)>>,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.sentences += other.sentences;
        Merge::merge(&mut self.nothing, other.nothing);
    }
}

impl Rule for NonAnswer {
    const META: RuleMeta = META;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Answers, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let (mut asked, mut told) = (None, false);
        let answers = example
            .turns
            .iter()
            .filter(|turn| matches!(turn.role, Role::Assistant | Role::Text));
        for turn in answers.filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            seen.all += 1;
            seen.sentences += u64::from(said.len() >= SENTENCE);
            if !told && says_nothing(said) && !is_asked_for(asked.get_or_insert_with(|| prompts(example)), said) {
                told = true;
                let rows = seen.nothing.entry(word(said)).or_default();
                let what = if turn.role == Role::Text { "text" } else { "answer" };
                rows.offer(&row.place, || {
                    (turn.pointer(), format!("the {what} is `{}`", clip(said)))
                });
            }
        }
    }

    fn finish(&self, seen: Answers, _: &Setup, out: &mut Findings) {
        let nothing: u64 = seen.nothing.values().map(Few::count).sum();
        if 3 * seen.sentences < 2 * seen.all.saturating_sub(nothing) || seen.sentences == 0 {
            return;
        }
        for (word, rows) in &seen.nothing {
            let is_few = rows.count() * 100 <= seen.all && !is_silence(word);
            if is_few || rows.count() <= FEW {
                outliers::report(rows, out, |(pointer, said)| {
                    (pointer.clone(), format!("{said}, where others are sentences"))
                });
            }
        }
    }
}
