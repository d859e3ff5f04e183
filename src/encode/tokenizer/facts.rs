//! What is known of a tokenizer besides how it encodes.

use serde_json::{Map, Value};

use super::generation::Generation;
use crate::model::setup::{Positions, Special, TokenizerFacts};

/// The side on which something is added or cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    Left,
    #[default]
    Right,
}

/// What the folder says.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub generation: Generation,
    /// The class transformers loads it with, without `Fast`.
    pub class: String,
    /// Name and token, in transformers' order: the seven it knows (`bos_token` …), then the
    /// folder's own.
    pub named: Vec<(String, Special)>,
    /// Every special token, text and id, in order of id.
    pub specials: Vec<(String, u32)>,
    pub padding_side: Side,
    pub truncation_side: Side,
    /// Tokens; `None` where the config says none, or a number beyond any model.
    pub model_max_length: Option<u64>,
    /// One past the highest id, added tokens included.
    pub size: usize,
    /// Tokens in all, as `len(tokenizer)` counts them.
    pub tokens: usize,
    pub model: ModelFacts,
    /// `tokenizer.add_bos_token`, which some trainers ask for instead of what the tokenizer does.
    pub add_bos_token: bool,
    /// `additional_special_tokens`, as the folder has them.
    pub extra: Vec<String>,
    /// Whether a plain text gets a BOS or an EOS from the post-processor.
    pub adds_bos: bool,
    pub adds_eos: bool,
    /// What the post-processor puts before a text and after it; `None` where that is not known.
    pub around: Option<(Vec<u32>, Vec<u32>)>,
    /// Whether `attention_mask` is among `model_input_names`.
    pub attention_mask: bool,
    /// Ids of `<0x00>` to `<0xFF>`, where the model falls back to bytes.
    pub byte_tokens: Vec<u32>,
    /// Tokens a saved truncation would cut a text to. It is switched off here, as trainers do.
    pub saved_truncation: Option<u64>,
    /// Whether padding was saved inside the file. It is switched off here.
    pub saved_padding: bool,
    /// Whether the model's own chat template writes a BOS; set by whoever reads it.
    pub template_has_bos: bool,
    /// What stands in brackets in the model's own chat templates; set by whoever reads them.
    pub template_marks: Vec<String>,
    /// What the ids cannot be vouched for, and why.
    pub doubts: Vec<String>,
}

/// What the model's own configs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    pub model_type: Option<String>,
    pub vocab_size: Option<u64>,
    pub max_position_embeddings: Option<u64>,
    pub positions: Option<Positions>,
    /// `eos_token_id` of `config.json`, which may list several.
    pub eos_ids: Vec<u32>,
    /// `eos_token_id` of `generation_config.json`.
    pub generation_eos_ids: Vec<u32>,
}

/// Lengths from here on stand for "no limit": transformers writes 1e30.
const NO_LIMIT: f64 = 1e9;

impl ModelFacts {
    pub fn read(config: &Map<String, Value>, generation_config: &Map<String, Value>) -> Self {
        // Models of several parts keep their text model's numbers one level down.
        let text = config.get("text_config").and_then(Value::as_object);
        let get = |key: &str| config.get(key).or_else(|| text?.get(key));
        Self {
            model_type: get("model_type").and_then(Value::as_str).map(str::to_owned),
            vocab_size: get("vocab_size").and_then(Value::as_u64),
            max_position_embeddings: get("max_position_embeddings").and_then(Value::as_u64),
            positions: positions(&get),
            eos_ids: ids(get("eos_token_id")),
            generation_eos_ids: ids(generation_config.get("eos_token_id")),
        }
    }
}

/// How many positions a model was made for, after what its config stretches them by.
///
/// Where that is not certain there are none: models whose blocks need no positions (`modeling_*.py`, transformers 5.23).
fn positions<'v>(get: &impl Fn(&str) -> Option<&'v Value>) -> Option<Positions> {
    const WITHOUT: &[&str] = &["bloom", "jamba", "mpt", "nemotron_h", "zamba", "zamba2"];
    const TABLES: &[&str] = &[
        "biogpt",
        "codegen",
        "gpt2",
        "gpt_bigcode",
        "gpt_neo",
        "gptj",
        "openai-gpt",
        "opt",
    ];
    let model = get("model_type").and_then(Value::as_str)?;
    let alibi = get("alibi").and_then(Value::as_bool) == Some(true);
    if alibi || WITHOUT.contains(&model) || model.contains("mamba") {
        return None;
    }
    let (key, count) = ["max_position_embeddings", "n_positions"]
        .iter()
        .find_map(|key| Some((*key, get(key)?.as_u64()?)))?;
    let scaling = get("rope_scaling")
        .or_else(|| get("rope_parameters"))
        .and_then(Value::as_object);
    let stretch = |scaling: &Map<String, Value>| {
        let kind = scaling
            .get("rope_type")
            .or_else(|| scaling.get("type"))
            .and_then(Value::as_str);
        // Of these the number is already what they stretch to.
        let is_whole = matches!(kind, None | Some("default" | "llama3" | "longrope" | "su"));
        scaling.get("factor").and_then(Value::as_f64).filter(|_| !is_whole)
    };
    // A factor may be a fraction; one more than it says harms nobody.
    let whole = |factor: f64| (1..64_u32).find(|whole| f64::from(*whole) >= factor);
    let factor = scaling
        .and_then(stretch)
        .map_or(1, |factor| whole(factor).unwrap_or(64));
    Some(Positions {
        count: usize::try_from(count.saturating_mul(factor.into())).ok()?,
        key: key.to_owned(),
        is_table: TABLES.contains(&model),
    })
}

/// One id, or a list of them.
fn ids(value: Option<&Value>) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A length the config means.
pub(super) fn sane_length(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    if value.as_f64().is_some_and(|length| length >= NO_LIMIT) {
        return None;
    }
    value.as_u64().filter(|length| *length > 0)
}

/// A side by its name, in either spelling of the libraries.
pub(super) fn side(value: Option<&Value>) -> Option<Side> {
    match value?.as_str()? {
        "left" | "Left" => Some(Side::Left),
        "right" | "Right" => Some(Side::Right),
        _ => None,
    }
}

impl Facts {
    /// A named token, by its name (`eos_token`).
    pub fn token(&self, name: &str) -> Option<&Special> {
        self.named
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, token)| token)
    }

    /// The part rules may know.
    pub fn for_rules(&self) -> TokenizerFacts {
        let token = |name| self.token(name).cloned();
        TokenizerFacts {
            bos: token("bos_token"),
            eos: token("eos_token"),
            pad: token("pad_token"),
            unk: token("unk_token"),
            specials: self.specials.clone(),
            size: self.size,
            model_vocab: self.model.vocab_size.and_then(|size| usize::try_from(size).ok()),
            resized: false,
            model_eos: self.model.eos_ids.clone(),
            generation_eos: self.model.generation_eos_ids.clone(),
            byte_tokens: self.byte_tokens.clone(),
            adds_bos: self.adds_bos,
            adds_eos: self.adds_eos,
            template_has_bos: self.template_has_bos,
            template_marks: self.template_marks.clone(),
            positions: self.model.positions.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_length_without_sense_is_none() {
        for none in [
            json!(1_000_000_000_000_000_019_884_624_838_656.0),
            json!(null),
            json!("512"),
            json!(0),
            json!(-1),
        ] {
            assert_eq!(sane_length(Some(&none)), None, "{none}");
        }
        assert_eq!(sane_length(Some(&json!(131_072))), Some(131_072));
        assert_eq!(sane_length(None), None);
    }

    #[test]
    fn reads_lists_and_nested_configs() {
        let config = json!({"model_type": "gemma3", "eos_token_id": [1, 106], "text_config": {"vocab_size": 262_208}});
        let generation = json!({"eos_token_id": 1});
        let empty = Map::new();
        let facts = ModelFacts::read(
            config.as_object().unwrap_or(&empty),
            generation.as_object().unwrap_or(&empty),
        );
        assert_eq!(facts.vocab_size, Some(262_208));
        assert_eq!((facts.eos_ids, facts.generation_eos_ids), (vec![1, 106], vec![1]));
    }
}
