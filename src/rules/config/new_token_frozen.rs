use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::config::{ConfigFacts, ConfigValue};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A LoRA run that ends its answers with another token than the model was trained to, or that trains on added tokens, and leaves
    /// the embeddings frozen.
    ///
    /// ## Why it matters
    /// LoRA trains the layers between: the rows of a new token in the embeddings and the output layer stay as they were,
    /// random or never used, and the model seldom says the token it is to stop with.
    ///
    /// ## Example
    /// ```file axolotl.yaml -m fixtures/models/disagrees
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 512
    /// adapter: lora
    /// special_tokens:
    ///   eos_token: <|im_end|>
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file axolotl.yaml -m fixtures/models/disagrees
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 512
    /// adapter: lora
    /// special_tokens:
    ///   eos_token: <|im_end|>
    /// lora_modules_to_save: [embed_tokens, lm_head]
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Train the embeddings too: `lora_modules_to_save: [embed_tokens, lm_head]` in axolotl and TRL, `additional_target` in
    /// LLaMA-Factory; or keep the model's own EOS.
    "config/new-token-frozen", Warning, needs [Config, Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewTokenFrozen {}

/// Tokens that the model has no row for, in the data.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Beyond {
    rows: u64,
    ids: BTreeSet<u32>,
}

impl Merge for Beyond {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.ids.extend(other.ids);
    }
}

/// Keys that name modules trained whole beside the adapter.
const SAVED: &[&str] = &["lora_modules_to_save", "additional_target", "modules_to_save"];

/// The key that makes it an adapter's run.
fn adapter(config: &ConfigFacts) -> Option<&ConfigValue> {
    let named = |key: &str, values: &[&str]| {
        let found = config.get(key)?;
        found
            .value
            .as_str()
            .is_some_and(|value| values.contains(&value))
            .then_some(found)
    };
    match config.program.as_str() {
        "axolotl" => named("adapter", &["lora", "qlora"]),
        "llama-factory" => named("finetuning_type", &["lora"]),
        "trl" => config.on("use_peft"),
        _ => None,
    }
}

impl Rule for NewTokenFrozen {
    const META: RuleMeta = META;
    /// The ids beyond the model's rows that the data have, each once, and how many rows have one.
    type State = Beyond;

    fn check(&self, row: &Row<'_>, beyond: &mut Beyond, _: &mut Findings) {
        let vocab = row.setup.tokenizer.as_ref().and_then(|tokenizer| tokenizer.model_vocab);
        let Some(vocab) = vocab.and_then(|vocab| u32::try_from(vocab).ok()) else {
            return;
        };
        let ids = || row.encoded.iter().flat_map(|encoded| &encoded.input_ids).copied();
        // Those of rows tokenised before that are in no vocabulary stand as u32::MAX; `schema/bad-ids` names them.
        let new = |id: &u32| *id >= vocab && *id != u32::MAX;
        if ids().any(|id| new(&id)) {
            beyond.rows += 1;
            beyond.ids.extend(ids().filter(new));
        }
    }

    fn finish(&self, beyond: Beyond, setup: &Setup, out: &mut Findings) {
        let (Some(config), Some(tokenizer)) = (&setup.config, &setup.tokenizer) else {
            return;
        };
        let Some(adapter) = adapter(config) else { return };
        // LLaMA-Factory then trains the embeddings as well (`adapter.py`, `resize_vocab` without `additional_target`).
        let resizes = config.program == "llama-factory" && config.on("resize_vocab").is_some();
        if resizes || SAVED.iter().any(|key| config.on(key).is_some()) {
            return;
        }
        let id_of = |text: &str| {
            tokenizer
                .specials
                .iter()
                .find(|(known, _)| known == text)
                .map(|(_, id)| *id)
        };
        let named = config
            .on("eos_token")
            .or_else(|| config.on("special_tokens.eos_token"))
            .and_then(|eos| eos.value.as_str());
        let eos = named.map_or_else(
            || {
                tokenizer
                    .eos
                    .as_ref()
                    .and_then(|eos| Some((eos.text.as_str(), eos.id?)))
            },
            |text| Some((text, id_of(text)?)),
        );
        let how = format!("{} {}", adapter.key, adapter.value.to_string().trim_matches('"'));
        if let Some((text, id)) = eos
            && !tokenizer.model_eos.is_empty()
            && !tokenizer.model_eos.contains(&id)
        {
            let message = format!(
                "{how} trains `{text}` (id {id}) as the EOS, which is not the model's own, and its embedding stays frozen"
            );
            out.blame(&adapter.origin, message);
        }
        let Some(vocab) = tokenizer.model_vocab else { return };
        if let Some(first) = beyond.ids.first() {
            let text = tokenizer.special(*first);
            let text = text.map_or_else(String::new, |text| format!("`{text}`, "));
            let message = format!(
                "{how} leaves the embeddings frozen; beyond the model's {vocab} ids: {} in {}, the first {text}id {first}",
                plural(beyond.ids.len() as u64, "token"),
                plural(beyond.rows, "row"),
            );
            out.blame(&adapter.origin, message);
        }
    }
}
