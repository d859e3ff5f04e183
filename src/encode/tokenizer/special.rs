//! The special tokens a folder names, and the tokens that get added to the vocabulary for them.
//!
//! Follows `_from_pretrained` and `__init__` of transformers 5.23.0 (`tokenization_utils_base.py`,
//! `tokenization_utils_tokenizers.py`) and 4.53.3 (`tokenization_utils_fast.py`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::added_vocabulary::AddedVocabulary;
use super::file::{AddedToken, Entry};
use super::folder::Folder;
use super::generation::{Generation, Loader, text_of};
use super::vocabulary::Vocabulary;

/// The names every tokenizer has, in the order in which transformers keeps them.
pub(super) const NAMES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// What the files say about special tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    /// Name and token, in order; the seven names first.
    pub tokens: Vec<(String, AddedToken)>,
    /// `additional_special_tokens`, `extra_special_tokens`.
    pub extra: Vec<AddedToken>,
    /// `added_tokens_decoder`: what the config wants added, by the id it says.
    decoder: BTreeMap<u64, AddedToken>,
}

impl Named {
    /// Puts together what the files say.
    ///
    /// `pad` is the token padding was saved with inside the tokenizer's file.
    pub(super) fn read(
        folder: &Folder,
        file: &[Entry],
        pad: Option<&str>,
        loader: &Loader,
        generation: Generation,
    ) -> Self {
        let mut config = folder.tokenizer_config.clone();
        let mut decoder = BTreeMap::new();
        if let Some(Value::Object(entries)) = config.get("added_tokens_decoder") {
            for (id, token) in entries {
                if let (Ok(id), Some(token)) = (id.parse(), token_of(token, false)) {
                    decoder.insert(id, token);
                }
            }
        } else {
            read_older(&mut config, folder, file, &mut decoder);
        }
        let by_content: BTreeMap<&str, &AddedToken> =
            decoder.values().map(|token| (token.content.as_str(), token)).collect();
        let known = |token: AddedToken| match by_content.get(token.content.as_str()) {
            Some(known) => (*known).clone(),
            None => token,
        };
        // An explicit null in the config is a token taken away; only a name that is not there
        // falls back to the class.
        let defaults = loader.defaults(generation);
        let mut tokens: Vec<(String, AddedToken)> = NAMES
            .iter()
            .filter_map(|name| {
                let token = match config.get(*name) {
                    Some(value) => token_of(value, true),
                    None => defaults
                        .iter()
                        .find(|(default, _)| default == name)
                        .map(|(_, text)| *text)
                        .or(pad.filter(|_| *name == "pad_token"))
                        .map(AddedToken::special),
                };
                token.map(|token| ((*name).to_owned(), known(token)))
            })
            .collect();
        let mut extra = Vec::new();
        for key in ["extra_special_tokens", "additional_special_tokens"] {
            match config.get(key) {
                Some(Value::Array(items)) if !items.is_empty() => {
                    extra.extend(items.iter().filter_map(|item| token_of(item, true)));
                }
                Some(Value::Object(entries)) if !entries.is_empty() => {
                    let entries = entries
                        .iter()
                        .filter_map(|(name, value)| Some((name, token_of(value, true)?)));
                    tokens.extend(entries.map(|(name, token)| (name.clone(), token)));
                }
                _ => continue,
            }
            // The newer name is the only one transformers 5 looks at, where it says anything.
            if generation == Generation::V5 {
                break;
            }
        }
        if generation == Generation::V5 {
            // `image_token`, `boi_token` and their like.
            for (name, value) in &config {
                let own = name.ends_with("_token") && !NAMES.contains(&name.as_str());
                if own && let Some(text) = value.as_str() {
                    tokens.push((name.clone(), AddedToken::special(text)));
                }
            }
        }
        Self { tokens, extra, decoder }
    }

    pub(super) fn get(&self, name: &str) -> Option<&AddedToken> {
        self.tokens
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, token)| token)
    }

    /// Adds what transformers adds once the file is loaded.
    pub(super) fn add_to(
        &self,
        added: &mut AddedVocabulary,
        vocabulary: &Vocabulary,
        loader: &Loader,
        generation: Generation,
    ) {
        let mut wanted: Vec<AddedToken> = self.decoder.values().cloned().collect();
        let is_named = |token: &AddedToken| self.tokens.iter().any(|(_, named)| named.content == token.content);
        for token in self.tokens.iter().map(|(_, token)| token).chain(&self.extra) {
            let there =
                added.id_of(&token.content).is_some() || wanted.iter().any(|wanted| wanted.content == token.content);
            if !there {
                wanted.push(token.clone());
            }
        }
        let is_special = |token: &AddedToken| {
            let extra = generation == Generation::V4 && self.extra.iter().any(|extra| extra.content == token.content);
            token.special || is_named(token) || extra
        };
        let wanted = wanted.into_iter().map(|token| AddedToken {
            special: is_special(&token),
            ..token
        });
        added.add(wanted, vocabulary);
        if loader.name == "Qwen2Tokenizer" && loader.rebuilds(generation) {
            // Its `__init__` adds all special tokens once more, as bare strings.
            let all = self.tokens.iter().map(|(_, token)| token).chain(&self.extra);
            added.add(all.map(|token| AddedToken::special(token.content.clone())), vocabulary);
        }
    }
}

/// The older layout: names in `special_tokens_map.json`, tokens in `added_tokens.json` and in the
/// tokenizer's own file.
fn read_older(
    config: &mut Map<String, Value>,
    folder: &Folder,
    file: &[Entry],
    decoder: &mut BTreeMap<u64, AddedToken>,
) {
    for (key, value) in &folder.special_tokens_map {
        config.insert(key.clone(), value.clone());
    }
    let named = |content: &str| {
        let extra = ["additional_special_tokens", "extra_special_tokens"].map(|key| config.get(key));
        let mut extra = extra.into_iter().flatten().filter_map(Value::as_array).flatten();
        NAMES
            .iter()
            .any(|name| config.get(*name).and_then(text_of) == Some(content))
            || extra.any(|token| text_of(token) == Some(content))
    };
    for (content, id) in &folder.added_tokens {
        let Some(id) = id.as_u64() else { continue };
        let special = named(content);
        let token = AddedToken {
            content: content.clone(),
            special,
            normalized: !special,
            ..AddedToken::default()
        };
        decoder.insert(id, token);
    }
    // The ids in the file say only in what order the tokens come.
    for entry in file {
        decoder.insert(u64::from(entry.id), entry.token.clone());
    }
}

/// A token given as a string or as an object. Marks that are not there are as in Python's
/// `AddedToken(**value)`.
fn token_of(value: &Value, special: bool) -> Option<AddedToken> {
    let content = text_of(value)?;
    if value.is_string() {
        return Some(AddedToken::special(content));
    }
    let mark = |name: &str, default: bool| value.get(name).and_then(Value::as_bool).unwrap_or(default);
    let special = special || mark("special", false);
    Some(AddedToken {
        content: content.to_owned(),
        single_word: mark("single_word", false),
        lstrip: mark("lstrip", false),
        rstrip: mark("rstrip", false),
        normalized: mark("normalized", !special),
        special,
    })
}
