//! What becomes of rows that are too long, too short, or trained on nothing
//! (`utils/data/utils.py`, `handle_long_seq_in_dataset`; `utils/trainer.py`,
//! `process_datasets_for_packing`).

use crate::model::encoded::{EncodeError, Encoded, IGNORE};

use super::options::Excess;
use super::pieces::NO_TOKEN;
use crate::trainer::failure::raises;

#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// Tokens.
    pub(super) longest: usize,
    /// Tokens.
    pub(super) shortest: usize,
    pub(super) excess: Excess,
    /// Rows without a trained token go only where rows are packed.
    pub(super) packs: bool,
}

impl Length {
    /// Whether a row of this length, in tokens, is kept for its length.
    pub(super) fn takes(self, length: usize) -> bool {
        (self.shortest..=self.longest).contains(&length)
    }

    /// Cuts or drops the row.
    ///
    /// # Errors
    ///
    /// For a row too long, where axolotl is told to raise, and for one with an EOS that is not there.
    pub(super) fn settle(self, out: &mut Encoded) -> Result<(), EncodeError> {
        let length = out.input_ids.len();
        out.full_len = out.full_len.max(length);
        out.full_trained = out.full_trained.max(out.trained());
        if self.excess == Excess::Raise && length > self.longest {
            let message = format!(
                "Sequence encountered with {length} tokens, which exceeds the maximum {}.",
                self.longest
            );
            return Err(raises("ValueError", message));
        }
        if length < self.shortest {
            out.dropped = Some(format!("{length} tokens, less than min_sample_len {}", self.shortest));
            return Ok(());
        }
        if self.excess == Excess::Drop && length > self.longest {
            out.dropped = Some(format!("{length} tokens, more than sequence_len {}", self.longest));
            return Ok(());
        }
        out.input_ids.truncate(self.longest);
        out.labels.truncate(self.longest);
        out.offsets.truncate(self.longest);
        out.answer_lost = out.full_trained > 0 && out.trained() == 0;
        if self.packs && out.labels.iter().all(|label| *label == IGNORE) {
            out.dropped = Some("no trained token, and sample_packing drops such rows".to_owned());
            return Ok(());
        }
        self.check_tokens(out)
    }

    /// What the collator raises where an id is `None`: of a bin it makes an array of labels first, of
    /// rows one of ids.
    fn check_tokens(self, out: &Encoded) -> Result<(), EncodeError> {
        if !out.input_ids.contains(&NO_TOKEN) {
            return Ok(());
        }
        let class = if self.packs { "TypeError" } else { "ValueError" };
        Err(raises(
            class,
            "the tokenizer has no eos_token, and None was appended to the row",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(excess: Excess, packs: bool, labels: &[i32]) -> Result<Encoded, EncodeError> {
        let mut out = Encoded {
            input_ids: vec![7; labels.len()],
            labels: labels.to_vec(),
            offsets: vec![(0, 0); labels.len()],
            ..Encoded::default()
        };
        let length = Length {
            longest: 4,
            shortest: 2,
            excess,
            packs,
        };
        length.settle(&mut out)?;
        Ok(out)
    }

    #[test]
    fn long_rows_are_dropped_cut_or_stop_the_run() {
        let long = [IGNORE, IGNORE, IGNORE, IGNORE, 7];
        let dropped = settled(Excess::Drop, false, &long).expect("a row");
        assert_eq!((dropped.len(), dropped.dropped.is_some()), (5, true));
        let cut = settled(Excess::Truncate, false, &long).expect("a row");
        assert_eq!(
            (cut.len(), cut.full_len, cut.answer_lost, cut.dropped),
            (4, 5, true, None)
        );
        assert_eq!(
            settled(Excess::Raise, false, &long).expect_err("too long").class,
            "ValueError"
        );
    }

    #[test]
    fn an_end_that_is_no_token_stops_the_run_unless_it_is_cut() {
        let ended = |packs, longest| {
            let mut out = Encoded {
                input_ids: vec![7, 7, NO_TOKEN],
                labels: vec![7, 7, i32::MAX],
                offsets: vec![(0, 0); 3],
                ..Encoded::default()
            };
            let length = Length {
                longest,
                shortest: 2,
                excess: Excess::Truncate,
                packs,
            };
            length.settle(&mut out).map_err(|error| error.class)
        };
        assert_eq!(ended(true, 4), Err("TypeError".to_owned()));
        assert_eq!(ended(false, 4), Err("ValueError".to_owned()));
        assert_eq!(ended(false, 2), Ok(()));
    }

    #[test]
    fn rows_trained_on_nothing_stay_unless_packed() {
        let masked = [IGNORE; 3];
        assert_eq!(settled(Excess::Drop, false, &masked).expect("a row").dropped, None);
        assert!(settled(Excess::Drop, true, &masked).expect("a row").dropped.is_some());
        assert!(
            settled(Excess::Truncate, false, &[7]).expect("a row").dropped.is_some(),
            "too short"
        );
    }
}
