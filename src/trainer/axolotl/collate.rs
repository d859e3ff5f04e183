//! Batches (`utils/collators/batching.py`).

use crate::encode::tokenizer::Facts;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, IGNORE};

use crate::trainer::failure::raises;

/// What stands in an attention mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masks {
    /// 1 for every token (`DataCollatorForSeq2Seq`, `BatchSamplerDataCollatorForSeq2Seq`).
    Ones,
    /// The number of the row in its bin, from 1 (`V2BatchSamplerDataCollatorForSeq2Seq`).
    Numbered,
    /// There is none.
    Absent,
}

/// The pad token, as far as there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadToken {
    Id(u32),
    /// It has a name, and the vocabulary does not hold it.
    Unknown,
    None,
}

impl PadToken {
    pub fn of(facts: &Facts) -> Self {
        match facts.token("pad_token") {
            None => Self::None,
            Some(token) => token.id.map_or(Self::Unknown, Self::Id),
        }
    }

    /// What `tokenizer.pad` raises without one (`_get_padding_truncation_strategies`, transformers 5.23).
    fn id(self) -> Result<u32, EncodeError> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Unknown => Err(raises(
                "TypeError",
                "'<' not supported between instances of 'NoneType' and 'int': the vocabulary lacks the padding token",
            )),
            Self::None => Err(raises(
                "ValueError",
                "Asking to pad but the tokenizer does not have a padding token.",
            )),
        }
    }
}

/// Pads rows, or bins of rows, to one length.
#[derive(Clone, Copy, Debug)]
pub struct Collator {
    pub pad: PadToken,
    /// Padding goes before the tokens.
    pub left: bool,
    /// Lengths are rounded up to a multiple of this.
    pub multiple: Option<usize>,
    pub masks: Masks,
}

impl Collator {
    /// # Errors
    ///
    /// If there is no pad token.
    pub fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        let pad = self.pad.id()?;
        let longest = sequences
            .iter()
            .map(|sequence| sequence.input_ids.len())
            .max()
            .unwrap_or(0);
        let width = self
            .multiple
            .map_or(longest, |multiple| longest.next_multiple_of(multiple.max(1)));
        let mut batch = Batch {
            labels: Some(Vec::new()),
            attention_mask: (self.masks != Masks::Absent).then(Vec::new),
            position_ids: sequences
                .first()
                .is_some_and(|sequence| sequence.position_ids.is_some())
                .then(Vec::new),
            ..Batch::default()
        };
        for sequence in sequences {
            batch.input_ids.push(self.padded(&sequence.input_ids, width, |_| pad));
            let labels = batch.labels.as_mut().expect("made above");
            labels.push(self.padded(&sequence.labels, width, |_| IGNORE));
            if let Some(masks) = &mut batch.attention_mask {
                masks.push(self.padded(&self.mask(sequence), width, |_| 0));
            }
            if let (Some(positions), Some(own)) = (&mut batch.position_ids, &sequence.position_ids) {
                // Padding is a row of its own, with positions of its own.
                positions.push(self.padded(own, width, |at| at));
            }
        }
        Ok(batch)
    }

    fn mask(&self, sequence: &Sequence) -> Vec<u32> {
        if self.masks == Masks::Numbered && !sequence.seq_lengths.is_empty() {
            let rows = (1u32..).zip(&sequence.seq_lengths);
            return rows
                .flat_map(|(row, length)| std::iter::repeat_n(row, *length as usize))
                .collect();
        }
        vec![1; sequence.input_ids.len()]
    }

    fn padded<T: Copy>(&self, values: &[T], width: usize, padding: impl Fn(u32) -> T) -> Vec<T> {
        let padding = (0u32..).take(width - values.len()).map(padding);
        if self.left {
            padding.chain(values.iter().copied()).collect()
        } else {
            values.iter().copied().chain(padding).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(lengths: &[u32]) -> Sequence {
        let length: u32 = lengths.iter().sum();
        Sequence {
            input_ids: (10..10 + length).collect(),
            labels: vec![7; length as usize],
            seq_lengths: lengths.to_vec(),
            position_ids: Some(lengths.iter().flat_map(|length| 0..*length).collect()),
            ..Sequence::default()
        }
    }

    #[test]
    fn rows_of_a_bin_are_numbered_and_padding_counts_on_its_own() {
        let collator = Collator {
            pad: PadToken::Id(0),
            left: false,
            multiple: Some(4),
            masks: Masks::Numbered,
        };
        let batch = collator.collate(&[sequence(&[2, 1]), sequence(&[1])]).expect("a batch");
        assert_eq!(batch.attention_mask, Some(vec![vec![1, 1, 2, 0], vec![1, 0, 0, 0]]));
        assert_eq!(batch.position_ids, Some(vec![vec![0, 1, 0, 0], vec![0, 0, 1, 2]]));
        assert_eq!(
            batch.labels,
            Some(vec![vec![7, 7, 7, IGNORE], vec![7, IGNORE, IGNORE, IGNORE]])
        );
    }

    #[test]
    fn padding_on_the_left() {
        let collator = Collator {
            pad: PadToken::Id(0),
            left: true,
            multiple: None,
            masks: Masks::Ones,
        };
        let batch = collator.collate(&[sequence(&[3]), sequence(&[1])]).expect("a batch");
        assert_eq!(batch.input_ids, [vec![10, 11, 12], vec![0, 0, 10]]);
        assert_eq!(batch.position_ids, Some(vec![vec![0, 1, 2], vec![0, 1, 0]]));
        for (pad, class) in [(PadToken::None, "ValueError"), (PadToken::Unknown, "TypeError")] {
            let without = Collator { pad, ..collator };
            assert_eq!(
                without.collate(&[sequence(&[1])]).expect_err("no pad token").class,
                class
            );
        }
    }
}
