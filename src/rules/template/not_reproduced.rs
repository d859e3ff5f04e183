use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::EncodeErrorKind;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose tokens cannot be worked out here as the trainer would: the template, the tokenizer or the
    /// trainer does something with them that this program does not reproduce.
    ///
    /// ## Why it matters
    /// Nothing about their tokens was checked. A guess would be worth less than this line.
    ///
    /// ## Example
    /// ```jsonl --chat-template fixtures/templates/numbers.jinja
    /// {"messages": [{"role": "user", "content": "²"}, {"role": "assistant", "content": "a superscript two"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --chat-template fixtures/templates/numbers.jinja
    /// {"messages": [{"role": "user", "content": "2"}, {"role": "assistant", "content": "a two"}]}
    /// ```
    ///
    /// ## Fix
    /// Say what the message names in an issue of this program; until then check these rows by hand.
    "template/not-reproduced", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NotReproduced {}

impl Rule for NotReproduced {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let error = row.encode_error;
        if let Some(error) = error.filter(|error| error.kind == EncodeErrorKind::Unsupported) {
            out.row(&row.place, || format!("not checked: {}", error.message));
        }
    }
}
