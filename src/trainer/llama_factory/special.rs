//! What LLaMA-Factory does to the tokenizer before it encodes anything.
//!
//! Source: `patch_tokenizer` of `model/patcher.py` and `Template.fix_special_tokens` of
//! `data/template.py` (0.9.5).

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{AddedToken, Generation};
use crate::model::encoded::EncodeError;
use crate::model::setup::Special;

use super::options::{Options, split};
use super::raise::raise;
use super::table::Entry;

/// What becomes of the tokenizer.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Calls of `add_tokens`.
    calls: Vec<Vec<AddedToken>>,
    /// The EOS token it came with, where another took its place.
    pub replaced_eos: Option<String>,
    /// Whether it had no PAD token, and EOS stands for it now.
    pub pads_with_eos: bool,
    /// Tokens its vocabulary did not hold: the embeddings need rows for them (`resize_vocab`).
    pub new_tokens: Vec<String>,
}

/// The tokenizer once it is changed, and its two tokens that may not be the folder's own.
pub(super) struct Settled {
    pub kit: Arc<Kit>,
    pub eos: Special,
    pub pad: Special,
}

/// Changes the tokenizer as the options and the template want it.
///
/// # Errors
///
/// If the template has no stop word to put in EOS's place, or the tokenizer cannot be loaded again.
pub(super) fn settle(
    kit: Arc<Kit>,
    options: &Options,
    entry: &Entry,
    changes: &mut Changes,
) -> Result<Settled, EncodeError> {
    for (tokens, special) in [(&options.add_tokens, false), (&options.add_special_tokens, true)] {
        if let Some(tokens) = tokens {
            changes.add(&kit, split(tokens), special);
        }
    }
    let own = |name: &str| kit.facts().token(name).filter(|token| token.id.is_some());
    let mut eos = own("eos_token").map(|token| token.text.clone());
    let mut stop_words = entry.stop_words.iter().map(String::as_str);
    if entry.replace_eos {
        let Some(stop_word) = stop_words.next() else {
            return Err(raise("ValueError", "Stop words are required to replace the EOS token."));
        };
        if eos.as_deref() != Some(stop_word) {
            changes.add(&kit, [stop_word].into_iter(), true);
            changes.replaced_eos = eos.replace(stop_word.to_owned());
        }
    }
    let eos = eos.unwrap_or_else(|| {
        changes.add(&kit, ["<|endoftext|>"].into_iter(), true);
        "<|endoftext|>".to_owned()
    });
    let pad = own("pad_token").map(|token| token.text.clone());
    changes.pads_with_eos = pad.is_none();
    // transformers 4 passes over stop words it already knows as additional special tokens.
    let extra = &kit.facts().extra;
    let is_known = |word: &&str| kit.facts().generation == Generation::V4 && extra.iter().any(|known| known == word);
    changes.add(&kit, stop_words.filter(|word| !is_known(word)), true);

    let kit = if changes.calls.is_empty() {
        kit
    } else {
        let changed = kit.with_tokens(&changes.calls);
        Arc::new(changed.map_err(|error| raise("OSError", error.to_string()))?)
    };
    let token = |text: String| Special {
        // Without a token of that name it is that of the unknown, if there is one.
        id: kit.id_or_unknown(&text),
        text,
    };
    let (pad, eos) = (token(pad.unwrap_or_else(|| eos.clone())), token(eos));
    Ok(Settled { kit, eos, pad })
}

impl Changes {
    /// Registers tokens, known ones too: those lose their marks, such as taking the blanks after
    /// them. A call that would change nothing is left out.
    fn add<'t>(&mut self, kit: &Kit, texts: impl Iterator<Item = &'t str>, special: bool) {
        let tokens: Vec<AddedToken> = texts
            .map(|text| AddedToken {
                normalized: !special,
                special,
                ..AddedToken::special(text)
            })
            .collect();
        let pending = |calls: &[Vec<AddedToken>], text: &str| calls.iter().flatten().any(|token| token.content == text);
        for AddedToken { content, .. } in &tokens {
            if kit.id_of(content).is_none() && !pending(&self.calls, content) {
                self.new_tokens.push(content.clone());
            }
        }
        let changes = |token: &AddedToken| {
            kit.tokenizer().added(&token.content) != Some(token) || pending(&self.calls, &token.content)
        };
        if tokens.iter().any(changes) {
            self.calls.push(tokens);
        }
    }
}
