//! Answers into batches: `DataCollatorForPreference` and `DataCollatorForUnpairedPreference` of TRL,
//! and what stood in their place before.
//!
//! All pad at the right whatever the tokenizer's side, but for prompts that stand alone.

use crate::model::batch::{Batch, Extra};

use super::Answer;

/// Rows as they are, with a mask of the answers: each row's ids, and where its answer begins.
pub(super) fn masked(rows: Vec<(Vec<u32>, usize)>, pad: u32, multiple: Option<usize>) -> Batch {
    let width = width(rows.iter().map(|(ids, _)| ids.len()), multiple);
    let completion = rows.iter().map(|(ids, prompt)| {
        let mask = (0..width).map(|at| i64::from(at >= *prompt && at < ids.len()));
        mask.collect()
    });
    let completion = completion.collect();
    let (ids, masks) = padded(rows.into_iter().map(|(ids, _)| ids), width, pad);
    Batch {
        input_ids: ids,
        attention_mask: Some(masks),
        others: vec![("completion_mask", Extra::Matrix(completion))],
        ..Batch::default()
    }
}

/// Rows as they are.
pub(super) fn plain(rows: Vec<Vec<u32>>, pad: u32, multiple: Option<usize>) -> Batch {
    let width = width(rows.iter().map(Vec::len), multiple);
    let (ids, masks) = padded(rows.into_iter(), width, pad);
    Batch {
        input_ids: ids,
        attention_mask: Some(masks),
        ..Batch::default()
    }
}

/// Prompts, chosen and rejected answers in matrices of their own (`dpo_trainer.py` up to 0.28).
pub(super) fn apart<'a>(
    chosen: impl Iterator<Item = &'a Answer> + Clone,
    rejected: impl Iterator<Item = &'a Answer>,
    pad: u32,
) -> Batch {
    let prompts = chosen.clone().map(|answer| answer.prompt.clone());
    let mut others = Vec::new();
    let (ids, masks) = left(prompts.collect(), i64::from(pad));
    others.push(("prompt_input_ids", ids));
    others.push(("prompt_attention_mask", masks));
    let (ids, masks) = right(
        chosen.map(|answer| widened(&answer.completion)).collect(),
        i64::from(pad),
    );
    others.push(("chosen_input_ids", ids));
    others.push(("chosen_attention_mask", masks));
    let (ids, masks) = right(
        rejected.map(|answer| widened(&answer.completion)).collect(),
        i64::from(pad),
    );
    others.push(("rejected_input_ids", ids));
    others.push(("rejected_attention_mask", masks));
    Batch {
        others,
        ..Batch::default()
    }
}

/// Rows padded at the left, and their mask.
pub(super) fn left(rows: Vec<Vec<u32>>, pad: i64) -> (Extra, Extra) {
    let width = width(rows.iter().map(Vec::len), None);
    let row = |ids: &[u32]| {
        let mut out = vec![pad; width - ids.len()];
        out.extend(widened(ids));
        out
    };
    let mask = |ids: &[u32]| (0..width).map(|at| i64::from(at >= width - ids.len())).collect();
    (
        Extra::Matrix(rows.iter().map(|ids| row(ids)).collect()),
        Extra::Matrix(rows.iter().map(|ids| mask(ids)).collect()),
    )
}

/// Rows padded at the right, and their mask.
pub(super) fn right(rows: Vec<Vec<i64>>, pad: i64) -> (Extra, Extra) {
    let width = width(rows.iter().map(Vec::len), None);
    let mask = |row: &Vec<i64>| (0..width).map(|at| i64::from(at < row.len())).collect();
    let masks = rows.iter().map(mask).collect();
    let rows = rows.into_iter().map(|mut row| {
        row.resize(width, pad);
        row
    });
    (Extra::Matrix(rows.collect()), Extra::Matrix(masks))
}

pub(super) fn widened(ids: &[u32]) -> Vec<i64> {
    ids.iter().map(|id| i64::from(*id)).collect()
}

fn padded(rows: impl Iterator<Item = Vec<u32>>, width: usize, pad: u32) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let rows = rows.map(|mut ids| {
        let mut mask = vec![1; ids.len()];
        mask.resize(width, 0);
        ids.resize(width, pad);
        (ids, mask)
    });
    rows.unzip()
}

fn width(lengths: impl Iterator<Item = usize>, multiple: Option<usize>) -> usize {
    let longest = lengths.max().unwrap_or(0);
    multiple.map_or(longest, |multiple| longest.next_multiple_of(multiple.max(1)))
}
