//! Texts to tokens as torchtune's own tokenizers do it, from the vocabulary of a `tokenizer.json`.
//!
//! torchtune reads `vocab.json` and `merges.txt`, a tiktoken file or a SentencePiece model, and has
//! the rest in its code. The `tokenizer.json` beside them holds the same vocabulary and merges, so a
//! tokenizer is made of these and of what the code says, and nothing else of the file is used.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::encode::kept::Kept;
use crate::encode::tokenizer::{Detail, Folder, Generation, Tokenizer, Tokens};
use crate::model::encoded::EncodeError;
use crate::trainer::failure::{raises, unsupported};

/// `models/qwen2/_tokenizer.py`, `PRETOKENIZE_REGEX`: digits one by one.
const QWEN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// `models/llama3/_tokenizer.py`, `CL100K_PATTERN`: digits by three.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Tells these tokens apart from those of the model's own tokenizer.
const OWN: u64 = 1;

/// What a tokenizer does before its merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// Qwen's split of composed text (NFC), then bytes.
    Qwen,
    /// Llama 3's split, then bytes; a word that is a token is not merged.
    Llama3,
    /// A space in front, and spaces become `▁`.
    Spaces,
}

/// Turns plain text into tokens: no special token is found in it.
pub(super) struct Encoder {
    tokenizer: Tokenizer,
    script: Script,
    kept: Kept,
}

/// The parts of a `tokenizer.json` that are used.
#[derive(Deserialize)]
struct File<'f> {
    #[serde(borrow)]
    model: BTreeMap<String, &'f RawValue>,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
}

/// Added tokens of a `tokenizer.json`, text and id (`parse_hf_tokenizer_json`).
pub(super) fn added_tokens(text: &str) -> Result<Vec<(String, u32)>, EncodeError> {
    let file: File<'_> = serde_json::from_str(text).map_err(|error| raises("JSONDecodeError", error.to_string()))?;
    Ok(file
        .added_tokens
        .into_iter()
        .map(|token| (token.content, token.id))
        .collect())
}

impl Encoder {
    /// # Errors
    ///
    /// If the file has no merges, or its vocabulary is not of this script.
    pub(super) fn new(text: &str, script: Script, kept: &Kept) -> Result<Self, EncodeError> {
        let file: File<'_> =
            serde_json::from_str(text).map_err(|error| unsupported(format!("tokenizer.json: {error}")))?;
        let part = |name: &str| {
            file.model
                .get(name)
                .ok_or_else(|| raises("KeyError", format!("'{name}'")))
        };
        let (vocab, merges) = (part("vocab")?, part("merges")?);
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
        let split = |pattern: &str| {
            let split =
                json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
            json!({"type": "Sequence", "pretokenizers": [split, &bytes]})
        };
        let (normalizer, pre_tokenizer) = match script {
            Script::Qwen => (Json::Null, split(QWEN)),
            Script::Llama3 => (Json::Null, split(LLAMA_3)),
            Script::Spaces => (spaces(), Json::Null),
        };
        let falls_back = script == Script::Spaces;
        let merges_words = script != Script::Llama3;
        let unknown = if falls_back { "\"<unk>\"" } else { "null" };
        let made = format!(
            r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {normalizer},
            "pre_tokenizer": {pre_tokenizer}, "post_processor": null, "decoder": null, "model": {{"type": "BPE",
            "dropout": null, "unk_token": {unknown}, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": {falls_back}, "byte_fallback": {falls_back}, "ignore_merges": {}, "vocab": {vocab}, "merges": {merges}}}}}"#,
            !merges_words
        );
        let folder = Folder {
            text: made,
            ..Folder::default()
        };
        let tokenizer = Tokenizer::from_folder(folder, None, Generation::V5, &[]);
        let tokenizer = tokenizer.map_err(|error| unsupported(format!("the vocabulary: {error}")))?;
        let kept = kept.apart(OWN);
        let encoder = Self {
            tokenizer,
            script,
            kept,
        };
        encoder.check()?;
        Ok(encoder)
    }

    /// A byte without a token would be `None` among the ids, or be left out.
    fn check(&self) -> Result<(), EncodeError> {
        let missing = match self.script {
            Script::Qwen | Script::Llama3 => ["!", "Ġ", "Ċ", "ÿ", "Ń"].iter().find(|byte| self.id_of(byte).is_none()),
            Script::Spaces => ["▁", "<0x0A>", "<0xFF>"].iter().find(|byte| self.id_of(byte).is_none()),
        };
        match missing {
            Some(byte) => Err(unsupported(format!("a vocabulary without the byte {byte}"))),
            None => Ok(()),
        }
    }

    /// The id of a token of the vocabulary.
    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.tokenizer.id_of(token)
    }

    pub(super) fn encode(&self, text: &str, tokens: &mut Tokens) -> Result<(), EncodeError> {
        let encode = |tokens: &mut Tokens| self.tokenizer.encode(text, false, Detail::Extents, tokens);
        let encoded = self.kept.tokens((text, false, Detail::Extents), tokens, encode);
        encoded.map_err(|error| raises("TokenizerError", error.to_string()))
    }
}

/// `Prepend` and `Replace`, as SentencePiece escapes white space.
fn spaces() -> Json {
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]})
}

/// The text composed, where it is not; `None` where it is.
pub(super) fn composed(text: &str) -> Option<String> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return None;
    }
    let composed: String = text.nfc().map(|(char, _)| char).collect();
    (composed != text).then_some(composed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_composed_where_it_is_not() {
        assert_eq!(composed("cafe\u{301}").as_deref(), Some("café"));
        assert_eq!(composed("café"), None);
    }

    #[test]
    fn a_vocabulary_without_merges_is_refused() {
        let error = Encoder::new(r#"{"model": {"vocab": {}}}"#, Script::Qwen, &Kept::default())
            .err()
            .expect("no merges");
        assert_eq!(error.class, "KeyError");
    }
}
