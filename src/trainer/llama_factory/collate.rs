//! Rows into batches.
//!
//! Source: `data/collator.py` (0.9.5) on `DataCollatorForSeq2Seq` and
//! `DataCollatorForLanguageModeling` of transformers.

use crate::model::batch::{Batch, Extra, Sequence};
use crate::model::encoded::{EncodeError, IGNORE};

use super::LlamaFactory;
use super::compared::{DESIRABLE, KL};
use super::facts::Packing;
use super::options::Stage;
use super::raise::{raise, unsupported};
use super::supervised::label;

/// Columns of a batch are a multiple of this, but for texts.
const MULTIPLE: usize = 8;

pub(super) fn collate(trainer: &LlamaFactory, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
    if trainer.options.stage == Stage::Pt {
        return Ok(texts(trainer, sequences));
    }
    if let Some(media) = &trainer.facts.media {
        // A batch without media gets some, so that all ranks do the same.
        return Err(unsupported(format!(
            "batches with a made-up picture or sound in them ({media})"
        )));
    }
    let of_side = |wanted: fn(&str) -> bool| sequences.iter().filter(move |sequence| wanted(sequence.side));
    match trainer.options.stage {
        Stage::Rm | Stage::Dpo => {
            let (chosen, rejected) = (of_side(|side| side == "chosen"), of_side(|side| side == "rejected"));
            Ok(rows(trainer, chosen.chain(rejected)))
        }
        Stage::Kto => {
            let mut batch = rows(trainer, of_side(|side| side != KL));
            let kl = rows(trainer, of_side(|side| side == KL));
            if kl.input_ids.len() != batch.input_ids.len() {
                return Err(raise("KeyError", "'kl_input_ids'"));
            }
            let tags = of_side(|side| side != KL).map(|sequence| sequence.side == DESIRABLE);
            batch.others = vec![
                ("kl_input_ids", widened(kl.input_ids)),
                ("kl_attention_mask", widened(kl.attention_mask.unwrap_or_default())),
                ("kl_labels", widened(kl.labels.unwrap_or_default())),
                ("kto_tags", Extra::Flags(tags.collect())),
            ];
            Ok(batch)
        }
        _ => Ok(rows(trainer, sequences.iter())),
    }
}

/// `DataCollatorForSeq2Seq`, padding on the right.
fn rows<'s>(trainer: &LlamaFactory, sequences: impl Iterator<Item = &'s Sequence> + Clone) -> Batch {
    let longest = sequences.clone().map(|sequence| sequence.input_ids.len()).max();
    let columns = longest.unwrap_or_default().next_multiple_of(MULTIPLE);
    let pad = trainer.facts.pad_id;
    let no_label = if trainer.options.ignore_pad_token_for_loss {
        IGNORE
    } else {
        label(pad)
    };
    let mut batch = Batch::default();
    let mut labels = Vec::new();
    let mut masks = Vec::new();
    // Positions are not padded with the rest: packed rows are all of one length.
    let mut positions = Vec::new();
    for sequence in sequences {
        batch.input_ids.push(padded(sequence.input_ids.clone(), columns, pad));
        labels.push(padded(sequence.labels.clone(), columns, no_label));
        masks.push(padded(trainer.attention_mask(sequence), columns, 0));
        positions.extend(sequence.position_ids.clone());
    }
    batch.labels = Some(labels);
    batch.attention_mask = Some(masks);
    batch.position_ids = Some(positions).filter(|positions| !positions.is_empty());
    batch
}

/// `DataCollatorForLanguageModeling`: labels are the ids, less those of PAD wherever they stand.
fn texts(trainer: &LlamaFactory, sequences: &[Sequence]) -> Batch {
    let columns = sequences.iter().map(|sequence| sequence.input_ids.len()).max();
    let columns = columns.unwrap_or_default();
    let pad = trainer.facts.pad_id;
    let ids: Vec<Vec<u32>> = sequences
        .iter()
        .map(|sequence| padded(sequence.input_ids.clone(), columns, pad))
        .collect();
    let labels = ids.iter().map(|ids| {
        let labels = ids.iter().map(|id| if *id == pad { IGNORE } else { label(*id) });
        labels.collect()
    });
    let masks = sequences
        .iter()
        .map(|sequence| padded(vec![1; sequence.input_ids.len()], columns, 0));
    Batch {
        labels: Some(labels.collect()),
        attention_mask: Some(masks.collect()),
        input_ids: ids,
        ..Batch::default()
    }
}

/// The mask of a row before it is padded: ones, or, where packed rows keep to themselves, the
/// number of the row a token is of, and 0 for padding.
pub(super) fn attention_mask(packing: Packing, sequence: &Sequence) -> Vec<u32> {
    if packing != Packing::Neat {
        return vec![1; sequence.input_ids.len()];
    }
    let mut mask = Vec::with_capacity(sequence.input_ids.len());
    for (number, length) in (1..).zip(&sequence.seq_lengths) {
        mask.extend(std::iter::repeat_n(number, *length as usize));
    }
    mask.resize(sequence.input_ids.len(), 0);
    mask
}

fn padded<T: Clone>(mut row: Vec<T>, columns: usize, with: T) -> Vec<T> {
    row.resize(columns, with);
    row
}

fn widened<T: Into<i64>>(matrix: Vec<Vec<T>>) -> Extra {
    let rows = matrix.into_iter();
    Extra::Matrix(rows.map(|row| row.into_iter().map(Into::into).collect()).collect())
}
