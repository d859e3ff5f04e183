//! A tokenizer that a config takes from another family than its model.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::encode::kit::Kit;
use crate::encode::tokenizer::ModelFacts;
use crate::model::config::{ConfigFacts, ConfigValue, Fault, FaultKind};

/// What is to be said of it, where it is certain.
pub(super) fn fault(config: &ConfigFacts, kit: &Kit) -> Option<Fault> {
    let (key, message) = match config.program.as_str() {
        "axolotl" => of_folders(config, kit)?,
        "torchtune" => of_components(config)?,
        _ => return None,
    };
    Some(Fault {
        kind: FaultKind::ForeignTokenizer,
        key: key.key.clone(),
        at: key.origin.to_string(),
        message,
    })
}

/// axolotl's `tokenizer_config`, in the folder of a model of another type and another vocabulary than `base_model`.
fn of_folders<'c>(config: &'c ConfigFacts, kit: &Kit) -> Option<(&'c ConfigValue, String)> {
    let key = config.on("tokenizer_config")?;
    let base = config.on("base_model")?.value.as_str()?;
    let folder = Path::new(base);
    // From the folder it is started in, else from the config's.
    let beside = Path::new(&config.path).parent().map(|parent| parent.join(base));
    let text = [Some(folder.to_owned()), beside]
        .into_iter()
        .flatten()
        .find_map(|folder| std::fs::read_to_string(folder.join("config.json")).ok())?;
    let own: Map<String, Json> = serde_json::from_str(&text).ok()?;
    let (own, other) = (ModelFacts::read(&own, &Map::new()), &kit.facts().model);
    let (own_type, other_type) = (own.model_type?, other.model_type.as_ref()?);
    let (own_size, other_size) = (own.vocab_size?, other.vocab_size?);
    if own_type == *other_type || own_size == other_size {
        return None;
    }
    let message = format!(
        "the tokenizer is that of a {other_type} model with a vocabulary of {other_size}, and base_model is a {own_type} \
         model with one of {own_size}: each id is another token to it"
    );
    Some((key, message))
}

/// torchtune's builders of a model and a tokenizer, which stand in the module of their family.
fn of_components(config: &ConfigFacts) -> Option<(&ConfigValue, String)> {
    let component = |key: &str| config.on(key).and_then(|found| Some((found, found.value.as_str()?)));
    let (_, model) = component("model._component_")?;
    let (key, tokenizer) = component("tokenizer._component_")?;
    if vocabulary(model)? == vocabulary(tokenizer)? {
        return None;
    }
    Some((
        key,
        format!("{tokenizer} is not the tokenizer of {model}: each id is another token to it"),
    ))
}

/// Which vocabulary the models of a family have (`torchtune/models` of 0.6.1).
fn vocabulary(component: &str) -> Option<&'static str> {
    let family = component.strip_prefix("torchtune.models.")?.split('.').next()?;
    Some(match family {
        "llama2" | "code_llama2" => "llama2",
        "llama3" | "llama3_1" | "llama3_2" | "llama3_2_vision" | "llama3_3" => "llama3",
        "gemma" | "gemma2" => "gemma",
        "mistral" => "mistral",
        "phi3" => "phi3",
        "phi4" => "phi4",
        "qwen2" | "qwen2_5" => "qwen2",
        _ => return None,
    })
}
