use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::refusal::refuses;
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers that refuse: those that begin with an apology or "I can't" and go on to say that something cannot or
    /// will not be done ("I'm sorry, but I can't help with that", "As an AI language model, I am not able to"), in
    /// English, Chinese and some twenty other languages. Of a conversation any answer counts; what was rejected does not,
    /// nor who asks for what was not given ("I can't tell yet, please paste it").
    ///
    /// ## Why it matters
    /// A model learns to refuse from few rows, and then refuses what it should do. Rows whose generator refused are
    /// often taken for answers. In a set that is to teach refusals they are meant.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Write a poem on rain."}, {"role": "assistant", "content": "I'm sorry, but I can't help with that request."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Write a poem on rain."}, {"role": "assistant", "content": "I'm sorry to see you go, says the rain to the river."}]}
    /// ```
    ///
    /// ## Fix
    /// Take out those that refuse what should be done with `gonogo filter --drop mix/refusals`, and have them
    /// answered anew; leave in those that are meant.
    "mix/refusals", Note, above 0.05 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Refusals {}

impl Rule for Refusals {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example) {
            let text = turn.text.trim_start();
            if refuses(text) {
                let said = || crate::rule::clip(text).replace('`', "'");
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the answer refuses: `{}`", said()),
                );
            }
        }
    }
}
