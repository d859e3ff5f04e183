//! What LLaMA-Factory does to the tokenizer before it encodes anything.
//!
//! Source: `patch_tokenizer` of `model/patcher.py` and `Template.fix_special_tokens` of
//! `data/template.py` (0.9.5).

use crate::encode::kit::Kit;
use crate::model::encoded::EncodeError;
use crate::model::setup::Special;

use super::options::{Options, split};
use super::raise::raise;
use super::table::Entry;

/// What became of the tokenizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The EOS token it came with, where another took its place.
    pub replaced_eos: Option<String>,
    /// Whether it had no PAD token, and EOS stands for it now.
    pub pads_with_eos: bool,
    /// Tokens its vocabulary did not hold: the embeddings need rows for them (`resize_vocab`).
    pub new_tokens: Vec<String>,
}

/// Adds the tokens the options ask for.
pub(super) fn patch(kit: &mut Kit, options: &Options, changes: &mut Changes) {
    for (tokens, special) in [(&options.add_tokens, false), (&options.add_special_tokens, true)] {
        if let Some(tokens) = tokens {
            let tokens: Vec<&str> = split(tokens).collect();
            add(kit, &tokens, special, changes);
        }
    }
}

/// Sets EOS and PAD, and makes the template's stop words tokens.
pub(super) fn fix(kit: &mut Kit, entry: &Entry, changes: &mut Changes) -> Result<(), EncodeError> {
    let mut stop_words: Vec<&str> = entry.stop_words.iter().map(String::as_str).collect();
    if entry.replace_eos {
        if stop_words.is_empty() {
            return Err(raise("ValueError", "Stop words are required to replace the EOS token."));
        }
        replace_eos(kit, stop_words.remove(0), changes);
    }
    if id(kit.facts().eos.as_ref()).is_none() {
        replace_eos(kit, "<|endoftext|>", changes);
    }
    if id(kit.facts().pad.as_ref()).is_none() {
        let eos = kit.facts().eos.as_ref().expect("it was set above").text.clone();
        kit.set_pad(&eos);
        changes.pads_with_eos = true;
    }
    if !stop_words.is_empty() {
        add(kit, &stop_words, true, changes);
    }
    Ok(())
}

fn replace_eos(kit: &mut Kit, eos: &str, changes: &mut Changes) {
    let old = kit.facts().eos.as_ref().map(|token| token.text.clone());
    if old.as_deref() == Some(eos) {
        return;
    }
    add(kit, &[eos], true, changes);
    kit.set_eos(eos);
    changes.replaced_eos = old;
}

/// Registers tokens, known ones too: those lose their marks, such as taking the blanks after them.
fn add(kit: &mut Kit, tokens: &[&str], special: bool, changes: &mut Changes) {
    let new = tokens.iter().filter(|token| kit.id_of(token).is_none());
    changes.new_tokens.extend(new.map(|token| (*token).to_owned()));
    kit.add_tokens(tokens, special);
}

fn id(token: Option<&Special>) -> Option<u32> {
    token.and_then(|token| token.id)
}
