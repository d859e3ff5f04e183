use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Preference rows whose two conversations start with different prompts.
    ///
    /// ## Why it matters
    /// Trainers take the common start of both sides for the prompt. Where there is none, two answers to two
    /// questions are compared, which teaches nothing about either.
    ///
    /// ## Example
    /// ```jsonl
    /// {"chosen": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}], "rejected": [{"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "5"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"chosen": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}], "rejected": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "5"}]}
    /// ```
    ///
    /// ## Fix
    /// Pair answers to the same prompt, or give the prompt a column of its own.
    "schema/prompts-differ", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptsDiffer {}

impl Rule for PromptsDiffer {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape == Shape::Preference) else {
            return;
        };
        // The prompt stands inside both sides only where neither begins with its answer.
        let first = |branch| example.side(branch).next().filter(|turn| turn.role != Role::Assistant);
        let (Some(chosen), Some(rejected)) = (first(Branch::Chosen), first(Branch::Rejected)) else {
            return;
        };
        if chosen.text != rejected.text || chosen.role != rejected.role {
            out.field(
                &row.place,
                || rejected.pointer(),
                || {
                    format!(
                        "the prompts differ: `{}` and `{}`",
                        clip(&chosen.text),
                        clip(&rejected.text)
                    )
                },
            );
        }
    }
}
