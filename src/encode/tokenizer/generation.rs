//! Which of the two major versions of transformers loads the tokenizer, and what that changes.
//!
//! The ids of a text depend on it: transformers 5 throws the file's normalizer and pre-tokenizer
//! away for classes that build their own, and ignores `add_bos_token`; transformers 4 keeps the
//! pipeline and rebuilds the post-processor of some classes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::classes::{self, CLASSES, Class, Defaults, FOLDER_CLASS_IS_WRONG, NOT_REPRODUCED, Rebuilt};
use super::file::Flags;

/// A major version of transformers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Generation {
    V4,
    V5,
}

impl Generation {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::V4 => Self::V5,
            Self::V5 => Self::V4,
        }
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V4 => "transformers 4",
            Self::V5 => "transformers 5",
        })
    }
}

/// Models whose folder class transformers 5 passes over, by the beginning of their hub id.
const FILE_AS_IS: &[&str] = &[
    "deepseek-ai/deepseek-r1-distill-llama-",
    "deepseek-ai/deepseek-coder-",
    "allenai/dolma2-tokenizer",
    "stepfun-ai/step-3.7-",
];

/// The class that loads a folder.
#[derive(Clone, Debug)]
pub(super) struct Loader {
    /// Its name, without `Fast`.
    pub name: String,
    pub class: Option<&'static Class>,
    /// Why its ids cannot be vouched for, where that is so.
    pub doubt: Option<String>,
}

/// What the choice of the class looks at.
pub(super) struct Folder<'f> {
    pub tokenizer_config: &'f Map<String, Value>,
    /// `config.json`.
    pub model_config: &'f Map<String, Value>,
    /// Whether `"ByteLevel"` stands anywhere in the tokenizer's file.
    pub says_byte_level: bool,
    /// The id the model was asked for by, if it was.
    pub hub_id: Option<&'f str>,
}

impl Loader {
    /// `tokenizer.add_bos_token`: transformers 5 does not read it where there is a
    /// `tokenizer.json`, and in transformers 4 some classes have it.
    pub(super) fn says_add_bos(&self, config: &Map<String, Value>, generation: Generation) -> bool {
        let default = match (generation, self.class) {
            (
                Generation::V4,
                Some(Class {
                    v4_adds: Some((bos, _)),
                    ..
                }),
            ) => *bos,
            (
                Generation::V4,
                Some(Class {
                    name: "GPT2Tokenizer", ..
                }),
            ) => false,
            _ => return false,
        };
        config.get("add_bos_token").map_or(default, truthy)
    }

    /// What `AutoTokenizer.from_pretrained` decides on.
    pub(super) fn choose(folder: &Folder<'_>, generation: Generation) -> Self {
        let text = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let declared = text(folder.tokenizer_config, "tokenizer_class");
        let of_model = text(folder.model_config, "tokenizer_class");
        let model_type = text(folder.model_config, "model_type").unwrap_or_default();
        let registered = classes::registered(&model_type, generation);
        let named = declared.or(of_model).map(|name| {
            let short = name.strip_suffix("Fast").unwrap_or(&name).to_owned();
            // `PreTrainedTokenizerFast` without its ending is the slow base class.
            if short == "PreTrainedTokenizer" { name } else { short }
        });
        let name = match (generation, &named) {
            (Generation::V4, Some(name)) => Some(name.as_str()),
            (Generation::V4, None) => registered.flatten(),
            (Generation::V5, _) if folder.is_taken_as_is() => None,
            (Generation::V5, Some(name)) => {
                let wrong = FOLDER_CLASS_IS_WRONG.split(' ').any(|wrong| wrong == model_type);
                if name == "LlamaTokenizer" && folder.says_byte_level && !wrong {
                    None
                } else {
                    match registered {
                        Some(Some(class)) if wrong => Some(class),
                        Some(None) => None,
                        _ => Some(name.as_str()),
                    }
                }
            }
            (Generation::V5, None) => registered.flatten(),
        };
        let name = name.unwrap_or("TokenizersBackend").to_owned();
        let class = CLASSES.iter().find(|class| class.name == name);
        let doubt = folder.doubt(&name, generation);
        Self { name, class, doubt }
    }

    /// Special tokens the class has when the files name none.
    pub(super) fn defaults(&self, generation: Generation) -> Defaults {
        if let Some(class) = self.class {
            return match generation {
                Generation::V4 => class.v4,
                Generation::V5 => class.v5,
            };
        }
        NOT_REPRODUCED
            .iter()
            .find(|(name, _)| *name == self.name)
            .map_or(&[], |(_, defaults)| defaults)
    }

    /// Whether the class starts from the vocabulary alone, without the file's added tokens.
    pub(super) fn rebuilds(&self, generation: Generation) -> bool {
        generation == Generation::V5 && self.class.is_some_and(|class| class.rebuilt != Rebuilt::No)
    }
}

impl Folder<'_> {
    fn is_taken_as_is(&self) -> bool {
        let id = self.hub_id.unwrap_or_default().to_ascii_lowercase();
        FILE_AS_IS.iter().any(|start| id.starts_with(start))
    }

    fn doubt(&self, class: &str, generation: Generation) -> Option<String> {
        if generation == Generation::V5 && NOT_REPRODUCED.iter().any(|(name, _)| *name == class) {
            return Some(format!(
                "{generation} builds {class} anew, which is not reproduced: the file is taken as it is"
            ));
        }
        if generation == Generation::V4 && class == "TokenizersBackend" && self.tokenizer_config.contains_key("backend")
        {
            return Some(format!("saved by transformers 5, which {generation} cannot load"));
        }
        let custom = self.tokenizer_config.get("auto_map").is_some_and(|map| match map {
            Value::Object(map) => map.get("AutoTokenizer").is_some_and(|class| !class.is_null()),
            other => !other.is_null(),
        });
        if custom {
            return Some("the folder brings code of its own to tokenize with (auto_map)".to_owned());
        }
        if generation == Generation::V5 && self.tokenizer_config.get("fix_mistral_regex") == Some(&Value::Bool(true)) {
            return Some("fix_mistral_regex changes the split, which is not reproduced".to_owned());
        }
        None
    }
}

/// The parts of the file the class may replace.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    pub normalizer: Value,
    pub pre_tokenizer: Value,
    pub post_processor: Value,
    pub flags: Flags,
}

impl Pipeline {
    /// Puts the class's own normalizer and pre-tokenizer in place of the file's.
    pub(super) fn rebuild(&mut self, loader: &Loader, config: &Map<String, Value>, generation: Generation) {
        let prefix_space = config.get("add_prefix_space");
        if generation == Generation::V4 {
            // `PreTrainedTokenizerFast.__init__` sets a plain ByteLevel to the config's word; `null`
            // makes that fail, and the failure is passed over.
            let wanted = prefix_space.cloned().unwrap_or(Value::Bool(false));
            if self.pre_tokenizer["type"] == "ByteLevel" && wanted.is_boolean() {
                self.pre_tokenizer["add_prefix_space"] = wanted;
            }
            return;
        }
        let Some(class) = loader.class.filter(|class| class.rebuilt != Rebuilt::No) else {
            return;
        };
        let prefix_space = prefix_space.and_then(Value::as_bool);
        let bytes = |use_regex: bool| {
            json!({"type": "ByteLevel", "add_prefix_space": prefix_space.unwrap_or(false), "trim_offsets": true,
                   "use_regex": use_regex})
        };
        let sequence = |steps: &[Value]| json!({"type": "Sequence", "pretokenizers": steps});
        self.flags = Flags::default();
        (self.normalizer, self.pre_tokenizer) = match class.rebuilt {
            Rebuilt::No => return,
            Rebuilt::Llama => {
                self.flags.fuse_unk = true;
                self.flags.byte_fallback = true;
                let legacy = config.get("legacy").is_some_and(truthy);
                let scheme = match (prefix_space, legacy) {
                    (Some(false), _) => "never",
                    (_, true) => "always",
                    (_, false) => "first",
                };
                let metaspace = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme,
                                       "split": false});
                (Value::Null, metaspace)
            }
            Rebuilt::Gemma => {
                self.flags.fuse_unk = true;
                self.flags.byte_fallback = true;
                let named = config.get("unk_token").and_then(text_of);
                self.flags.unk_token = Some(named.unwrap_or("<unk>").to_owned());
                (
                    json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"}),
                    json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                           "invert": false}),
                )
            }
            Rebuilt::Split(expression) => {
                let split = json!({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated",
                                   "invert": false});
                (json!({"type": "NFC"}), sequence(&[split, bytes(false)]))
            }
            Rebuilt::Gpt2 { composed } => {
                let normalizer = if composed { json!({"type": "NFC"}) } else { Value::Null };
                (normalizer, bytes(true))
            }
            Rebuilt::Cohere => {
                let digits = json!({"type": "Digits", "individual_digits": true});
                (json!({"type": "NFC"}), sequence(&[digits, bytes(true)]))
            }
        };
    }

    /// Puts the class's own post-processor in place of the file's, or the one a caller asked for.
    /// `special` gives the text and id of a named token.
    pub(super) fn rebuild_post_processor(
        &mut self,
        loader: &Loader,
        config: &Map<String, Value>,
        asked: Option<(bool, bool)>,
        generation: Generation,
        special: impl Fn(&str) -> Option<(String, u32)>,
    ) {
        let (bos, eos) = match (generation, loader.class) {
            // transformers 5 takes these words out of the config, but not out of a call.
            (Generation::V5, _) if asked.is_some() && !OWN_POST_PROCESSOR.contains(&loader.name.as_str()) => {
                asked.unwrap_or_default()
            }
            (Generation::V4, Some(class)) => {
                let Some(adds) = class.v4_adds else { return };
                let says = |key: &str, default: bool| match config.get(key) {
                    None => default,
                    Some(value) => truthy(value),
                };
                (says("add_bos_token", adds.0), says("add_eos_token", adds.1))
            }
            // `GPTNeoXTokenizer` asks for its post-processor anew after the config's words were
            // taken out of it.
            (Generation::V5, Some(class)) if class.name == "GPTNeoXTokenizer" => (false, false),
            _ => return,
        };
        let (bos, eos) = (
            bos.then(|| special("bos_token")).flatten(),
            eos.then(|| special("eos_token")).flatten(),
        );
        let mut single = Vec::new();
        let mut tokens = Map::new();
        let mut add = |token: Option<(String, u32)>, single: &mut Vec<Value>| {
            let Some((text, id)) = token else { return };
            single.push(json!({"SpecialToken": {"id": text, "type_id": 0}}));
            tokens.insert(text.clone(), json!({"id": text, "ids": [id], "tokens": [text]}));
        };
        add(bos, &mut single);
        single.push(json!({"Sequence": {"id": "A", "type_id": 0}}));
        add(eos, &mut single);
        let mut pair = single.clone();
        pair.push(json!({"Sequence": {"id": "B", "type_id": 1}}));
        self.post_processor = json!({"type": "TemplateProcessing", "single": single, "pair": pair,
                                     "special_tokens": tokens});
    }
}

/// Classes of transformers 5.23 that set their post-processor once the base class is done, so that what is asked of
/// that is lost (`models/*/tokenization_*.py`).
const OWN_POST_PROCESSOR: &[&str] = &[
    "BertTokenizer",
    "BigBirdTokenizer",
    "CLIPTokenizer",
    "CamembertTokenizer",
    "DebertaTokenizer",
    "DebertaV2Tokenizer",
    "EsmcTokenizer",
    "FunnelTokenizer",
    "HerbertTokenizer",
    "LasrTokenizer",
    "LayoutLMv2Tokenizer",
    "LayoutLMv3Tokenizer",
    "LayoutXLMTokenizer",
    "LukeTokenizer",
    "MPNetTokenizer",
    "MarkupLMTokenizer",
    "NougatTokenizer",
    "PegasusTokenizer",
    "RemBertTokenizer",
    "RobertaTokenizer",
    "T5Tokenizer",
    "UdopTokenizer",
    "XGLMTokenizer",
    "XLMRobertaTokenizer",
    "XLNetTokenizer",
];

/// Whether Python would take a value for true.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

/// The text of a token given as a string or as an object with `content`.
pub(super) fn text_of(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content").and_then(Value::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `AutoTokenizer.from_pretrained(…, add_eos_token=…)` of transformers 5.23 gives on T5 and on GPT-2.
    #[test]
    fn a_class_with_a_post_processor_of_its_own_is_not_asked() {
        let after = |name: &str| {
            let loader = Loader {
                name: name.to_owned(),
                class: None,
                doubt: None,
            };
            let mut pipeline = Pipeline {
                normalizer: Value::Null,
                pre_tokenizer: Value::Null,
                post_processor: json!("the file's"),
                flags: Flags::default(),
            };
            let special = |name: &str| (name == "eos_token").then(|| ("</s>".to_owned(), 1));
            pipeline.rebuild_post_processor(&loader, &Map::new(), Some((true, true)), Generation::V5, special);
            pipeline.post_processor
        };
        assert_eq!(after("T5Tokenizer"), json!("the file's"));
        let asked = after("PreTrainedTokenizer");
        assert_eq!(asked["single"][1]["SpecialToken"]["id"], "</s>");
    }
}
