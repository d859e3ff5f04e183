//! A case's tokenizer and templates.

use std::path::Path;

use gonogo::encode::kit::{Kit, KitError, Load};
use gonogo::encode::template::Clock;
use gonogo::encode::tokenizer::{Generation, Side};

use super::case::{Case, Outcome};

/// Loads what the case names, with the clock it froze and what it set after loading.
pub(crate) fn load(case: &Case) -> Result<Kit, Outcome> {
    let folder = case.tokenizer()?;
    let now = case.config["now"].as_str().unwrap_or("2024-07-26T13:05:09");
    let generation = if case.is_legacy() {
        Generation::V4
    } else {
        Generation::V5
    };
    let clock = Clock::Fixed(now.parse().expect("a moment"));
    let keywords = case.config["tokenizer_kwargs"].as_object().cloned().unwrap_or_default();
    let load = Load {
        path: &folder,
        hub_id: None,
        chat_template: None,
        generation,
        clock,
    };
    let mut kit = Kit::load_with(load, keywords).map_err(|error| Outcome::Differs(error.to_string()))?;
    for (name, value) in case.config["tokenizer_set"].as_object().into_iter().flatten() {
        let text = value.as_str().expect("attributes of tokenizers are strings");
        match name.as_str() {
            "padding_side" => kit.set_padding_side(if text == "left" { Side::Left } else { Side::Right }),
            "chat_template" => kit.set_template(text),
            name if name.ends_with("_token") => kit.set_token(name, text),
            name => return Err(Outcome::Unsupported(format!("tokenizer_set {name}"))),
        }
    }
    Ok(kit)
}

/// The tokenizer of a folder, as that generation of transformers loads it.
pub(crate) fn open(folder: &Path, generation: Generation, clock: Clock) -> Result<Kit, KitError> {
    Kit::load(Load {
        path: folder,
        hub_id: None,
        chat_template: None,
        generation,
        clock,
    })
}
