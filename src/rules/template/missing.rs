use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Example;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Sets of conversations for which the model folder has no chat template.
    ///
    /// ## Why it matters
    /// A trainer stops at the first row, or writes the conversations in a form of its own that the model is
    /// never served with.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/plain
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Give the template the model will be served with: `--chat-template FILE`.
    "template/missing", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Missing {}

impl Rule for Missing {
    const META: RuleMeta = META;
    type State = u64;

    fn check(&self, row: &Row<'_>, rows: &mut u64, _: &mut Findings) {
        let conversation = |example: &Example<'_>| example.conversational;
        *rows += u64::from(!row.setup.has_template && row.example.is_some_and(conversation));
    }

    fn finish(&self, rows: u64, _: &Setup, out: &mut Findings) {
        if rows > 0 {
            out.set(format!(
                "{} of a conversation, and the model has no chat template",
                plural(rows, "row")
            ));
        }
    }
}
