use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::EncodeErrorKind;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows at which the trainer stops, with the exception it raises and what it says; and runs that it stops before
    /// the first row.
    ///
    /// ## Why it matters
    /// One such row ends the run, often after an hour of tokenizing, or at the step that first meets it.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marked.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marked.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Bring the row into the form that the message asks for, or remove it. Where every row raises, a setting asks for
    /// what the data or the template do not have: for `assistant_only_loss` the template must mark answers with
    /// `{% generation %}` and `{% endgeneration %}`, or be one for which this TRL has a training template.
    "mask/trainer-raises", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrainerRaises {}

impl Rule for TrainerRaises {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let error = row.encode_error;
        if let Some(error) = error.filter(|error| error.kind == EncodeErrorKind::Trainer) {
            out.row(&row.place, || match &row.setup.trainer {
                Some(trainer) => format!("{trainer} raises {}: {}", error.class, error.message),
                None => format!("{}: {}", error.class, error.message),
            });
        }
    }

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        if let Some(refused) = &setup.refused {
            out.set(format!("{refused}, before the first row"));
        }
    }
}
