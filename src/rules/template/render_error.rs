use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::EncodeErrorKind;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows the chat template refuses: roles that do not alternate, a system turn it does not support, content
    /// it cannot join.
    ///
    /// ## Why it matters
    /// The trainer stops at the first such row with the same error, often after an hour of tokenizing.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": {"text": "hello"}}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
    /// ```
    ///
    /// ## Fix
    /// Bring the row into the form the template expects, or give another template with `--chat-template`.
    "template/render-error", Error, needs [Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RenderError {}

impl Rule for RenderError {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        if let Some(error) = row.encode_error.filter(|error| error.kind == EncodeErrorKind::Template) {
            out.row(&row.place, || format!("{}: {}", error.class, error.message));
        }
    }
}
