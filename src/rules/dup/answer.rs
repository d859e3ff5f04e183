use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::keys::{Keys, Shared};

use super::parts::said::Said;
use super::parts::{groups, said};
use crate::rules::parts::tools::is_call;

rule_meta! {
    /// ## What it finds
    /// Rows with the same last answer as an earlier row, to another prompt. Short answers, which labels and numbers are,
    /// are not counted, nor are calls and JSON, for which there are many ways to ask; and where most rows have one of a
    /// few answers, those are classes.
    ///
    /// ## Why it matters
    /// A long answer that fits several prompts is seldom an answer to each: it is a canned reply, or a row
    /// whose answer slipped by one.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "How do tides work?", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// {"prompt": "Why is the sky blue?", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "How do tides work?", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light more than red, so blue comes from every side."}
    /// ```
    ///
    /// ## Fix
    /// Look at a few groups; where the answers were misplaced, join questions and answers again by their ids.
    "dup/answer", Note, above 0.2 => Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Answer {
    /// Shortest answer that is counted, in bytes.
    min_bytes: usize,
}

impl Default for Answer {
    fn default() -> Self {
        Self { min_bytes: 40 }
    }
}

/// Rows of a class at least, on average.
const CLASS: u64 = 20;

impl Rule for Answer {
    const META: RuleMeta = META;
    type State = Keys<Shared>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Self::State, _: &mut Findings) {
        let Some((prompt, answer)) = said::asked(row) else {
            return;
        };
        let text = answer.trimmed();
        if text.len() < self.min_bytes || is_call(text) {
            return;
        }
        let (mut asked, mut answered) = (Said::by(row), Said::by(row));
        asked.beside(row);
        asked.turns(prompt);
        answered.text(text.as_bytes());
        let key = Shared {
            shared: answered.half(),
            other: asked.half(),
        };
        seen.push(&row.place, key, row.setup.spill());
    }

    fn finish(&self, seen: Self::State, _: &Setup, out: &mut Findings) {
        let clusters = groups::report_differing(&seen, out, &|rows, prompts| {
            format!("one of {rows} rows with the same answer to {prompts} different prompts, first")
        });
        if clusters.groups * CLASS <= clusters.rows && clusters.rows * 2 > clusters.all {
            *out = Findings::default();
        } else if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}
