//! What axolotl works out itself before it hands over to transformers: the number of steps and the warmup.
//!
//! Sources: axolotl 0.19.0 `utils/trainer.py` `calculate_total_num_steps`, `utils/data/sft.py`
//! `_prepare_standard_dataset`, `core/builders/base.py` `_configure_warmup_and_logging`.

use super::float;

/// What the number of steps is worked out from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Basis {
    /// Rows; the rows of the plan are those of the set.
    Rows,
    /// `sample_packing`: bins, as [`Multipack`](crate::encode::pack::Multipack) packs them; the rows of the plan
    /// are bins. axolotl packs four times and takes the least number of batches.
    Bins {
        /// `dataloader_drop_last`: plans a step less for each epoch.
        drop_last: bool,
    },
    /// `sample_packing_eff_est`: an estimate from the number of tokens.
    Estimate {
        /// Tokens of all rows.
        tokens: u64,
        sequence_len: u64,
        /// `sample_packing_eff_est`.
        efficiency: f64,
    },
}

impl Basis {
    /// `total_num_steps`, before `max_steps` limits it.
    ///
    /// `batches` are those of an epoch on all ranks; `per_update`, how many rows make an update on all ranks
    /// (`batch_size`); `rounds`, how many batches do.
    pub(super) fn total(self, rows: u64, batches: u64, per_update: u64, rounds: u64, epochs: f64) -> f64 {
        match self {
            Self::Rows => (float(rows) * epochs / float(per_update)).ceil(),
            Self::Bins { drop_last } => {
                let steps = (float((batches / rounds).max(1)) * epochs).floor();
                if drop_last { steps - epochs.ceil() } else { steps }
            }
            Self::Estimate {
                tokens,
                sequence_len,
                efficiency,
            } => {
                let sequences = 0.99 * float(tokens) / efficiency / float(sequence_len);
                // Python's `//` on floats, then `math.floor` of the whole.
                ((sequences / float(per_update)).floor() - 1.0) * epochs
            }
        }
    }
}

/// Steps of warmup out of `total`: `warmup_steps`, else `warmup_ratio`, else 3 % of them but no more than 100.
/// A single step of warmup, which would train with a rate of 0 and nothing else, is made two.
pub(super) fn warmup(total: u64, steps: Option<u64>, ratio: Option<f64>) -> u64 {
    let share = |ratio: f64| super::whole(ratio * float(total));
    let steps = steps.unwrap_or_else(|| ratio.map_or_else(|| share(0.03).min(100), share));
    if steps == 1 { 2 } else { steps }
}

/// Steps between two lines of the log: `logging_steps`, else 0.5 % of the steps but from 1 to 10.
pub fn logging_steps(total: u64, given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| super::whole(0.005 * float(total)).clamp(1, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_for_three_percent_and_never_for_one_step() {
        assert_eq!(warmup(10_000, None, None), 100);
        assert_eq!(warmup(1000, None, None), 30);
        assert_eq!(warmup(34, None, None), 2);
        assert_eq!(warmup(10, None, None), 0);
        assert_eq!(warmup(1000, None, Some(0.1)), 100);
        assert_eq!(warmup(1000, Some(7), Some(0.1)), 7);
        assert_eq!([10, 1000, 9000].map(|total| logging_steps(total, None)), [1, 5, 10]);
    }

    #[test]
    fn an_estimate_of_steps_is_one_short() {
        let basis = Basis::Estimate {
            tokens: 10_000_000,
            sequence_len: 2048,
            efficiency: 0.97,
        };
        // 0.99 * 10,000,000 / 0.97 / 2048 = 4983.5 sequences, 311 batches of 16.
        assert!((basis.total(0, 0, 16, 1, 2.0) - 620.0).abs() < 1e-9);
    }
}
