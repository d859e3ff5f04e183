use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;
use crate::sketch::column::Column;
use crate::sketch::row_set::RowSet;

rule_meta! {
    /// ## What it finds
    /// One and the same answer in more than a fifth of all rows, whatever was asked; or up to ten answers that
    /// make more than half of all rows.
    ///
    /// ## Why it matters
    /// The model learns to give that answer, and little else. Usually a generator failed, refused, or its
    /// output was put beside every prompt. The few answers of a classifier are no collapse: they are short
    /// (below 24 bytes), and more than one; where its labels are long, ignore the rule.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How do tides work?"}, {"role": "assistant", "content": "I am sorry, I cannot help with that request."}]}
    /// {"messages": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "I am sorry, I cannot help with that request."}]}
    /// {"messages": [{"role": "user", "content": "Who wrote Emma?"}, {"role": "assistant", "content": "I am sorry, I cannot help with that request."}]}
    /// {"messages": [{"role": "user", "content": "What is a verb?"}, {"role": "assistant", "content": "I am sorry, I cannot help with that request."}]}
    /// {"messages": [{"role": "user", "content": "Is it noon?"}, {"role": "assistant", "content": "I am sorry, I cannot help with that request."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How do tides work?"}, {"role": "assistant", "content": "The moon pulls the water of the seas."}]}
    /// {"messages": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "Seven is one."}]}
    /// {"messages": [{"role": "user", "content": "Who wrote Emma?"}, {"role": "assistant", "content": "Jane Austen wrote it."}]}
    /// {"messages": [{"role": "user", "content": "What is a verb?"}, {"role": "assistant", "content": "A word for what is done."}]}
    /// {"messages": [{"role": "user", "content": "Is it noon?"}, {"role": "assistant", "content": "I cannot know that."}]}
    /// ```
    ///
    /// ## Fix
    /// Look at where the answers come from, and make them again; keep a few of the rows where the answer is
    /// meant.
    "mix/answer-collapse", Warning, above 0.5 => Error
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerCollapse {
    /// Largest share of rows with one answer among many others, 0 to 1.
    share: f64,
    /// Largest share of rows with one answer among few: labels, numbers, yes and no.
    whole: f64,
    /// Shortest answer that `share` is asked of.
    bytes: usize,
    /// Fewest rows with that answer.
    rows: u64,
    /// Largest share of rows with a handful of answers.
    handful: f64,
}

/// Answers that are a handful.
const HANDFUL: usize = 10;
/// Bytes of the longest answer that may be a label.
const LABEL: u32 = 40;

impl Default for AnswerCollapse {
    fn default() -> Self {
        Self {
            share: 0.2,
            whole: 0.95,
            bytes: 24,
            rows: 5,
            handful: 0.5,
        }
    }
}

/// 12 bytes a row: half a hash of its last answer and the answer's length in bytes, and by how much
/// the row's line is ahead of its number, which is 0 where there are no lines.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    hash: u32,
    length: u32,
    lines_ahead: u32,
}

impl Rule for AnswerCollapse {
    const META: RuleMeta = META;
    type State = Column<Answer>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, answers: &mut Self::State, _: &mut Findings) {
        let Some(answer) = row.example.and_then(|example| turns::taught(example).next_back()) else {
            return;
        };
        let text = answer.trimmed();
        // What is empty is another rule's to report, and a call is no answer.
        if text.is_empty() || answer.has_tool_calls() {
            return;
        }
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "half of the hash is enough beside the length"
        )]
        let hash = xxh3_64(text.as_bytes()) as u32;
        let lines_ahead = u32::try_from(row.place.line.saturating_sub(row.place.row)).unwrap_or(u32::MAX);
        answers.push(
            &row.place,
            Answer {
                hash,
                length,
                lines_ahead,
            },
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn finish(&self, answers: Self::State, _: &Setup, out: &mut Findings) {
        let said = |answer: &Answer| (answer.hash, answer.length);
        let mut rows: Vec<_> = answers
            .iter()
            .map(|(source, row, answer)| (said(answer), source, row, answer.lines_ahead))
            .collect();
        rows.par_sort_unstable();
        let same: Vec<_> = rows.chunk_by(|left, right| left.0 == right.0).collect();
        let (all, distinct) = (rows.len() as u64, same.len() as u64);
        for answers in &same {
            let ((_, length), source, row, lines_ahead) = answers[0];
            let times = answers.len() as u64;
            let share = times as f64 / all as f64;
            let whole = share > self.whole;
            // A classifier has few answers; here the others differ from each other.
            let among_others = || (distinct - 1) * 2 > all - times && length as usize >= self.bytes;
            if times >= self.rows && (whole || (share > self.share && among_others())) {
                let line = if lines_ahead == 0 {
                    0
                } else {
                    row + u64::from(lines_ahead)
                };
                let first = Place {
                    source,
                    row,
                    line,
                    offset: 0,
                };
                out.row(&first, || {
                    let percent = share * 100.0;
                    format!("the same answer, {length} bytes, in {times} of {all} rows, {percent:.0} %; here first")
                });
                let mut rows = RowSet::default();
                for (_, source, row, _) in *answers {
                    rows.insert(*source, *row);
                }
                out.also(rows);
            }
        }
        if out.is_empty() {
            let long = same.iter().filter(|answers| answers[0].0.1 as usize >= self.bytes);
            let mut times: Vec<(u64, u32)> = long
                .map(|answers| (answers.len() as u64, answers[0].0.1))
                .filter(|(times, _)| *times >= self.rows)
                .collect();
            times.sort_unstable_by_key(|times| std::cmp::Reverse(*times));
            times.truncate(HANDFUL);
            let (few, sum) = (times.len(), times.iter().map(|(times, _)| times).sum::<u64>());
            let share = sum as f64 / all.max(1) as f64;
            // Short ones are labels where there are next to no others.
            let labels = (all - sum) * 50 < all && times.iter().all(|(_, length)| *length <= LABEL);
            if few > 1 && share > self.handful && !labels {
                let (percent, most) = (share * 100.0, times[0].0);
                out.set(format!(
                    "{few} answers of {} bytes and more make {sum} of {all} rows, {percent:.0} %; the most frequent stands in {most}",
                    self.bytes
                ));
            }
        }
    }
}
