//! What a plan is made from, with each trainer's defaults, and how its length follows from it.

use crate::model::setup::Setup;

use super::axolotl::Basis;
use super::feed::Feed;
use super::schedule::{Least, Schedule};
use super::steps::{Counting, Rhythm};
use super::warmup::Warmup;
use super::{LARGEST_BATCH, MOST_ROWS, MOST_STEPS, PlanError, float, whole};

/// The trainer's settings that a plan follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanSettings {
    /// Rows per device and batch: `per_device_train_batch_size`, times the devices that one process drives.
    pub batch_size: u64,
    /// `gradient_accumulation_steps`.
    pub grad_accum: u64,
    /// Ranks that each have their own batches; those of tensor, context or sequence parallelism count as one.
    pub world_size: u64,
    pub epochs: f64,
    /// axolotl: rows on all ranks that it counts a step by, and those of a batch (`batch_size` and
    /// `micro_batch_size`), where that is not what a step is made of.
    pub counted: Option<(u64, u64)>,
    /// `max_steps`; wins over the epochs. Not transformers' -1, which is `None` here.
    pub max_steps: Option<u64>,
    /// `dataloader_drop_last`.
    pub drop_last: bool,
    /// `even_batches` of accelerate.
    pub even_batches: bool,
    /// Whether the trainer reads the set as a stream, without knowing its length.
    pub streamed: bool,
    pub trainer: Trainer,
    pub warmup: Warmup,
    pub schedule: Schedule,
    /// The highest learning rate.
    pub learning_rate: f64,
}

/// Whose arithmetic it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trainer {
    /// transformers' `Trainer`, also as TRL, LLaMA-Factory and Unsloth use it, by `(major, minor)` of transformers.
    Transformers {
        version: (u32, u32),
    },
    /// axolotl works out the steps itself and passes them on as `max_steps`.
    Axolotl {
        /// `(major, minor)` of transformers.
        transformers: (u32, u32),
        basis: Basis,
    },
    Torchtune {
        max_steps_per_epoch: Option<u64>,
    },
}

impl Trainer {
    fn counting(&self) -> Counting {
        match self {
            Self::Transformers { version } => Counting::transformers(*version),
            Self::Axolotl { transformers, .. } => Counting::transformers(*transformers),
            Self::Torchtune { max_steps_per_epoch } => Counting::Floor {
                at_most: *max_steps_per_epoch,
            },
        }
    }

    /// `(major, minor)` of transformers, where it counts the steps.
    pub(super) fn transformers(&self) -> Option<(u32, u32)> {
        match self {
            Self::Transformers { version } => Some(*version),
            Self::Axolotl { transformers, .. } => Some(*transformers),
            Self::Torchtune { .. } => None,
        }
    }

    /// The same over transformers of another version.
    pub(super) fn of_version(self, version: (u32, u32)) -> Self {
        match self {
            Self::Transformers { .. } => Self::Transformers { version },
            Self::Axolotl { basis, .. } => Self::Axolotl {
                transformers: version,
                basis,
            },
            Self::Torchtune { .. } => self,
        }
    }

    pub(super) fn logs_own_rate(&self) -> bool {
        match self {
            Self::Transformers { version } => *version >= (4, 51),
            Self::Axolotl { transformers, .. } => *transformers >= (4, 51),
            Self::Torchtune { .. } => false,
        }
    }
}

/// How long a run is.
pub(super) struct Length {
    pub(super) rhythm: Rhythm,
    pub(super) updates_per_epoch: u64,
    pub(super) planned: u64,
    /// Updates that the epochs the trainer goes through can make.
    pub(super) most: u64,
    /// Steps that a warmup given as a share is a share of.
    pub(super) warmup_basis: u64,
    /// Batches that count as an epoch in the log.
    pub(super) batches_logged: u64,
}

impl PlanSettings {
    /// The defaults of `TrainingArguments`, for transformers of version `(major, minor)`.
    pub fn transformers(version: (u32, u32)) -> Self {
        Self {
            batch_size: 8,
            grad_accum: 1,
            world_size: 1,
            epochs: 3.0,
            max_steps: None,
            counted: None,
            drop_last: false,
            even_batches: true,
            streamed: false,
            trainer: Trainer::Transformers { version },
            warmup: Warmup::Steps(0),
            schedule: Schedule::Linear,
            learning_rate: 5e-5,
        }
    }

    /// The defaults of axolotl 0.19, over transformers of version `(major, minor)`. It has none for the learning
    /// rate, which is left at that of transformers.
    ///
    /// Packed bins are dealt out as full batches only; see [`Basis::Bins`].
    pub fn axolotl(version: (u32, u32), basis: Basis) -> Self {
        let packed = matches!(basis, Basis::Bins { .. });
        Self {
            batch_size: 1,
            epochs: 1.0,
            drop_last: packed,
            even_batches: !packed,
            trainer: Trainer::Axolotl {
                transformers: version,
                basis,
            },
            warmup: Warmup::Axolotl {
                steps: None,
                ratio: None,
            },
            schedule: Schedule::Cosine { cycles: 0.5 },
            ..Self::transformers(version)
        }
    }

    /// torchtune 0.6, whose recipes have no defaults: those of `qwen2_5/0.5B_lora_single_device.yaml`.
    pub fn torchtune() -> Self {
        Self {
            batch_size: 2,
            grad_accum: 8,
            epochs: 1.0,
            trainer: Trainer::Torchtune {
                max_steps_per_epoch: None,
            },
            warmup: Warmup::Steps(100),
            schedule: Schedule::Cosine { cycles: 0.5 },
            learning_rate: 2e-3,
            ..Self::transformers((5, 0))
        }
    }

    /// These settings with the sizes and the length of a run as set up.
    #[must_use]
    pub fn for_run(self, setup: &Setup) -> Self {
        Self {
            batch_size: setup.batch_size.value as u64,
            grad_accum: setup.grad_accum.value as u64,
            world_size: setup.world_size.value as u64,
            epochs: setup.epochs.value,
            max_steps: setup.max_steps.as_ref().map(|steps| steps.value),
            ..self
        }
    }

    /// Rows of a full step on all ranks.
    pub fn effective_batch(&self) -> u64 {
        self.batch_size
            .saturating_mul(self.grad_accum)
            .saturating_mul(self.world_size)
    }

    pub(super) fn check(&self, rows: u64) -> Result<(), PlanError> {
        let sizes = [
            ("the batch size", self.batch_size),
            ("gradient accumulation", self.grad_accum),
            ("the world size", self.world_size),
        ];
        for (name, size) in sizes {
            if size == 0 {
                return Err(PlanError::Zero(name));
            }
        }
        if rows == 0 {
            return Err(PlanError::NoRows);
        }
        limit("the rows of a step", self.effective_batch(), LARGEST_BATCH)?;
        limit("the number of rows", rows, MOST_ROWS)?;
        if !self.epochs.is_finite() {
            return Err(PlanError::BadEpochs(self.epochs));
        }
        if matches!(self.trainer, Trainer::Torchtune { .. }) {
            if self.max_steps.is_some() {
                return Err(PlanError::NoMaxSteps);
            }
            if self.epochs.fract() != 0.0 {
                return Err(PlanError::PartOfAnEpoch(self.epochs));
            }
        }
        Ok(())
    }

    pub(super) fn feed(&self, rows: u64) -> Feed {
        match self.trainer {
            Trainer::Torchtune { .. } => Feed::distributed(rows, self.batch_size, self.world_size),
            _ => Feed::accelerate(
                rows,
                self.batch_size,
                self.world_size,
                self.drop_last,
                self.even_batches,
            ),
        }
    }

    /// Follows `set_initial_training_values` of transformers, and what precedes it in axolotl.
    pub(super) fn length(&self, feed: &Feed) -> Result<Length, PlanError> {
        let counting = self.trainer.counting();
        let own_total = match self.trainer {
            Trainer::Axolotl { basis, .. } if !self.streamed => {
                let batches = feed.rows / feed.batch;
                let (batches, per_update, rounds) = match self.counted {
                    Some((rows, batch)) => (batches * batch, rows, rows),
                    None => (batches, self.effective_batch(), self.grad_accum * self.world_size),
                };
                let total = basis.total(feed.rows, batches, per_update, rounds, self.epochs);
                // A total of 0 counts as none.
                Some(whole(total.ceil())).filter(|total| *total > 0)
            }
            _ => None,
        };
        let max_steps = match (self.max_steps, self.trainer) {
            (None | Some(0), Trainer::Axolotl { .. }) => own_total,
            (given, _) => given,
        };
        let (rhythm, updates_per_epoch, planned, epochs) = match (max_steps, self.streamed) {
            (None, true) => return Err(PlanError::StreamedWithoutSteps),
            (Some(steps), true) => (counting.streamed(feed.batches, self.grad_accum), steps, steps, u64::MAX),
            (max_steps, false) => {
                let rhythm = counting.rhythm(feed.rows, feed.batches, self.grad_accum);
                let each = counting.planned(feed.batches, self.grad_accum);
                let planned = max_steps.unwrap_or_else(|| whole((self.epochs * float(each)).ceil()));
                let epochs = match max_steps {
                    Some(steps) => steps.div_ceil(each.max(1)),
                    None => whole(self.epochs.ceil()),
                };
                (rhythm, each, planned, epochs)
            }
        };
        limit("the number of steps", planned, MOST_STEPS)?;
        if planned == 0 && updates_per_epoch > 0 {
            return Err(PlanError::NoSteps { epochs: self.epochs });
        }
        Ok(Length {
            most: if rhythm.ever() { rhythm.within(epochs) } else { 0 },
            rhythm,
            updates_per_epoch,
            planned,
            warmup_basis: own_total.map_or(planned, |total| total.min(planned)),
            batches_logged: if self.streamed {
                planned * self.grad_accum
            } else {
                feed.batches
            },
        })
    }
}

fn limit(name: &'static str, value: u64, most: u64) -> Result<(), PlanError> {
    if value > most {
        return Err(PlanError::TooMany { name, value, most });
    }
    Ok(())
}

impl Schedule {
    /// The schedule axolotl makes of `cosine` with `cosine_min_lr_ratio`, which wins over `lr_scheduler_kwargs`.
    pub fn axolotl_cosine(quadratic_warmup: bool, min_ratio: Option<f64>, constant_ratio: Option<f64>) -> Self {
        // Ratios of 0 count as not set.
        let set = |ratio: Option<f64>| ratio.filter(|ratio| *ratio != 0.0);
        match (quadratic_warmup, set(min_ratio), set(constant_ratio)) {
            (true, ..) => Self::CosineQuadraticWarmup,
            (false, Some(min_ratio), Some(constant_ratio)) => Self::CosineThenConstant {
                min_ratio,
                constant_ratio,
            },
            (false, Some(min_ratio), None) => Self::CosineWithMin {
                min: Least::Share(min_ratio),
                cycles: 0.5,
            },
            (false, None, _) => Self::Cosine { cycles: 0.5 },
        }
    }
}
