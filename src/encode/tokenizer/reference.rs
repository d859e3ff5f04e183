//! The reference engine: the library the trainers use, in the release they use.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokenizers::{AddedToken, Tokenizer};

use super::added_vocabulary::AddedVocabulary;
use super::engine::{EncodeError, Engine};
use super::file::Flags;
use super::generation::Pipeline;
use super::spelling::Spelling;
use super::tokens::{Detail, Tokens};
use crate::guard::guarded;

/// `tokenizers` 0.23, set up as transformers sets it up.
pub(super) struct Reference {
    inner: Tokenizer,
    spelling: Spelling,
}

impl Reference {
    /// Loads the file with the parts transformers replaces replaced. Truncation and padding saved
    /// inside the file are off.
    pub(super) fn new(
        text: &str,
        pipeline: &Pipeline,
        added: &AddedVocabulary,
        split_special_tokens: bool,
        spelling: Spelling,
    ) -> Result<Self, String> {
        let composed = compose(text, pipeline).map_err(|error| error.to_string())?;
        // The library takes files at their word, and panics where Python's raises a PanicException.
        let inner =
            guarded(|| Self::load(&composed, added, split_special_tokens)).map_err(|said| panicked(&said))??;
        Ok(Self { inner, spelling })
    }

    fn load(composed: &str, added: &AddedVocabulary, split_special_tokens: bool) -> Result<Tokenizer, String> {
        let mut inner: Tokenizer = composed.parse().map_err(|error: tokenizers::Error| error.to_string())?;
        for call in added.calls() {
            let tokens = call.iter().map(|token| AddedToken {
                content: token.content.clone(),
                single_word: token.single_word,
                lstrip: token.lstrip,
                rstrip: token.rstrip,
                normalized: token.normalized,
                special: token.special,
            });
            inner.add_tokens(tokens).map_err(|error| error.to_string())?;
        }
        inner.set_encode_special_tokens(split_special_tokens);
        Ok(inner)
    }
}

fn panicked(said: &str) -> String {
    format!("the tokenizers library gives up on it, as it does in Python: {said}")
}

/// A call into the library, of which a panic is an error.
fn called<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, EncodeError> {
    match guarded(call) {
        Ok(result) => result.map_err(|error| EncodeError(error.to_string())),
        Err(said) => Err(EncodeError(panicked(&said))),
    }
}

impl Reference {
    pub(super) fn decode(&self, ids: &[u32]) -> Result<String, EncodeError> {
        called(|| self.inner.decode(ids, false))
    }
}

/// The file's text with its small parts replaced; the large ones are passed on unread.
fn compose(text: &str, pipeline: &Pipeline) -> serde_json::Result<String> {
    let file: HashMap<String, &RawValue> = serde_json::from_str(text)?;
    let raw = |name: &str| file.get(name).map_or("null", |part| part.get());
    let mut model: HashMap<String, &RawValue> = serde_json::from_str(raw("model"))?;
    let mut composed = String::with_capacity(text.len() + 1024);
    let small = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": pipeline.normalizer, "pre_tokenizer": pipeline.pre_tokenizer,
        "post_processor": pipeline.post_processor,
    });
    composed.push_str(open(&small.to_string()));
    composed.push_str(",\"decoder\":");
    composed.push_str(raw("decoder"));
    composed.push_str(",\"model\":");
    let is_bpe = model.get("type").is_some_and(|kind| kind.get() == "\"BPE\"");
    if !is_bpe {
        composed.push_str(raw("model"));
        composed.push('}');
        return Ok(composed);
    }
    let flags = flags(&pipeline.flags);
    composed.push_str(open(&Value::Object(flags.clone()).to_string()));
    // The type first, as the library may need it to know the rest.
    model.retain(|name, _| !flags.contains_key(name));
    let mut parts: Vec<(String, &RawValue)> = model.into_iter().collect();
    parts.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, part) in parts {
        composed.push(',');
        composed.push_str(&Value::String(name).to_string());
        composed.push(':');
        composed.push_str(part.get());
    }
    composed.push_str("}}");
    Ok(composed)
}

/// An object without its last brace, so that more can follow.
fn open(object: &str) -> &str {
    object.strip_suffix('}').unwrap_or(object)
}

/// A model's flags as the file would have them.
fn flags(flags: &Flags) -> Map<String, Value> {
    let value = json!({
        "type": "BPE", "dropout": flags.dropout, "unk_token": flags.unk_token,
        "continuing_subword_prefix": flags.continuing_subword_prefix, "end_of_word_suffix": flags.end_of_word_suffix,
        "fuse_unk": flags.fuse_unk, "byte_fallback": flags.byte_fallback, "ignore_merges": flags.ignore_merges,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Engine for Reference {
    fn encode(&self, text: &str, add_special: bool, detail: Detail, out: &mut Tokens) -> Result<bool, EncodeError> {
        out.clear();
        if detail == Detail::Ids {
            let encoding = called(|| self.inner.encode_fast(text, add_special))?;
            out.ids.extend_from_slice(encoding.get_ids());
            return Ok(true);
        }
        // Characters, not bytes: the library trims white space by counting, and trainers count
        // characters.
        let encoding = called(|| self.inner.encode_char_offsets(text, add_special))?;
        out.ids.extend_from_slice(encoding.get_ids());
        let starts: Option<Vec<usize>> = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        let byte = |at: usize| match &starts {
            Some(starts) => starts.get(at).copied().unwrap_or(text.len()),
            None => at.min(text.len()),
        };
        let narrow = |at: usize| u32::try_from(at).map_err(|_| EncodeError("a text of 4 GiB".to_owned()));
        let marks = encoding.get_special_tokens_mask();
        for (&(start, end), &mark) in encoding.get_offsets().iter().zip(marks) {
            out.offsets.push(if mark == 1 {
                (0, 0)
            } else {
                (narrow(byte(start))?, narrow(byte(end))?)
            });
        }
        let before = marks.iter().take_while(|mark| **mark == 1).count();
        let after = marks[before..].iter().rev().take_while(|mark| **mark == 1).count();
        let own = before..out.ids.len() - after;
        out.extents.resize(before, (0, 0));
        if self.spelling.extents(text, &out.ids[own], &mut out.extents) {
            out.extents.resize(out.ids.len(), (0, 0));
        } else {
            out.extents.clone_from(&out.offsets);
        }
        if detail < Detail::Offsets {
            out.offsets.clear();
        }
        Ok(true)
    }
}
