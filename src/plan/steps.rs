//! How many optimizer updates a run makes, and which batches each of them is made of.
//!
//! Batches are counted per rank, as one stream through all epochs: gradients that no update of their epoch
//! used are still there in the next, so updates cut the stream without gaps.
//!
//! Sources: transformers `trainer.py`, `set_initial_training_values` and the training loop, read in 4.38.2,
//! 4.45.2, 4.46.0, 4.46.3, 4.47.1, 4.48.3, 4.49.0, 4.50.3, 4.51.3, 4.52.1, 4.52.4, 4.53.3, 4.57.1, 5.0.0, 5.12.0
//! and 5.23.0; torchtune 0.6.1 `recipes/full_finetune_single_device.py` and `full_finetune_distributed.py`.

/// How a trainer counts updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Up to transformers 4.46: updates planned for an epoch are its batches divided by those accumulated,
    /// without the rest, and every so many batches make an update whether an epoch ends among them or not.
    Through {
        /// 4.46 only: how many batches follow the epoch's last full accumulation is taken from the number of
        /// rows instead of batches; those beyond are never fetched (transformers#37777).
        fetches_by_rows: bool,
    },
    /// 4.47 to 4.51: planned as before, but what is left of an epoch makes an update too, if it was fetched. So
    /// the run ends before its last epoch does, or, where the rest was not fetched, gradients go over into
    /// the next epoch.
    Rest,
    /// From 4.52: the rest of an epoch makes an update, and is planned.
    Whole,
    /// torchtune: the rest of an epoch makes no update; its gradients go over into the next.
    Floor {
        /// `max_steps_per_epoch`.
        at_most: Option<u64>,
    },
}

impl Counting {
    /// That of transformers' `Trainer`, which TRL, axolotl, LLaMA-Factory and Unsloth train with.
    pub fn transformers(version: (u32, u32)) -> Self {
        match version {
            (4, 46) => Self::Through { fetches_by_rows: true },
            (4, 47..52) => Self::Rest,
            (4, 52..) | (5.., _) => Self::Whole,
            _ => Self::Through { fetches_by_rows: false },
        }
    }

    /// Updates of an epoch that the trainer plans with: for its number of steps, its schedule, its progress bar.
    pub(super) fn planned(self, batches: u64, accum: u64) -> u64 {
        match self {
            Self::Through { .. } | Self::Rest => (batches / accum).max(1),
            Self::Whole => batches.div_ceil(accum).max(1),
            Self::Floor { at_most } => (batches / accum).min(at_most.unwrap_or(u64::MAX)),
        }
    }

    /// What the trainer then does in each epoch of `batches`, at least 1, made of `rows`.
    pub(super) fn rhythm(self, rows: u64, batches: u64, accum: u64) -> Rhythm {
        let rest = batches % accum;
        let by_rows = if rows.is_multiple_of(accum) {
            accum
        } else {
            rows % accum
        };
        let fetched = match self {
            Self::Through { fetches_by_rows: true } | Self::Rest => batches - rest + rest.min(by_rows),
            Self::Floor { at_most: Some(at_most) } if at_most <= batches / accum => at_most * accum,
            _ => batches,
        };
        let beat = match self {
            // `steps_in_epoch <= gradient_accumulation_steps and (step + 1) == steps_in_epoch`
            Self::Through { .. } => Beat::Through {
                ends: batches <= accum && fetched == batches,
            },
            // `(step + 1) % accumulated == 0 or (step + 1) == steps_in_epoch`
            Self::Rest => Beat::Epoch(batches / accum + u64::from(rest > 0 && fetched == batches)),
            Self::Whole => Beat::Epoch(batches.div_ceil(accum)),
            Self::Floor { .. } => Beat::Epoch(fetched / accum),
        };
        Rhythm { accum, fetched, beat }
    }

    /// The same for a streamed set, which has no length for the trainer: the end of an epoch comes as a
    /// surprise and makes no update.
    pub(super) fn streamed(self, batches: u64, accum: u64) -> Rhythm {
        let beat = match self {
            Self::Through { .. } => Beat::Through { ends: false },
            _ => Beat::Epoch(batches / accum),
        };
        Rhythm {
            accum,
            fetched: batches,
            beat,
        }
    }
}

/// Where updates cut the stream of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    accum: u64,
    /// Batches of an epoch that the trainer takes.
    pub(super) fetched: u64,
    beat: Beat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// So many updates in each epoch, counted from its start; the last may have fewer batches.
    Epoch(u64),
    /// Every `accum` batches from the start of the run.
    Through {
        /// And at the end of each epoch, which has no more than `accum` batches.
        ends: bool,
    },
}

impl Rhythm {
    /// Whether there is ever an update.
    pub(super) fn ever(&self) -> bool {
        self.fetched > 0 && self.beat != Beat::Epoch(0)
    }

    /// Batches of the stream that the first `updates` updates use.
    pub(super) fn used(&self, updates: u64) -> u64 {
        if updates == 0 {
            return 0;
        }
        match self.beat {
            Beat::Epoch(each) => {
                let (epochs, within) = ((updates - 1) / each, (updates - 1) % each + 1);
                epochs * self.fetched + (within * self.accum).min(self.fetched)
            }
            Beat::Through { ends: false } => updates * self.accum,
            Beat::Through { ends: true } => {
                // The least number of batches with that many updates; each epoch has one at least.
                let (mut too_few, mut enough) = (0, updates * self.fetched);
                while too_few + 1 < enough {
                    let middle = too_few.midpoint(enough);
                    if self.by(middle) < updates {
                        too_few = middle;
                    } else {
                        enough = middle;
                    }
                }
                enough
            }
        }
    }

    /// Updates made in so many epochs.
    pub(super) fn within(&self, epochs: u64) -> u64 {
        match self.beat {
            Beat::Epoch(each) => epochs.saturating_mul(each),
            Beat::Through { .. } => self.by(epochs.saturating_mul(self.fetched)),
        }
    }

    /// Updates made by the end of so many batches, where they are counted through.
    fn by(&self, batches: u64) -> u64 {
        let counted = batches / self.accum;
        if self.beat == (Beat::Through { ends: true }) {
            let both = lcm(self.fetched, self.accum);
            counted + batches / self.fetched - batches / both
        } else {
            counted
        }
    }
}

fn lcm(left: u64, right: u64) -> u64 {
    let (mut divisor, mut rest) = (left, right);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (left / divisor).saturating_mul(right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The loop of transformers 4.46.3, batch by batch: after how many batches of the stream an update came.
    fn through(batches: u64, accum: u64, rows: u64, by_rows: bool, epochs: u64) -> Vec<u64> {
        let (mut counted, mut updates) = (0, Vec::new());
        for _ in 0..epochs {
            for step in 0..fetched(batches, accum, rows, by_rows) {
                counted += 1;
                let is_last = batches <= accum && step + 1 == batches;
                if is_last || counted % accum == 0 {
                    updates.push(counted);
                }
            }
        }
        updates
    }

    /// The loop of 4.51.3.
    fn rest(batches: u64, accum: u64, rows: u64, epochs: u64) -> Vec<u64> {
        let (mut counted, mut updates) = (0, Vec::new());
        for _ in 0..epochs {
            for step in 0..fetched(batches, accum, rows, true) {
                counted += 1;
                if (step + 1) % accum == 0 || step + 1 == batches {
                    updates.push(counted);
                }
            }
        }
        updates
    }

    /// `get_batch_samples` in each of `total_updates` rounds.
    fn fetched(batches: u64, accum: u64, rows: u64, by_rows: bool) -> u64 {
        if !by_rows {
            return batches;
        }
        let remainder = if rows.is_multiple_of(accum) {
            accum
        } else {
            rows % accum
        };
        let rounds = batches / accum + 1;
        (0..rounds).fold(0, |taken, round| {
            let wanted = if round == rounds - 1 { remainder } else { accum };
            taken + wanted.min(batches - taken)
        })
    }

    proptest! {
        #[test]
        fn updates_come_where_the_loops_of_the_trainer_put_them(
            batches in 1u64..40, accum in 1u64..12, rows in 1u64..400, epochs in 1u64..5,
        ) {
            let loops = [
                (Counting::transformers((4, 45)), through(batches, accum, rows, false, epochs)),
                (Counting::transformers((4, 46)), through(batches, accum, rows, true, epochs)),
                (Counting::transformers((4, 51)), rest(batches, accum, rows, epochs)),
            ];
            for (counting, expected) in loops {
                let rhythm = counting.rhythm(rows, batches, accum);
                prop_assert_eq!(rhythm.within(epochs), expected.len() as u64, "{:?}", counting);
                let used: Vec<u64> = (1..=expected.len() as u64).map(|update| rhythm.used(update)).collect();
                prop_assert_eq!(used, expected, "{:?}", counting);
            }
        }
    }

    #[test]
    fn torchtune_makes_no_update_of_the_rest() {
        let rhythm = Counting::Floor { at_most: None }.rhythm(0, 11, 4);
        assert_eq!(
            (1..=4).map(|update| rhythm.used(update)).collect::<Vec<_>>(),
            [4, 8, 15, 19]
        );
        let rhythm = Counting::Floor { at_most: Some(1) }.rhythm(0, 11, 4);
        assert_eq!((rhythm.fetched, rhythm.used(3)), (4, 12));
        assert!(!Counting::Floor { at_most: None }.rhythm(0, 3, 4).ever());
    }
}
