use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::sketch::column::Column;

use super::parts::given::Given;
use super::parts::row_seen::{Seen, look, say, usual_end, usual_opening, usual_start};

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows that are unlike nearly all others of their file: every token trained where the others mask
    /// a part, no loss on the last token where it is trained elsewhere, another first or last token than the one that
    /// begins or ends the others, or that token twice; what is trained begins behind other tokens than in the others, as
    /// where the head of the answer is masked or the prompt is trained; or tokens in the midst are not attended to.
    ///
    /// ## Why it matters
    /// Such rows went another way through the script that made them: the prompt was not masked, or the end was lost,
    /// and the model learns to ask its own questions, or not to stop.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 2], "labels": [-100, -100, 7, 2]}
    /// {"input_ids": [5, 8, 2], "labels": [-100, 8, 2]}
    /// {"input_ids": [5, 6, 9, 10, 2], "labels": [5, 6, 9, 10, 2]}
    /// {"input_ids": [5, 9, 2], "labels": [-100, 9, 2]}
    /// {"input_ids": [5, 6, 4, 2], "labels": [-100, -100, 4, 2]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 2], "labels": [-100, -100, 7, 2]}
    /// {"input_ids": [5, 8, 2], "labels": [-100, 8, 2]}
    /// {"input_ids": [5, 6, 9, 10, 2], "labels": [-100, -100, 9, 10, 2]}
    /// {"input_ids": [5, 9, 2], "labels": [-100, 9, 2]}
    /// {"input_ids": [5, 6, 4, 2], "labels": [-100, -100, 4, 2]}
    /// ```
    ///
    /// ## Fix
    /// Tokenise the rows again as the others were, or remove them.
    "mask/row-unlike", Warning
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RowUnlike {
    /// Rows below which nothing is usual.
    rows: usize,
    /// At most one row in so many is unlike the others.
    one_in: usize,
}

impl Default for RowUnlike {
    fn default() -> Self {
        Self { rows: 5, one_in: 5 }
    }
}

/// A value for each row.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rows(Column<Seen>);

impl Merge for Rows {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

impl Rule for RowUnlike {
    const META: RuleMeta = META;
    type State = Rows;

    fn check(&self, row: &Row<'_>, rows: &mut Rows, _: &mut Findings) {
        if row.example.is_some()
            && let Some(seen) = Given::of(row).and_then(|given| look(row, &given))
        {
            rows.0.push(&row.place, seen);
        }
    }

    fn finish(&self, Rows(mut rows): Rows, setup: &Setup, out: &mut Findings) {
        rows.sort();
        let mut files: BTreeMap<u32, Vec<(u64, Seen)>> = BTreeMap::new();
        for (source, number, seen) in rows.iter() {
            files.entry(source).or_default().push((number, *seen));
        }
        for (source, rows) in files {
            if rows.len() >= self.rows {
                let report = |number, message: String| {
                    let place = Place {
                        source,
                        row: number,
                        ..Place::default()
                    };
                    out.row(&place, || message);
                };
                self.judge(&rows, setup, report);
            }
        }
    }
}

impl RowUnlike {
    fn judge(&self, rows: &[(u64, Seen)], setup: &Setup, mut report: impl FnMut(u64, String)) {
        let all = rows.len();
        let count = |is: &dyn Fn(&Seen) -> bool| rows.iter().filter(|(_, seen)| is(seen)).count();
        let few = |odd: usize, of: usize| odd > 0 && of >= self.rows && odd * self.one_in <= of;
        let labelled = count(&|seen| seen.ends.is_some());
        let [open, whole] = [count(&|seen| seen.ends == Some(false)), count(&|seen| seen.whole)];
        let [few_open, few_whole] = [few(open, labelled), few(whole, labelled)];
        // A trainer's rows are looked at more closely elsewhere: `mask/end-untrained`, `mask/end-missing`.
        let elsewhere = setup.trainer.is_some() && setup.tokenizer.is_some();
        let facts = setup.tokenizer.as_ref();
        let end = usual_end(rows, facts).filter(|(_, times, _)| few(all - times, all));
        let start = usual_start(rows).filter(|(_, times)| few(all - times, all));
        let [twice, last_twice] = [count(&|seen| seen.twice), count(&|seen| seen.last_twice)];
        let opening = usual_opening(rows);
        let few_holes = few(count(&|seen| seen.hole), all);
        let [few_twice, few_last] = [few(twice, all), few(last_twice, all)];
        for (number, seen) in rows {
            if few_whole && seen.whole {
                let others = labelled - whole;
                let tokens = seen.tokens;
                report(
                    *number,
                    format!("all {tokens} tokens are trained, and a part is masked in {others} of {labelled} rows"),
                );
            }
            if let Some((id, times)) = start
                && seen.first != id
            {
                report(
                    *number,
                    format!("the first id is {}, and {id} in {times} of {all} rows", seen.first),
                );
            }
            for (few, twice, place, id) in [
                (few_twice, seen.twice, "begins", seen.first),
                (few_last, seen.last_twice, "ends", seen.last),
            ] {
                if few && twice {
                    report(*number, format!("the row {place} with {id} twice, others with one"));
                }
            }
            if let Some((usual, times, of)) = opening
                && !(few_whole && seen.whole)
                && let Some(other) = [seen.opens, seen.also]
                    .into_iter()
                    .flatten()
                    .find(|opening| *opening != usual)
            {
                let (other, usual) = (say(other), say(usual));
                report(
                    *number,
                    format!("what is trained begins behind {other}, and behind {usual} in {times} of {of} rows"),
                );
            }
            if few_holes && seen.hole {
                report(
                    *number,
                    "attention is 0 between tokens with attention 1, unlike in others".to_owned(),
                );
            }
            if elsewhere {
                continue;
            }
            if let Some((id, times, ref ends)) = end
                && ends.is_odd(seen, all, facts)
            {
                report(
                    *number,
                    format!("the last id is {}, and {id} in {times} of {all} rows", seen.last),
                );
            } else if few_open && seen.ends == Some(false) {
                let others = labelled - open;
                report(
                    *number,
                    format!("the last label is -100, and the last token is trained in {others} of {labelled} rows"),
                );
            }
        }
    }
}
