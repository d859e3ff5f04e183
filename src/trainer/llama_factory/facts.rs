//! What is settled for a whole run, for rules, reports and configs to read.

use serde::Serialize;

use crate::model::encoded::EncodeError;
use crate::model::setup::Special;

use super::options::{Options, Stage};
use super::raise::raise;
use super::special::{Changes, Settled};
use super::table::Entry;

/// What the options, the template and the tokenizer come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    pub stage: Stage,
    /// The template's name; `None` where it was read off the chat template.
    pub template: Option<String>,
    /// Whether it is of the classes that care for thoughts.
    pub reasoning: bool,
    /// Only of a reasoning template.
    pub enable_thinking: Option<bool>,
    /// Texts generation stops at.
    pub stop_words: Vec<String>,
    /// The EOS token training goes by.
    pub eos: String,
    pub eos_id: u32,
    /// The EOS token the tokenizer came with, where the template put its own in its place.
    pub replaced_eos: Option<String>,
    /// Whether an answer ends in EOS and is trained to, as long as nothing is cut.
    pub eos_trained: bool,
    /// EOS stands once, at the end, and between turns only as a label.
    pub efficient_eos: bool,
    /// The token rows are padded with.
    pub pad: String,
    pub pad_id: u32,
    /// PAD is EOS because the tokenizer has none.
    pub pads_with_eos: bool,
    /// The system prompt of rows that have none, if there is one.
    pub default_system: Option<String>,
    /// "detailed thinking off" is put into system prompts (`formatting: openai`).
    pub told_not_to_think: bool,
    /// The format of tools and calls.
    pub tool_format: String,
    /// Tokens a row may have.
    pub cutoff: usize,
    /// Rows are packed, and whether they may attend to each other.
    pub packing: Packing,
    /// The chat template saved with the model is made from this template.
    pub replaces_chat_template: bool,
    /// Tokens the vocabulary did not hold: the embeddings must grow for them.
    pub new_tokens: Vec<String>,
    /// The plugin for pictures, videos and sounds, of a template that has one.
    pub media: Option<String>,
}

/// How rows share a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    None,
    /// Rows in one sequence attend to those before them.
    Plain,
    /// Rows keep to themselves.
    Neat,
    /// Texts run on from one sequence to the next.
    Blocks,
}

impl Packing {
    pub(super) fn of(options: &Options) -> Self {
        match options.stage {
            _ if !options.packs() => Self::None,
            Stage::Pt => Self::Blocks,
            Stage::Sft if options.neat_packing => Self::Neat,
            Stage::Sft => Self::Plain,
            // Rows of pairs are never packed, whatever the options say.
            Stage::Rm | Stage::Ppo | Stage::Dpo | Stage::Kto => Self::None,
        }
    }
}

impl Facts {
    /// `answer` is the ids of an answer of the template, `told` whether a set is of the format
    /// that says not to think.
    pub(super) fn gather(
        options: &Options,
        entry: &Entry,
        changes: Changes,
        settled: &Settled,
        answer: &[u32],
        told: bool,
    ) -> Result<Self, EncodeError> {
        let Settled { kit, eos, pad } = settled;
        let no_id = |token: &Special| raise("ValueError", format!("the tokenizer has no token {}", token.text));
        let eos_id = eos.id.ok_or_else(|| no_id(eos))?;
        let pad_id = pad.id.ok_or_else(|| no_id(pad))?;
        let in_answer = match options.stage {
            // Labels are made of the ids, less those of PAD.
            Stage::Pt => eos_id != pad_id,
            _ => entry.efficient_eos || answer.contains(&eos_id),
        };
        let reasoning = entry.class.reasons();
        Ok(Self {
            stage: options.stage,
            template: options.template.clone(),
            reasoning,
            enable_thinking: if reasoning { options.enable_thinking } else { None },
            stop_words: entry.stop_words.clone(),
            eos: eos.text.clone(),
            eos_id,
            replaced_eos: changes.replaced_eos,
            eos_trained: in_answer,
            efficient_eos: entry.efficient_eos,
            pad: pad.text.clone(),
            pad_id,
            pads_with_eos: changes.pads_with_eos,
            default_system: Some(entry.default_system.clone()).filter(|system| !system.is_empty()),
            told_not_to_think: told,
            tool_format: entry.calls.clone(),
            cutoff: options.cutoff(),
            packing: Packing::of(options),
            replaces_chat_template: entry.replace_jinja_template || !kit.has_template(),
            new_tokens: changes.new_tokens,
            media: entry.media.as_ref().map(|media| media.plugin.clone()),
        })
    }
}
