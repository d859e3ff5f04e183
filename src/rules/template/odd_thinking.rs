use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::turns;
use crate::sketch::Merge;
use crate::text::{SCRIPTS, script};

use super::parts::odd_thoughts::Odd;
use super::parts::thoughts::{self, Thoughts};

rule_meta! {
    /// ## What it finds
    /// A few answers without thoughts, in a file whose answers nearly all open with `<think>` or have
    /// `reasoning_content`: none, or empty ones, `None` or dots, `<think>` twice, another tag in its place;
    /// `reasoning_content` that holds the tags as well, is the answer itself, or stands beside the question; thoughts
    /// in a script that is neither that of the question nor that of the others' thoughts. Of a conversation the last
    /// answer is looked at.
    ///
    /// ## Why it matters
    /// The model learns to leave the thoughts out now and then, or to write tags that nothing strips: whoever asks sees
    /// them.
    ///
    /// Files in which fewer than 19 of 20 answers have thoughts are mixed on purpose and left alone, and so is what more
    /// than one answer of a hundred has in common, and what is asked not to think (`/no_think`, `enable_thinking`).
    /// Thoughts that are not closed or not opened have rules of their own.
    ///
    /// ## Example
    /// ```text
    /// 99 answers that open with <think>, and this one:
    /// {"prompt": "What is 3 and 4?", "completion": "<thought>3 and 4 are 7.</thought>7"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "What is 3 and 4?", "completion": "<think>3 and 4 are 7.</think>7"}
    /// ```
    ///
    /// ## Fix
    /// Mend the tags, make the answer again with its thoughts, or remove the row.
    "template/odd-thinking", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddThinking {}

/// Answers below which nothing is said of a file.
const LEAST: u64 = 20;
/// Of so many answers one may have no thoughts.
const PER: u64 = 20;
/// Of so many one may be odd in one way; where more are, they are written so.
const FEW: u64 = 100;

/// The answers of a file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    /// Those that open with `<think>`.
    tagged: u64,
    /// Those that have `reasoning_content`.
    apart: u64,
    /// Those without thoughts: the message, the key of its text, and how that opens.
    none: Slips<(String, String, String)>,
    /// Those with odd thoughts, by what is odd about them: where they stand.
    odd: BTreeMap<Odd, Slips<String>>,
    /// Thoughts by their script; of those in another than the question's, where they stand.
    scripts: BTreeMap<u8, u64>,
    strange: BTreeMap<u8, Slips<String>>,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.tagged += other.tagged;
        self.apart += other.apart;
        self.none.merge(other.none);
        Merge::merge(&mut self.odd, other.odd);
        Merge::merge(&mut self.scripts, other.scripts);
        Merge::merge(&mut self.strange, other.strange);
    }
}

impl Rule for OddThinking {
    const META: RuleMeta = META;
    type State = BTreeMap<u32, Answers>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let last = turns::taught(example).next_back();
        let Some(turn) = last.filter(|turn| !turn.has_tool_calls()) else {
            return;
        };
        let file = files.entry(row.place.source).or_default();
        file.all += 1;
        let (found, odd) = thoughts::of(turn, row.chars.angle());
        match found {
            Thoughts::Tagged => file.tagged += 1,
            Thoughts::Apart => file.apart += 1,
            Thoughts::Elsewhere => {}
            Thoughts::None => {
                if let Some(other) = example.turns.iter().find(|turn| thoughts::are_misplaced(turn)) {
                    let rows = file.odd.entry(Odd::Misplaced).or_default();
                    rows.offer(&row.place, || thoughts::pointer(other, Thoughts::Apart));
                } else if !file.none.are_many() && !thoughts::are_unwanted(example) {
                    let about = || (turn.message_pointer(), turn.key.to_owned(), thoughts::opening(turn));
                    file.none.offer(&row.place, about);
                }
            }
        }
        if let Some(script) = thoughts::said(turn, found).and_then(main_script) {
            *file.scripts.entry(script).or_default() += 1;
            let asked = example.turns.iter().rfind(|turn| turn.role == Role::User);
            if asked
                .and_then(|turn| main_script(&turn.text))
                .is_some_and(|asked| asked != script)
            {
                let rows = file.strange.entry(script).or_default();
                rows.offer(&row.place, || thoughts::pointer(turn, found));
            }
        }
        if let Some(odd) = odd.filter(|odd| *odd != Odd::Empty || !thoughts::are_unwanted(example)) {
            let rows = file.odd.entry(odd).or_default();
            rows.offer(&row.place, || thoughts::pointer(turn, found));
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            let (all, most) = (file.all, file.tagged.max(file.apart));
            if all < LEAST || most * PER < all * (PER - 1) {
                continue;
            }
            let apart = file.apart == most;
            file.none.report(all, FEW, out, |(pointer, key, opening)| {
                let (pointer, what) = match (apart, key.as_str()) {
                    (true, _) => (pointer.clone(), "the answer has no `reasoning_content`".to_owned()),
                    (_, "") => (pointer.clone(), opening.clone()),
                    (_, key) => (format!("{pointer}/{key}"), opening.clone()),
                };
                let others = if apart { "have some" } else { "open with `<think>`" };
                (pointer, format!("{what}, where {most} of {all} {others}"))
            });
            let usual = file.scripts.iter().max_by_key(|(_, rows)| **rows);
            for (script, rows) in &file.strange {
                let Some((usual, most)) = usual.filter(|(usual, _)| *usual != script) else {
                    continue;
                };
                if most * FEW < all * (FEW - 1) {
                    continue;
                }
                rows.report(all, FEW, out, |pointer| {
                    let name = |script: &u8| SCRIPTS[usize::from(*script)];
                    let (script, usual) = (name(script), name(usual));
                    let message =
                        format!("the thoughts are in {script}, unlike the question, and {usual} in {most} of {all}");
                    (pointer.clone(), message)
                });
            }
            for (odd, rows) in &file.odd {
                rows.report(all, FEW, out, |pointer| {
                    let message = format!("{}, in {} of {all} answers", odd.said(), rows.count());
                    (pointer.clone(), message)
                });
            }
        }
    }
}

/// Letters that are looked at, and those that tell a script.
const LETTERS: usize = 400;
const TELLING: u64 = 12;

/// The script of most letters of a text, if it is of two thirds of them.
fn main_script(text: &str) -> Option<u8> {
    let mut counts = [0u64; SCRIPTS.len()];
    for letter in text.chars().filter(|c| c.is_alphabetic()).take(LETTERS) {
        counts[script(letter)] += 1;
    }
    let all: u64 = counts.iter().sum();
    let (most, count) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    (all >= TELLING && count * 3 >= all * 2)
        .then(|| u8::try_from(most).ok())
        .flatten()
}
