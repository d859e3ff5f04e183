use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::ConfigFacts;
use crate::model::example::Example;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Sets of conversations for which the model folder has no chat template.
    ///
    /// Nothing where the config names a template that comes with the trainer.
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
    /// Give the template the model will be served with: `--chat-template FILE`, `chat_template` in axolotl, `template` in
    /// LLaMA-Factory, `chat_template_path` in TRL.
    "template/missing", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Missing {}

/// Whether the trainer of a config brings the template.
fn has_its_own(config: &ConfigFacts) -> bool {
    let names = |key: &str| {
        let named = config.written(key).and_then(|found| found.value.as_str());
        named.is_some_and(|name| !name.is_empty() && name != "tokenizer_default")
    };
    match config.program.as_str() {
        "axolotl" => {
            let sets = config.values.iter().map(|value| value.key.as_str());
            let of_sets = sets.filter(|key| key.starts_with("datasets."));
            let mut of_sets = of_sets.filter(|key| key.ends_with(".chat_template") || key.ends_with("_jinja"));
            names("chat_template") || names("chat_template_jinja") || of_sets.any(names)
        }
        "llama-factory" => names("template"),
        // Its formats are part of its tokenizers.
        "torchtune" => true,
        _ => false,
    }
}

impl Rule for Missing {
    const META: RuleMeta = META;
    type State = u64;

    fn check(&self, row: &Row<'_>, rows: &mut u64, _: &mut Findings) {
        let conversation = |example: &Example<'_>| example.conversational;
        *rows += u64::from(!row.setup.has_template && row.example.is_some_and(conversation));
    }

    fn finish(&self, rows: u64, setup: &Setup, out: &mut Findings) {
        if rows > 0 && !setup.config.as_ref().is_some_and(has_its_own) {
            out.set(format!(
                "{} of a conversation, and the model has no chat template",
                plural(rows, "row")
            ));
        }
    }
}
