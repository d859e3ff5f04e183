use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::parts::last_mark::{is_stopped, last_mark};
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// The few answers that end unlike all others of a set: without the line that says the result (`#### 18`,
    /// `Answer: B`, `\boxed{18}`, `[Source: …]`) where one in a hundred or fewer lacks it, or in a bare word where all but
    /// one in five hundred end with a full stop or its like.
    ///
    /// ## Why it matters
    /// The answer was cut, or comes from elsewhere. What reads the model's answers by that line finds nothing in these.
    ///
    /// ## Example
    /// ```text
    /// 99 rows whose answers end with a line like `#### 18`, and this one:
    /// {"question": "How many are 3 and 4?", "answer": "There are 3 + 4 of th"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"question": "How many are 3 and 4?", "answer": "There are 3 + 4 = 7 of them.\n#### 7"}
    /// ```
    ///
    /// ## Fix
    /// Make the answer again, complete its end, or remove the row.
    "text/end-unlike", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndUnlike {}

/// Answers below which nothing is usual.
const LEAST: u64 = 100;
/// Of so many rows one may lack the line that others end with.
const PER: u64 = 100;
/// Of so many answers one may end without a sign.
const BARE: u64 = 500;
/// Rows of one mark that are remembered, if they should be the odd ones.
const MOST: u64 = 64;
/// Words of an answer that ends in a bare one; fewer are a label.
const WORDS: usize = 3;
/// The same in letters, in scripts without blanks.
const LETTERS: usize = 6;
/// Letters at the end of a line that tell whether it ends in code.
const NEAR: usize = 24;

/// Words of rows whose answers end without a sign.
static VERSES: Spoken = Spoken::of(
    "poem|verse|lyric|song|haiku|headline|title|slogan|tagline|caption|hashtag|诗|歌|词|标题|题目|标语|口号|对联|短语",
);

/// Rows whose last lines begin alike.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Alike {
    mark: Lowest<String>,
    /// Where the answers stand.
    rows: Strays<String, MOST>,
}

impl Merge for Alike {
    fn merge(&mut self, other: Self) {
        self.mark.merge(other.mark);
        self.rows.merge(other.rows);
    }
}

/// How the answers of a set end.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Ends {
    rows: u64,
    /// Rows by what their last answer's last line begins with, in 256 kinds.
    marks: BTreeMap<u8, Alike>,
    answers: u64,
    /// Answers that end without a sign.
    unstopped: u64,
    /// Of them those that are sentences: where they stand, and how they end.
    bare: Strays<(String, String)>,
}

impl Merge for Ends {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        Merge::merge(&mut self.marks, other.marks);
        self.answers += other.answers;
        self.unstopped += other.unstopped;
        self.bare.merge(other.bare);
    }
}

impl Rule for EndUnlike {
    const META: RuleMeta = META;
    type State = Ends;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, ends: &mut Ends, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let spoken = |turn: &&_| !turns::says_without_text(turn);
        let mut last = None;
        for turn in turns::taught(example).filter(|turn| turn.is_answer()).filter(spoken) {
            let said = turn.trimmed();
            last = Some((turn, said));
            ends.answers += 1;
            if is_stopped(said) {
                continue;
            }
            ends.unstopped += 1;
            if is_sentence(said) && !VERSES.among(example.turns.iter().filter(|turn| turn.role != Role::Assistant)) {
                ends.bare
                    .offer(&row.place, || (turn.pointer(), super::around(said, said.len())));
            }
        }
        if let Some((turn, said)) = last {
            ends.rows += 1;
            let mark = last_mark(said).unwrap_or_default();
            let kind = xxh3_64(mark.as_bytes()).to_le_bytes()[0];
            let alike = ends.marks.entry(kind).or_default();
            alike.mark.offer(&row.place, || mark.to_owned());
            alike.rows.offer(&row.place, || turn.pointer());
        }
    }

    fn finish(&self, ends: Ends, _: &Setup, out: &mut Findings) {
        let Ends {
            rows,
            marks,
            answers,
            unstopped,
            bare,
        } = ends;
        let usual = marks.iter().max_by_key(|(_, alike)| alike.rows.count());
        let form = usual.and_then(|(kind, alike)| {
            let (times, (_, mark)) = (alike.rows.count(), alike.mark.get()?);
            let is_form = rows >= LEAST && !mark.is_empty() && (rows - times) * PER <= rows;
            is_form.then_some((kind, mark, times))
        });
        if let Some((usual, mark, times)) = form {
            let message = format!(
                "the last line does not begin with `{}`, as {times} of {rows} do",
                clip(mark)
            );
            for (_, odd) in marks.iter().filter(|(kind, _)| *kind != usual) {
                slips::report(&odd.rows, rows, PER, out, |pointer| (pointer.clone(), message.clone()));
            }
        } else if answers >= LEAST && unstopped <= 1 + answers / BARE {
            slips::report(&bare, answers, PER, out, |(pointer, end)| {
                let stopped = answers - unstopped;
                let others = format!("where {stopped} of {answers} end with a full stop or its like");
                let message = format!("the answer stops at `{end}`, {others}");
                (pointer.clone(), message)
            });
        }
    }
}

/// Whether a text is of some words, in its last line too, and no code.
fn is_sentence(said: &str) -> bool {
    let line = &said[said.rfind('\n').map_or(0, |at| at + 1)..];
    let code = |c: char| {
        matches!(
            c,
            '=' | '{' | '}' | ';' | '<' | '>' | '|' | '`' | '$' | '\\' | '_' | '#' | '@' | '/'
        )
    };
    let point = line.starts_with(['-', '*', '•', '+']);
    let of_words = said.split(' ').filter(|word| !word.is_empty()).nth(WORDS - 1).is_some();
    let of_letters = || said.chars().filter(|c| *c > '\u{2E7F}').nth(LETTERS - 1).is_some();
    !point && !line.chars().rev().take(NEAR).any(code) && (of_words || of_letters())
}
