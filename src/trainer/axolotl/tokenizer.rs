//! What axolotl does to a tokenizer after loading it (`loaders/tokenizer.py`, `load_tokenizer`;
//! `utils/config/__init__.py`, `normalize_config`, for what the model is derived from).

use std::sync::Arc;

use serde_json::Value as Json;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{AddedToken, Generation, Side};
use crate::model::encoded::EncodeError;
use crate::trainer::SitePackages;
use crate::trainer::failure::{raises, unsupported};

use super::options::Options;
use super::templates;

/// The token Llama's tokenizers pad with where they have none.
const LLAMA_EOS: &str = "</s>";

/// The tokenizer as axolotl has it: special tokens and templates of the config in place, and a pad
/// token wherever there is an EOS.
///
/// # Errors
///
/// What axolotl raises for a token or a template, or what is not reproduced.
pub fn prepare(kit: &Arc<Kit>, options: &Options, packages: &SitePackages) -> Result<Arc<Kit>, EncodeError> {
    let mut named: Vec<(String, String)> = Vec::new();
    let mut extra = Vec::new();
    for (name, value) in options.special_tokens.iter().flatten() {
        match value {
            Json::Null => {}
            Json::Array(tokens) if name == "additional_special_tokens" => {
                extra.extend(tokens.iter().filter_map(Json::as_str).map(AddedToken::special));
            }
            Json::String(token) => named.push((name.clone(), token.clone())),
            _ => return Err(raises("TypeError", format!("special_tokens.{name} is no text"))),
        }
    }
    let mut calls: Vec<Vec<AddedToken>> = named
        .iter()
        .map(|(_, token)| vec![AddedToken::special(token.clone())])
        .collect();
    if let Some(tokens) = &options.tokens {
        let plain = |token: &String| AddedToken {
            special: false,
            ..AddedToken::special(token.clone())
        };
        calls.push(tokens.iter().map(plain).collect());
    }
    if !extra.is_empty() {
        calls.push(extra);
    }
    let own_pad = || kit.text_of("pad_token");
    let facts = kit.facts();
    let is_llama = matches!(facts.class.as_str(), "LlamaTokenizer" | "CodeLlamaTokenizer");
    let is_neox = facts.class == "GPTNeoXTokenizer" && facts.generation == Generation::V4;
    if is_neox {
        calls.insert(0, vec![AddedToken::special("[PAD]")]);
    }
    let updates_post_processor = is_llama
        && facts.generation == Generation::V4
        && ["bos_token", "eos_token"]
            .iter()
            .all(|wanted| named.iter().any(|(name, _)| name == wanted));
    if updates_post_processor {
        return Err(unsupported(
            "special_tokens with a BOS and an EOS of one's own, under transformers 4",
        ));
    }
    let mut made = kit
        .with_tokens(&calls)
        .map_err(|error| raises("OSError", error.to_string()))?;
    if is_llama && own_pad().is_none_or(|pad| pad.is_empty()) {
        made.set_token("pad_token", LLAMA_EOS);
    }
    if is_neox {
        made.set_token("pad_token", "[PAD]");
    }
    for (name, token) in &named {
        made.set_token(name, token);
    }
    if made.text_of("pad_token").is_none()
        && let Some(eos) = made.text_of("eos_token")
    {
        made.set_token("pad_token", &eos);
    }
    if options.is_mistral() && options.attention() == Some("flash_attention_2") && options.sample_packing != Some(true)
    {
        made.set_padding_side(Side::Left);
    }
    let choice = options.chat_template.as_deref().filter(|choice| !choice.is_empty());
    let jinja = options.chat_template_jinja.as_deref().filter(|jinja| !jinja.is_empty());
    // `check_chat_template_config` makes a template that is given the one in force.
    if let Some(choice) = choice.or(jinja.map(|_| "jinja")) {
        let chosen = templates::chosen(&made, choice, jinja, packages)?;
        if chosen.template.is_some() {
            let message = options.default_system_message.as_deref().filter(|_| choice == "chatml");
            made.set_template(match message {
                Some(message) => chosen.source.replace("You are a helpful assistant.", message),
                None => chosen.source,
            });
        }
    }
    Ok(Arc::new(made))
}

impl Options {
    /// `is_mistral_derived_model`, as `normalize_config` settles it.
    fn is_mistral(&self) -> bool {
        let contains = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains("mistral"));
        self.model_config_type.as_deref() == Some("mistral")
            || self.is_mistral_derived_model == Some(true)
            || contains(self.base_model.as_deref().and_then(|name| name.rsplit('/').next()))
            || contains(self.type_of_model.as_deref())
    }
}
