//! Which tokenizers the fast engine takes, decided by their structure.
//!
//! Everything that is looked at by name here was compared with the reference; a tokenizer with
//! anything else in it is refused with the reason, and encoded by the reference.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::AhoCorasick;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use serde_json::Value;

use super::added::Added;
use super::joins::Joins;
use super::merges::{BadMerge, MOST_IDS, MOST_MERGES, Merges};
use super::metaspace::{Metaspace, Prefix, SPACE};
use super::pattern::Pattern;
use super::split::Splitter;
use super::stretches::Stretches;
use super::{Fast, Kind};
use crate::encode::tokenizer::added_vocabulary::AddedVocabulary;
use crate::encode::tokenizer::alphabet;
use crate::encode::tokenizer::file::{Flags, Merge};
use crate::encode::tokenizer::generation::Pipeline;
use crate::encode::tokenizer::post::Post;
use crate::encode::tokenizer::vocabulary::Vocabulary;

/// GPT-2's own split, which `ByteLevel` has built in (tokenizers 0.23 `byte_level.rs`).
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Why there is no fast engine for a tokenizer.
#[derive(Debug)]
pub(in crate::encode::tokenizer) enum Refused {
    /// It is outside what is proven.
    Unproven(String),
    /// The library would not load it either.
    Invalid(BadMerge),
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self::Unproven(reason)
    }
}

/// The parts of a tokenizer the engine is made from.
pub(in crate::encode::tokenizer) struct Parts<'p> {
    /// `BPE`.
    pub(in crate::encode::tokenizer) kind: &'p str,
    pub(in crate::encode::tokenizer) pipeline: &'p Pipeline,
    pub(in crate::encode::tokenizer) vocabulary: &'p Arc<Vocabulary>,
    pub(in crate::encode::tokenizer) merges: &'p [Merge<'p>],
    pub(in crate::encode::tokenizer) added: &'p AddedVocabulary,
}

impl Fast {
    /// Makes the engine, or says why not.
    pub(in crate::encode::tokenizer) fn new(parts: &Parts<'_>) -> Result<Self, Refused> {
        let Parts {
            pipeline,
            vocabulary,
            added,
            ..
        } = parts;
        if parts.kind != "BPE" {
            return Err(format!("a model of the type {:?}", parts.kind).into());
        }
        model(&pipeline.flags)?;
        if vocabulary.is_ambiguous() {
            return Err("two tokens with one id".to_owned().into());
        }
        if vocabulary.end() > MOST_IDS {
            return Err(format!("ids of {MOST_IDS} and more").into());
        }
        if parts.merges.len() > MOST_MERGES {
            return Err(format!("more than {MOST_MERGES} merges").into());
        }
        let post = Post::read(&pipeline.post_processor)?;
        // Both look through the whole vocabulary, which is most of what loading takes.
        let merges = || Merges::new(vocabulary, parts.merges).map_err(Refused::Invalid);
        let (kind, merges) = rayon::join(|| kind(pipeline, vocabulary, added, &post), merges);
        let (kind, mut merges) = (kind?, merges?);
        if let Kind::Spaces { metaspace, .. } = &kind
            && merges.touches(metaspace.byte_ids())
        {
            return Err("merges of byte tokens".to_owned().into());
        }
        if let Kind::Bytes { ids, .. } = &kind {
            merges.know_bytes(ids);
        }
        let length = |token: &str| match kind {
            // A token outside the alphabet is never made from a text.
            Kind::Bytes { .. } => token.chars().count(),
            Kind::Spaces { .. } => token.len() - token.matches(SPACE).count() * (SPACE.len_utf8() - 1),
        };
        let mut lengths = vec![0; vocabulary.end()].into_boxed_slice();
        for (token, id) in vocabulary.iter() {
            let length =
                u16::try_from(length(token)).map_err(|_| format!("the token {id} is {} bytes", token.len()))?;
            lengths[id as usize] = length;
        }
        if let Kind::Spaces { metaspace, .. } = &kind {
            for id in metaspace.byte_ids() {
                lengths[*id as usize] = 1;
            }
        }
        let tables = (Arc::new(merges), lengths.into());
        Ok(Self::of(kind, tables, pipeline, vocabulary, added, post)?)
    }

    /// The engine of the same model under another pipeline, with the same tables; `None` where they cannot be shared.
    pub(in crate::encode::tokenizer) fn under(
        &self,
        pipeline: &Pipeline,
        vocabulary: &Arc<Vocabulary>,
        added: &AddedVocabulary,
    ) -> Option<Self> {
        let Kind::Bytes { joins, .. } = &self.kind else {
            return None;
        };
        if model(&pipeline.flags).is_err() || spaces(pipeline).is_some() {
            return None;
        }
        let kind = bytes(pipeline, vocabulary, added, || Arc::clone(joins)).ok()?;
        let post = Post::read(&pipeline.post_processor).ok()?;
        let tables = (Arc::clone(&self.merges), Arc::clone(&self.lengths));
        Self::of(kind, tables, pipeline, vocabulary, added, post).ok()
    }

    fn of(
        kind: Kind,
        (merges, lengths): (Arc<Merges>, Arc<[u16]>),
        pipeline: &Pipeline,
        vocabulary: &Arc<Vocabulary>,
        added: &AddedVocabulary,
        post: Post,
    ) -> Result<Self, String> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Ok(Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            added: Added::new(added.iter())?,
            kind,
            merges,
            lengths,
            whole: pipeline.flags.ignore_merges.then(|| Arc::clone(vocabulary)),
            post,
            stretches: Stretches::default(),
        })
    }
}

fn kind(pipeline: &Pipeline, vocabulary: &Vocabulary, added: &AddedVocabulary, post: &Post) -> Result<Kind, String> {
    let Some((prefix, split)) = spaces(pipeline) else {
        return bytes(pipeline, vocabulary, added, || Arc::new(Joins::new(vocabulary, spell)));
    };
    if post.trim.is_some() || pipeline.flags.ignore_merges || !pipeline.flags.byte_fallback {
        return Err("spaces as ▁ without byte fallback, or with whole words".to_owned());
    }
    Ok(Kind::Spaces {
        metaspace: Box::new(Metaspace::new(vocabulary, prefix, split)?),
        unless: Some(unless(added, !pipeline.normalizer.is_null())?),
    })
}

/// What the engine does not do.
fn model(flags: &Flags) -> Result<(), String> {
    let set = |affix: &Option<String>| affix.as_ref().is_some_and(|affix| !affix.is_empty());
    if flags.dropout.is_some_and(|chance| chance > 0.0) {
        return Err("dropout, which gives other tokens each time".to_owned());
    }
    if set(&flags.continuing_subword_prefix) || set(&flags.end_of_word_suffix) {
        return Err("word prefixes or suffixes".to_owned());
    }
    Ok(())
}

/// Texts left to the reference: those with a `▁`, and those with a token that is looked for after
/// normalization has put a `▁` into it.
fn unless(added: &AddedVocabulary, normalizes: bool) -> Result<AhoCorasick, String> {
    let space = SPACE.to_string();
    let tokens = added.iter().map(|(token, _)| token);
    let tokens: Vec<&str> = tokens
        .filter(|token| normalizes && token.normalized)
        .map(|token| token.content.as_str())
        .collect();
    // Such a token is found where the text has spaces, not what the token's own text says.
    if tokens.iter().any(|token| token.contains([SPACE, ' '])) {
        return Err("an added token with a space that is normalized".to_owned());
    }
    AhoCorasick::new(std::iter::once(space.as_str()).chain(tokens)).map_err(|error| error.to_string())
}

/// The kind of model that writes spaces as `▁`, if it is one: where a space is put before a text,
/// and whether every space starts a word.
pub(in crate::encode::tokenizer) fn spaces(pipeline: &Pipeline) -> Option<(Prefix, bool)> {
    let is_replace =
        |step: &Value| step["type"] == "Replace" && step["pattern"]["String"] == " " && step["content"] == "▁";
    let normalizer = &pipeline.normalizer;
    let steps = match normalizer["normalizers"].as_array() {
        Some(steps) if normalizer["type"] == "Sequence" => steps.as_slice(),
        _ if normalizer.is_null() => &[],
        _ => std::slice::from_ref(normalizer),
    };
    let (prefix, replaced) = match steps {
        [] => (Prefix::Never, false),
        [replace] if is_replace(replace) => (Prefix::Never, true),
        [prepend, replace] if prepend["type"] == "Prepend" && prepend["prepend"] == "▁" && is_replace(replace) => {
            (Prefix::Always, true)
        }
        _ => return None,
    };
    let pre = &pipeline.pre_tokenizer;
    match pre["type"].as_str() {
        None if pre.is_null() && replaced => Some((prefix, false)),
        // No space is left to split at.
        Some("Split") if replaced && pre["pattern"]["String"] == " " && pre["invert"] != true => Some((prefix, false)),
        Some("Metaspace") if prefix == Prefix::Never && pre["replacement"] == "▁" => {
            let scheme = match (&pre["add_prefix_space"], pre["prepend_scheme"].as_str()) {
                (Value::Bool(false), _) | (_, Some("never")) => Prefix::Never,
                (_, None | Some("always")) => Prefix::UnlessThere,
                (_, Some("first")) => Prefix::FirstUnlessThere,
                _ => return None,
            };
            Some((scheme, pre["split"].as_bool().unwrap_or(true)))
        }
        _ => None,
    }
}

/// A model over bytes.
fn bytes(
    pipeline: &Pipeline,
    vocabulary: &Vocabulary,
    added: &AddedVocabulary,
    joins: impl FnOnce() -> Arc<Joins>,
) -> Result<Kind, String> {
    let normalizer = &pipeline.normalizer;
    let is_nfc = |step: &Value| step["type"] == "NFC";
    let composed = match normalizer["normalizers"].as_array() {
        _ if normalizer.is_null() => false,
        Some(steps) if steps.iter().all(is_nfc) => !steps.is_empty(),
        None if is_nfc(normalizer) => true,
        _ => return Err(format!("the normalizer {}", shown(normalizer))),
    };
    if composed {
        let changed = added
            .iter()
            .find(|(token, _)| token.normalized && !super::nfc::leaves_alone(&token.content));
        if let Some((token, _)) = changed {
            return Err(format!(
                "the added token {:?}, which normalization changes",
                token.content
            ));
        }
    }
    let mut stages = Vec::new();
    let mut ended = false;
    steps(&pipeline.pre_tokenizer, &mut |step| {
        if ended {
            return Err("a step after ByteLevel".to_owned());
        }
        match step["type"].as_str().unwrap_or_default() {
            "Split" if step["behavior"] == "Isolated" && step["invert"] == false => {
                let expression = step["pattern"]["Regex"].as_str().ok_or("a split at a fixed text")?;
                stages.push(Pattern::new(expression)?);
            }
            "Digits" => {
                let alone = step["individual_digits"].as_bool().ok_or("digits of no known kind")?;
                stages.push(Pattern::runs(&numeric(), !alone)?);
            }
            "ByteLevel" => {
                ended = true;
                if step["add_prefix_space"] != false {
                    return Err("a space before every text".to_owned());
                }
                if step["use_regex"].as_bool().unwrap_or(true) {
                    stages.push(Pattern::new(GPT2)?);
                }
            }
            _ => return Err(format!("the pre-tokenizer {}", shown(step))),
        }
        Ok(())
    })?;
    if !ended {
        return Err("no ByteLevel".to_owned());
    }
    let mut ids = Box::new([0; 256]);
    for (byte, id) in (0..=u8::MAX).zip(ids.iter_mut()) {
        let char = alphabet::char_of(byte);
        let found = vocabulary.id_of(char.encode_utf8(&mut [0; 4]));
        *id = found.ok_or_else(|| format!("no token for the byte {byte}"))?;
    }
    Ok(Kind::Bytes {
        splitter: Splitter::new(stages),
        composed,
        ids,
        joins: joins(),
    })
}

/// The bytes of a token in the byte alphabet; a token with other characters is never made.
fn spell(token: &str, bytes: &mut Vec<u8>) -> bool {
    token.chars().all(|char| {
        let byte = alphabet::byte_of(char);
        bytes.extend(byte);
        byte.is_some()
    })
}

/// Calls `each` with every step of a pre-tokenizer, sequences taken apart.
fn steps(value: &Value, each: &mut dyn FnMut(&Value) -> Result<(), String>) -> Result<(), String> {
    if value["type"] != "Sequence" {
        return each(value);
    }
    let list = value["pretokenizers"].as_array().ok_or("a sequence without steps")?;
    list.iter().try_for_each(|step| steps(step, each))
}

/// What Rust's `char::is_numeric` holds for a number, which is what `Digits` asks.
fn numeric() -> ClassUnicode {
    let all = ('\0'..=char::MAX).filter(|char| char.is_numeric());
    ClassUnicode::new(all.map(|char| ClassUnicodeRange::new(char, char)))
}

/// A value, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let end = text.floor_char_boundary(80);
    if end < text.len() {
        format!("{}…", &text[..end])
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_split_at_spaces_that_are_gone_is_no_split_unless_it_is_inverted() {
        let spaced = |invert: bool| {
            let split = json!({"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": invert});
            let pipeline = Pipeline {
                normalizer: json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"}),
                pre_tokenizer: split,
                post_processor: Value::Null,
                flags: Flags::default(),
            };
            spaces(&pipeline).is_some()
        };
        assert!(spaced(false) && !spaced(true));
    }
}
