use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::{ConfigFacts, ConfigValue};
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A LoRA run that ends its answers with another token than the model was trained to, or that adds tokens, and leaves
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
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
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
        let new = tokenizer
            .specials
            .iter()
            .filter(|(_, id)| *id as usize >= vocab)
            .count();
        if new > 0 {
            let message = format!(
                "{how} leaves the embeddings frozen, and {new} special tokens lie beyond the model's {vocab} rows"
            );
            out.blame(&adapter.origin, message);
        }
    }
}
