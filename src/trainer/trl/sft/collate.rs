//! `DataCollatorForLanguageModeling` of `sft_trainer.py`: TRL's own, not transformers'.
//!
//! Always pads at the right, whatever the tokenizer's side, and masks padding by position, so that
//! pad = eos is harmless here.

use crate::model::batch::{Batch, Extra, Sequence};
use crate::model::encoded::IGNORE;

use crate::trainer::trl::versions::Features;

/// The collator's settings.
#[derive(Clone, Debug)]
pub(super) struct Collator {
    pub(super) pad_id: u32,
    pub(super) padding_free: bool,
    pub(super) pad_to_multiple_of: Option<usize>,
    pub(super) features: Features,
}

impl Collator {
    pub(super) fn collate(&self, sequences: &[Sequence]) -> Batch {
        if self.padding_free {
            self.flat(sequences)
        } else {
            self.padded(sequences)
        }
    }

    fn padded(&self, sequences: &[Sequence]) -> Batch {
        let longest = sequences
            .iter()
            .map(|sequence| sequence.input_ids.len())
            .max()
            .unwrap_or(0);
        let width = self.rounded(longest);
        let pad = |values: &[u32], with: u32| -> Vec<u32> {
            let mut row = values.to_vec();
            row.resize(width, with);
            row
        };
        let positions = |sequence: &Sequence| -> Vec<u32> { (0u32..).take(sequence.input_ids.len()).collect() };
        Batch {
            input_ids: sequences
                .iter()
                .map(|sequence| pad(&sequence.input_ids, self.pad_id))
                .collect(),
            labels: Some(
                sequences
                    .iter()
                    .map(|sequence| {
                        let mut labels = sequence.labels.clone();
                        labels.resize(width, IGNORE);
                        labels
                    })
                    .collect(),
            ),
            attention_mask: Some(
                sequences
                    .iter()
                    .map(|sequence| pad(&vec![1; sequence.input_ids.len()], 0))
                    .collect(),
            ),
            position_ids: (!self.features.mask_without_positions).then(|| {
                sequences
                    .iter()
                    .map(|sequence| pad(&sequence.position_ids.clone().unwrap_or_else(|| positions(sequence)), 0))
                    .collect()
            }),
            others: Vec::new(),
        }
    }

    /// One row of all, positions starting again at each document.
    fn flat(&self, sequences: &[Sequence]) -> Batch {
        let mut ids = Vec::new();
        let mut labels = Vec::new();
        let mut positions: Vec<u32> = Vec::new();
        for sequence in sequences {
            ids.extend_from_slice(&sequence.input_ids);
            labels.extend_from_slice(&sequence.labels);
            if sequence.seq_lengths.is_empty() {
                positions.extend((0u32..).take(sequence.input_ids.len()));
            } else {
                positions.extend(sequence.seq_lengths.iter().flat_map(|length| 0..*length));
            }
        }
        let attention = vec![1; ids.len()];
        if self.features.mask_without_positions {
            let width = self.rounded(ids.len());
            ids.resize(width, self.pad_id);
            labels.resize(width, IGNORE);
            positions.resize(width, 0);
        }
        if self.features.masks_row_starts {
            for (label, _) in labels
                .iter_mut()
                .zip(&positions)
                .filter(|(_, position)| **position == 0)
            {
                *label = IGNORE;
            }
        }
        let others = if self.features.yields_bounds {
            boundaries(&positions)
        } else {
            Vec::new()
        };
        Batch {
            input_ids: vec![ids],
            labels: Some(vec![labels]),
            // Up to 0.19 without flash attention, which then alone asks for positions.
            attention_mask: (!self.features.mask_without_positions).then(|| vec![attention]),
            position_ids: Some(vec![positions]),
            others,
        }
    }

    fn rounded(&self, length: usize) -> usize {
        self.pad_to_multiple_of
            .map_or(length, |multiple| length.next_multiple_of(multiple.max(1)))
    }
}

/// Where sequences begin and end, for the kernels of variable length.
fn boundaries(positions: &[u32]) -> Vec<(&'static str, Extra)> {
    let number = |at: usize| i64::try_from(at).expect("a batch is far below 2^63 tokens");
    let starts = positions
        .iter()
        .enumerate()
        .filter(|(_, position)| **position == 0)
        .map(|(at, _)| number(at));
    let mut edges: Vec<i64> = starts.collect();
    edges.push(number(positions.len()));
    let longest = edges.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let index = edges
        .windows(2)
        .zip(0i64..)
        .flat_map(|(pair, at)| (pair[0]..pair[1]).map(move |_| at))
        .collect();
    vec![
        ("cu_seq_lens_q", Extra::Row(edges.clone())),
        ("cu_seq_lens_k", Extra::Row(edges)),
        ("max_length_q", Extra::Number(longest)),
        ("max_length_k", Extra::Number(longest)),
        ("seq_idx", Extra::Matrix(vec![index])),
    ]
}
