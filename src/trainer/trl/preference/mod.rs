//! The trainers on preferences: prompts, and answers to them.
//!
//! Two ways of tokenising have been in use. In the old one, prompt and answer are rendered to
//! texts first (`templated`) and each text is tokenised by itself; in the new one (`joined`)
//! prompt and prompt + answer are tokenised, and the answer is what the second has more.
//!
//! Truncation is partly the data set's and partly the collator's. [`Answer`] is what the data set
//! holds, as the trainer's own columns do; what [`crate::trainer::Encode`] yields is cut as it will
//! enter the model.

mod collate;
mod dpo;
mod joined;
mod kto;
mod kto_batch;
pub mod options;
mod processed;
mod reward;
mod said;
pub mod versions;

use std::cell::RefCell;
use std::ops::Range;

use crate::encode::kit::{Chat, Kit};
use crate::encode::locate::{locate, parts};
use crate::model::batch::Sequence;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, What};
use crate::model::example::{Branch, Example, Turn};
use crate::trainer::failure::not_in_vocabulary;
use crate::trainer::intended::label;

use super::options::raises;
use super::row::{CONVERSATIONAL, Row, agreed, looks};
use crate::trainer::version::Version;
use said::{Said, Sides};
use versions::CHECKS_VOCABULARY;

pub use dpo::Dpo;
pub use kto::Kto;
pub use reward::Reward;

/// The sides of a pair.
pub const CHOSEN: &str = "chosen";
pub const REJECTED: &str = "rejected";
/// The side of an answer that is wanted, and of one that is not.
pub const DESIRABLE: &str = "desirable";
pub const UNDESIRABLE: &str = "undesirable";

/// A prompt and one answer to it, as the trainer's data set holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The row, by its number in the set.
    pub row: u64,
    pub side: &'static str,
    /// Token ids; the collator may cut what follows on them.
    pub prompt: Vec<u32>,
    pub completion: Vec<u32>,
    /// The `margin` column of a reward model's row.
    pub margin: Option<f64>,
}

impl Answer {
    fn of(row: u64, encoded: &Encoded) -> Self {
        Self::split(row, encoded.side, &encoded.input_ids, &encoded.labels)
    }

    fn of_sequence(sequence: &Sequence) -> Self {
        let row = sequence.rows.first().copied().unwrap_or(0);
        Self::split(row, sequence.side, &sequence.input_ids, &sequence.labels)
    }

    /// The answer begins with the first token that carries loss.
    fn split(row: u64, side: &'static str, ids: &[u32], labels: &[i32]) -> Self {
        let prompt = labels.iter().take_while(|label| **label == IGNORE).count();
        Self {
            row,
            side,
            prompt: ids[..prompt].to_vec(),
            completion: ids[prompt..].to_vec(),
            margin: None,
        }
    }

    /// Prompt and completion, and where the completion begins.
    fn whole(&self) -> (Vec<u32>, usize) {
        let mut ids = self.prompt.clone();
        ids.extend_from_slice(&self.completion);
        (ids, self.prompt.len())
    }
}

/// Buffers that are used again for the next row.
#[derive(Default)]
struct Scratch {
    prompt: Chat,
    whole: Chat,
    other: Chat,
    found: Vec<Option<(u32, u32)>>,
    numbers: Vec<u16>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Labels all but the prompt, and says what there is before anything is cut.
fn label_answer(out: &mut Encoded, prompt: usize) {
    out.labels.clear();
    out.labels.resize(prompt.min(out.input_ids.len()), IGNORE);
    out.labels.extend(
        out.input_ids[prompt.min(out.input_ids.len())..]
            .iter()
            .map(|id| label(*id)),
    );
    out.full_len = out.input_ids.len();
    out.full_trained = out.trained();
}

/// Takes tokens out, which the trainer cuts.
fn cut(out: &mut Encoded, range: Range<usize>) {
    out.input_ids.drain(range.clone());
    out.labels.drain(range.clone());
    out.offsets.drain(range);
}

/// Says whether cutting left nothing of the answer.
fn settle(out: &mut Encoded) {
    out.answer_lost = out.full_trained > 0 && out.trained() == 0;
}

/// Finds the turns of one side in the text, and says which part is whose.
fn mark(
    example: &Example<'_>,
    wanted: impl Fn(&Turn<'_>) -> bool,
    found: &mut Vec<Option<(u32, u32)>>,
    numbers: &mut Vec<u16>,
    out: &mut Encoded,
) {
    locate(&out.text, example.turns.iter().filter(|turn| wanted(turn)), found);
    parts(out.text.len(), found, &mut out.parts);
    // Parts name turns by their number among those wanted; make it their number in the example.
    numbers.clear();
    numbers.extend(
        (0u16..=u16::MAX)
            .zip(&example.turns)
            .filter(|(_, turn)| wanted(turn))
            .map(|(at, _)| at),
    );
    for part in &mut out.parts {
        if let What::Turn(at) = part.what {
            part.what = What::Turn(numbers.get(usize::from(at)).copied().unwrap_or(u16::MAX));
        }
    }
}

/// Whether a turn belongs to the prompt, or to this answer.
fn is_of(branch: Branch) -> impl Fn(&Turn<'_>) -> bool + Copy {
    move |turn| turn.branch == Branch::Prompt || turn.branch == branch
}

/// `is_conversational` of a row whose prompt and answers are these; other columns of the set
/// count too.
fn are_conversational(row: Row<'_>, said: &[(&'static str, Said<'_>)], by_role: bool) -> Result<bool, EncodeError> {
    let others = CONVERSATIONAL
        .iter()
        .copied()
        .filter(|column| row.has(column) && !said.iter().any(|(name, _)| name == column));
    let others = others.map(|column| {
        let value = row.object.get(column).and_then(|value| value.as_array());
        (column, looks(value, by_role))
    });
    agreed(
        said.iter()
            .map(|(name, said)| (*name, said.looks(by_role)))
            .chain(others),
    )
}

/// The id that pads. One that is not in the vocabulary is refused from 1.1 on; before, the unknown token
/// stood in for it, where there is one.
fn pad_id(kit: &Kit, given: Option<&String>, version: Version) -> Result<u32, EncodeError> {
    let pad = given
        .cloned()
        .or_else(|| kit.text_of("pad_token"))
        .or_else(|| kit.text_of("eos_token"));
    let id = pad.as_deref().and_then(|pad| {
        if version >= CHECKS_VOCABULARY {
            kit.id_of(pad)
        } else {
            kit.id_or_unknown(pad)
        }
    });
    id.ok_or_else(|| raises("ValueError", not_in_vocabulary(pad.as_deref())))
}

/// Images need a model that takes them.
fn check_images(row: Row<'_>) -> Result<(), EncodeError> {
    if row.has("image") || row.has("images") {
        return Err(raises("ValueError", "the set has images, but the model takes none"));
    }
    Ok(())
}

/// The row's prompt and answers as they stand.
fn sides(row: Row<'_>) -> Result<Sides<'_>, EncodeError> {
    Ok(Sides {
        prompt: Said::of(row, "prompt")?,
        chosen: Said::of(row, CHOSEN)?,
        rejected: Said::of(row, REJECTED)?,
    })
}

/// The row's prompt and answers, the prompt found by `maybe_extract_prompt` where there is none, or
/// one of another kind than the answers.
fn maybe_extracted(row: Row<'_>, by_role: bool) -> Result<Sides<'_>, EncodeError> {
    let (chosen, rejected) = (Said::of(row, CHOSEN)?, Said::of(row, REJECTED)?);
    if row.has("prompt") {
        let prompt = Said::of(row, "prompt")?;
        let is = |name, said: Said<'_>| agreed(std::iter::once((name, said.looks(by_role))));
        if is(CHOSEN, chosen)? == is("prompt", prompt)? {
            return Ok(Sides {
                prompt,
                chosen,
                rejected,
            });
        }
    }
    Sides::extract(chosen, rejected)
}
