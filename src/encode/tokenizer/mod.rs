//! Text to tokens, exactly as the trainer's own tokenizer does it.
//!
//! A [`Tokenizer`] is loaded from a model's folder with the rules of one [`Generation`] of
//! transformers, since the same folder gives other ids under the next. It holds two engines: the
//! reference, which is the library trainers use, and a fast one for the tokenizers it is proven on.
//! Where the fast one does not take a tokenizer or a text, the reference does, and the ids are the
//! same either way.

mod added_vocabulary;
mod alphabet;
mod classes;
mod engine;
mod facts;
mod fast;
mod file;
mod folder;
mod generation;
mod generations;
pub mod hub;
mod post;
mod reference;
mod special;
mod spelling;
mod tokens;
mod verify;
mod vocabulary;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value};

use crate::model::setup::Special;
use added_vocabulary::AddedVocabulary;
pub use engine::{EncodeError, Engine};
pub use facts::{Facts, ModelFacts, Side};
use fast::Fast;
use fast::plan::{Parts, Refused, spaces};
pub use file::AddedToken;
use file::File;
pub use folder::{Folder, LoadError};
pub use generation::Generation;
use generation::{Loader, Pipeline};
pub use generations::{OtherIds, other_ids};
use post::Post;
use reference::Reference;
use special::Named;
use spelling::{Script, Spelling};
pub use tokens::{Detail, Tokens};
pub use verify::{Difference, Seen};
use vocabulary::Vocabulary;

/// A tokenizer as the trainer has it.
pub struct Tokenizer {
    pub facts: Facts,
    spelling: Spelling,
    fast: Option<Fast>,
    /// What the other generation makes of the folder, where it is something else.
    other: Option<Other>,
    /// Why there is no fast engine.
    slow: Option<String>,
    reference: OnceLock<Result<Reference, EncodeError>>,
    /// What the reference is made from; emptied once it is made.
    source: Mutex<Option<Source>>,
}

/// What a generation of transformers makes of a folder.
struct Settled {
    loader: Loader,
    named: Named,
    added: AddedVocabulary,
    pipeline: Pipeline,
}

impl Settled {
    fn of(
        folder: &Folder,
        file: &File<'_>,
        vocabulary: &Vocabulary,
        (hub_id, generation): (Option<&str>, Generation),
        more: &[Vec<AddedToken>],
    ) -> Self {
        let config = &folder.tokenizer_config;
        let choice = generation::Folder {
            tokenizer_config: config,
            model_config: &folder.model_config,
            says_byte_level: folder.text.contains("\"ByteLevel\""),
            hub_id,
        };
        let loader = Loader::choose(&choice, generation);
        let pad = file.padding["pad_token"].as_str();
        let named = Named::read(folder, &file.added_tokens, pad, &loader, generation);
        let mut added = AddedVocabulary::default();
        if !loader.rebuilds(generation) {
            added.add(file.added_tokens.iter().map(|entry| entry.token.clone()), vocabulary);
        }
        named.add_to(&mut added, vocabulary, &loader, generation);
        for call in more {
            added.add(call.iter().cloned(), vocabulary);
        }
        let mut pipeline = Pipeline {
            normalizer: file.normalizer.clone(),
            pre_tokenizer: file.pre_tokenizer.clone(),
            post_processor: file.post_processor.clone(),
            flags: file.model.flags.clone(),
        };
        pipeline.rebuild(&loader, config, generation);
        pipeline.rebuild_post_processor(&loader, config, folder.asked_adds, generation, |name| {
            let text = &named.get(name)?.content;
            let id = added.id_of(text).or_else(|| vocabulary.id_of(text))?;
            Some((text.clone(), id))
        });
        Self {
            loader,
            named,
            added,
            pipeline,
        }
    }

    /// Whether any part that makes ids is written otherwise in the other.
    fn differs(&self, other: &Self) -> bool {
        self.pipeline != other.pipeline || self.added != other.added
    }
}

/// What makes ids besides the vocabulary and the merges.
struct Other {
    pipeline: Pipeline,
    added: AddedVocabulary,
}

/// What the reference engine is made from.
struct Source {
    text: String,
    pipeline: Pipeline,
    split_special_tokens: bool,
}

impl Tokenizer {
    /// Loads a folder, or a `tokenizer.json` and what stands beside it.
    pub fn load(path: &Path, generation: Generation) -> Result<Self, LoadError> {
        Self::from_folder(Folder::read(path)?, None, generation, &[])
    }

    /// Loads what was read from a folder. `hub_id` is the id the model was asked for by, which
    /// transformers looks at for a few models; `more` is what is added to the tokenizer afterwards,
    /// one call of `add_tokens` after the other.
    pub fn from_folder(
        folder: Folder,
        hub_id: Option<&str>,
        generation: Generation,
        more: &[Vec<AddedToken>],
    ) -> Result<Self, LoadError> {
        let invalid = |message: String| LoadError::Invalid {
            path: folder.file.clone(),
            message,
        };
        let file: File<'_> = serde_json::from_str(&folder.text).map_err(|error| invalid(error.to_string()))?;
        if file.version.as_deref().is_some_and(|version| version != "1.0") {
            return Err(invalid(format!(
                "the version {:?} is not 1.0",
                file.version.unwrap_or_default()
            )));
        }
        file.taken_by_library().map_err(invalid)?;
        let tokens = file.model.vocab.iter().map(|(token, id)| (&**token, *id));
        let vocabulary = Vocabulary::new(tokens).map_err(|error| invalid(error.to_string()))?;
        let vocabulary = Arc::new(vocabulary);

        let settle = |generation| Settled::of(&folder, &file, &vocabulary, (hub_id, generation), more);
        let settled = settle(generation);
        let other = settle(generation.other());
        let other = settled.differs(&other).then_some(Other {
            pipeline: other.pipeline,
            added: other.added,
        });
        let Settled {
            loader,
            named,
            added,
            pipeline,
        } = settled;
        let config = &folder.tokenizer_config;
        let split_special_tokens = config.get("split_special_tokens") == Some(&Value::Bool(true));
        let parts = Parts {
            kind: &file.model.kind,
            pipeline: &pipeline,
            vocabulary: &vocabulary,
            merges: &file.model.merges,
            added: &added,
        };
        let (fast, slow) = if split_special_tokens {
            (None, Some("special tokens are split (split_special_tokens)".to_owned()))
        } else {
            match Fast::new(&parts) {
                Ok(fast) => (Some(fast), None),
                Err(Refused::Unproven(reason)) => (None, Some(reason)),
                Err(Refused::Invalid(bad)) => return Err(invalid(bad.to_string())),
            }
        };
        let script = match spaces(&pipeline) {
            Some((prefix, _)) => Script::Spaces(prefix),
            None if pipeline.pre_tokenizer.to_string().contains("\"ByteLevel\"") => Script::Bytes,
            None => Script::Other,
        };
        let saved = Saved {
            truncation: file.truncation,
            padding: file.padding,
        };
        let spelling = Spelling {
            vocabulary,
            added: Arc::new(added),
            script,
        };
        let facts = facts_of(&folder, generation, &loader, &named, &spelling, &pipeline, &saved);
        let path = folder.file;
        let made = Self {
            facts,
            spelling,
            fast,
            other,
            slow,
            reference: OnceLock::new(),
            source: Mutex::new(Some(Source {
                text: folder.text,
                pipeline,
                split_special_tokens,
            })),
        };
        if made.fast.is_none() {
            // What the library refuses is refused here as well, and not at the first row.
            made.reference().map_err(|error| LoadError::Invalid {
                path,
                message: error.0.clone(),
            })?;
        }
        Ok(made)
    }

    /// The reference engine, made when it is first needed.
    fn reference(&self) -> Result<&Reference, &EncodeError> {
        let made = self.reference.get_or_init(|| {
            let source = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
            let source = source.ok_or_else(|| EncodeError("made twice".to_owned()))?;
            Reference::new(
                &source.text,
                &source.pipeline,
                &self.spelling.added,
                source.split_special_tokens,
                self.spelling.clone(),
            )
            .map_err(EncodeError)
        });
        made.as_ref()
    }

    /// Encodes a text as the trainer's tokenizer does, without truncation or padding.
    ///
    /// `add_special` lets the post-processor add its tokens, as `tokenizer(text)` does and
    /// `apply_chat_template` does not.
    pub fn encode(&self, text: &str, add_special: bool, detail: Detail, out: &mut Tokens) -> Result<(), EncodeError> {
        if let Some(fast) = &self.fast
            && fast.encode(text, add_special, detail, out)?
        {
            return Ok(());
        }
        let reference = self.reference().map_err(Clone::clone)?;
        reference.encode(text, add_special, detail, out)?;
        Ok(())
    }

    /// The fast engine as the other generation has it, where nothing needs to be loaded for it.
    fn fast_of_other(&self) -> Option<Fast> {
        let (fast, other) = (self.fast.as_ref()?, self.other.as_ref()?);
        fast.under(&other.pipeline, &self.spelling.vocabulary, &other.added)
    }

    /// Whether the fast engine takes this tokenizer.
    pub fn is_fast(&self) -> bool {
        self.fast.is_some()
    }

    /// Why the fast engine does not take this tokenizer.
    pub fn slow_because(&self) -> Option<&str> {
        self.slow.as_deref()
    }

    /// The bytes a token stands for by itself, for showing it; `None` for an id that is no token.
    /// They need not be UTF-8.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        self.spelling.bytes(id)
    }

    /// A token as the vocabulary has it (`Ġthe`, `▁the`, `##ing`).
    pub fn token_text(&self, id: u32) -> Option<&str> {
        let added = self.spelling.added.get(id).map(|token| token.content.as_str());
        added.or_else(|| self.spelling.vocabulary.text_of(id))
    }

    /// The id of a token as the vocabulary has it.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.spelling.id_of(token)
    }

    /// An added token with its marks, by its text.
    pub fn added(&self, text: &str) -> Option<&AddedToken> {
        self.spelling.added.get(self.spelling.added.id_of(text)?)
    }

    /// The texts of all added tokens, in order of id.
    pub fn added_texts(&self) -> impl Iterator<Item = &str> {
        self.spelling.added.iter().map(|(token, _)| token.content.as_str())
    }

    /// The text of tokens, special ones included, as the library's decoder puts it together.
    ///
    /// # Errors
    ///
    /// If the library fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, EncodeError> {
        self.reference().map_err(Clone::clone)?.decode(ids)
    }

    /// Whether a token is special: `skip_special_tokens` would leave it out.
    pub fn is_special(&self, id: u32) -> bool {
        self.spelling.added.is_special(id)
    }

    /// One past the highest id, added tokens included.
    pub fn vocab_size(&self) -> usize {
        self.facts.size
    }
}

/// Truncation and padding as the file has them.
struct Saved {
    truncation: Value,
    padding: Value,
}

/// Puts together what is known once everything is loaded.
fn facts_of(
    folder: &Folder,
    generation: Generation,
    loader: &Loader,
    named: &Named,
    spelling: &Spelling,
    pipeline: &Pipeline,
    saved: &Saved,
) -> Facts {
    let config: &Map<String, Value> = &folder.tokenizer_config;
    let special = |text: &str| Special {
        text: text.to_owned(),
        id: spelling.id_of(text),
    };
    let list = named
        .tokens
        .iter()
        .map(|(name, token)| (name.clone(), special(&token.content)));
    let named_list: Vec<(String, Special)> = list.collect();
    let known = Post::read(&pipeline.post_processor).ok();
    let post = known.clone().unwrap_or_default();
    let inputs = config.get("model_input_names").and_then(Value::as_array);
    let id = |name: &str| {
        named_list
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, token)| token.id)
    };
    let adds = |name: &str, ids: &[u32]| id(name).is_some_and(|id| ids.contains(&id));
    let added = &spelling.added;
    let is_special =
        |id: u32, text: &str| added.is_special(id) || named_list.iter().any(|(_, token)| token.text == text);
    let last_added = added.iter().last().map_or(0, |(_, id)| id as usize + 1);
    let class_side = if loader.class.is_some_and(|class| class.pads_left) {
        Side::Left
    } else {
        Side::Right
    };
    let byte_tokens = (0..=255u8).map(|byte| spelling.vocabulary.id_of(&format!("<0x{byte:02X}>")));
    let length = config.get("model_max_length").or_else(|| config.get("max_len"));
    let dropout = pipeline.flags.dropout.filter(|chance| *chance > 0.0).map(|chance| {
        format!(
            "tokenizer.json has a dropout of {chance}: the library leaves merges out at random, in training as here, so \
             that ids and counts differ from run to run"
        )
    });
    Facts {
        template_has_bos: false,
        template_marks: Vec::new(),
        generation,
        class: loader.name.clone(),
        specials: added
            .iter()
            .filter(|(token, id)| is_special(*id, &token.content))
            .map(|(token, id)| (token.content.clone(), id))
            .collect(),
        padding_side: facts::side(config.get("padding_side"))
            .or_else(|| facts::side(saved.padding.get("direction")))
            .unwrap_or(class_side),
        truncation_side: facts::side(config.get("truncation_side"))
            .or_else(|| facts::side(saved.truncation.get("direction")))
            .unwrap_or_default(),
        model_max_length: facts::sane_length(length),
        size: spelling.vocabulary.end().max(last_added),
        tokens: spelling.vocabulary.len()
            + added
                .iter()
                .filter(|(token, _)| spelling.vocabulary.id_of(&token.content).is_none())
                .count(),
        model: ModelFacts::read(&folder.model_config, &folder.generation_config),
        adds_bos: adds("bos_token", &post.before),
        adds_eos: adds("eos_token", &post.after),
        around: known.map(|post| (post.before, post.after)),
        attention_mask: inputs.is_none_or(|names| names.iter().any(|name| name == "attention_mask")),
        byte_tokens: if pipeline.flags.byte_fallback {
            byte_tokens.collect::<Option<Vec<u32>>>().unwrap_or_default()
        } else {
            Vec::new()
        },
        saved_truncation: saved.truncation["max_length"].as_u64(),
        saved_padding: !saved.padding.is_null(),
        add_bos_token: loader.says_add_bos(config, generation),
        extra: named.extra.iter().map(|token| token.content.clone()).collect(),
        doubts: loader.doubt.iter().cloned().chain(dropout).collect(),
        named: named_list,
    }
}
