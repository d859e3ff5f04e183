use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::lowest::Lowest;

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
    /// Bring the row into the form that the message asks for, or remove it. Where every row raises, give the set the
    /// columns that the trainer reads, or set the option that names the ones it has. `assistant_only_loss` needs a template
    /// that marks answers with `{% generation %}`, or one for which this TRL has a training template.
    "mask/trainer-raises", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrainerRaises {}

impl Rule for TrainerRaises {
    const META: RuleMeta = META;
    type State = Lowest<Lacking>;

    fn check(&self, row: &Row<'_>, state: &mut Lowest<Lacking>, out: &mut Findings) {
        let error = row.encode_error;
        if let Some(error) = error.filter(|error| error.kind == EncodeErrorKind::Trainer) {
            if let Some((asked, columns)) = lacking(row, error) {
                state.offer(&row.place, || (asked.to_owned(), columns.map(str::to_owned).collect()));
            }
            out.row(&row.place, || match &row.setup.trainer {
                Some(trainer) => format!("{trainer} raises {}: {}", error.class, error.message),
                None => format!("{}: {}", error.class, error.message),
            });
        }
    }

    fn finish(&self, state: Lowest<Lacking>, setup: &Setup, out: &mut Findings) {
        if let Some((_, (asked, columns))) = state.get() {
            let columns: Vec<_> = columns.iter().map(|column| format!("`{column}`")).collect();
            let trainer = setup.trainer.as_deref().unwrap_or_default();
            out.set(format!(
                "the rows have {}; {}",
                columns.join(", "),
                reads(trainer, asked)
            ));
        }
        if let Some(refused) = &setup.refused {
            out.set(format!("{refused}, before the first row"));
        }
    }
}

/// The column that a trainer asks for, and those of a row that lacks it.
type Lacking = (String, Vec<String>);

/// The same of a row, where this is the error.
fn lacking<'r>(row: &Row<'r>, error: &'r EncodeError) -> Option<(&'r str, impl Iterator<Item = &'r str>)> {
    let asked = error.message.strip_prefix('\'')?.strip_suffix('\'')?;
    let record = row.record()?.value.as_object()?;
    let lacks = error.class == "KeyError" && !record.keys().any(|column| column == asked);
    lacks.then(|| (asked, record.keys()))
}

/// What a trainer reads, and how a run whose script makes that of other columns is described.
fn reads(trainer: &str, asked: &str) -> &'static str {
    match trainer.split('@').next() {
        Some("trl") if matches!(asked, "text" | "completion") => {
            "SFTTrainer reads `messages`, `prompt` with `completion`, or one column of text: where the script makes \
             these with `dataset.map` check what it has made, and where it gives a `formatting_func` that returns a \
             column as it is say --set formatting_field=COLUMN"
        }
        Some("axolotl") => "which columns are read is said by the `type` of the `datasets` entry",
        Some("llama-factory") => "which columns are read is said by `columns` of the entry of dataset_info.json",
        Some("torchtune") => "which columns are read is said by `column_map` or `column` of the dataset",
        _ => "where the script makes the column that is asked for, check what it has made",
    }
}
