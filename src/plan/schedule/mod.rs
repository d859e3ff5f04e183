//! Learning-rate schedules, as factors of the highest rate.
//!
//! Sources: transformers 5.23.0 and 4.53.3 `optimization.py`, read in every release named in
//! [`steps`](super::steps); axolotl 0.19.0 `utils/schedulers.py`, `core/trainers/mixins/scheduler.py`; torchtune 0.6.1
//! `training/lr_schedulers.py`; torch `optim/lr_scheduler.py` `OneCycleLR`. Operations stand in the order of
//! those sources, so that results agree to the last bits.

mod cosine;
mod decay;
mod one_cycle;
mod parse;
mod rex;
mod stable;

pub use one_cycle::OneCycle;
pub use parse::ScheduleError;
pub use stable::{Curve, Stages, WarmupStableDecay};

use super::float;

/// What a schedule is stretched over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Updates planned (`num_training_steps`).
    pub steps: u64,
    /// Of which the first raise the rate.
    pub warmup: u64,
    /// The highest rate (`learning_rate`).
    pub peak: f64,
}

impl Span {
    /// The part of the way from the end of warmup to the last step that `step` is at.
    fn progress(&self, step: u64) -> f64 {
        let after = float(step) - float(self.warmup);
        after / (float(self.steps) - float(self.warmup)).max(1.0)
    }

    /// The straight rise from 0, or `None` after it.
    fn rise(&self, step: u64) -> Option<f64> {
        (step < self.warmup).then(|| float(step) / float(self.warmup.max(1)))
    }
}

/// A learning-rate schedule and its options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// `constant`: without warmup, whatever is asked for.
    Constant,
    ConstantWithWarmup,
    Linear,
    /// `cosine`; 0.5 cycles are a fall from the peak to 0.
    Cosine {
        cycles: f64,
    },
    CosineWithRestarts {
        cycles: f64,
    },
    Polynomial {
        /// The rate at the end, not a share of the peak.
        end: f64,
        power: f64,
    },
    InverseSqrt {
        /// `None` is the warmup, or 10,000 steps without one.
        timescale: Option<f64>,
    },
    /// `cosine_with_min_lr`; also axolotl's `cosine_min_lr_ratio`.
    CosineWithMin {
        min: Least,
        cycles: f64,
    },
    /// `cosine_warmup_with_min_lr`: its rise reaches the peak a step earlier and starts above 0.
    CosineWarmupWithMin {
        min: Least,
        cycles: f64,
        /// `warmup_lr_rate`: share of the peak at the first step.
        first: Option<f64>,
    },
    WarmupStableDecay(WarmupStableDecay),
    /// axolotl's `cosine` with `lr_quadratic_warmup`.
    CosineQuadraticWarmup,
    /// axolotl's `cosine` with `cosine_min_lr_ratio` and `cosine_constant_lr_ratio`: falls over a share of the
    /// steps, then stays.
    CosineThenConstant {
        min_ratio: f64,
        constant_ratio: f64,
    },
    /// axolotl's `rex`.
    Rex {
        min_ratio: f64,
    },
    /// torch's `OneCycleLR`: axolotl's `one_cycle`, mistral-finetune's only one.
    OneCycle(OneCycle),
    /// `reduce_lr_on_plateau`, `greedy`: follow the evaluation loss, which nobody knows beforehand.
    ByMetric,
}

/// The lowest rate of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Least {
    /// `min_lr`.
    Rate(f64),
    /// `min_lr_rate`: a share of the peak.
    Share(f64),
}

impl Least {
    fn share(self, span: &Span) -> f64 {
        match self {
            Self::Rate(rate) => rate / span.peak,
            Self::Share(share) => share,
        }
    }
}

impl Schedule {
    /// The rate's share of the peak at a step counted from 0: the rate of the update after `step` others.
    ///
    /// `None` where the schedule follows a metric.
    pub fn factor(&self, span: &Span, step: u64) -> Option<f64> {
        Some(match self {
            Self::Constant => 1.0,
            Self::ConstantWithWarmup => span.rise(step).unwrap_or(1.0),
            Self::Linear => decay::linear(span, step),
            Self::Cosine { cycles } => cosine::plain(span, step, *cycles),
            Self::CosineWithRestarts { cycles } => cosine::with_restarts(span, step, *cycles),
            Self::Polynomial { end, power } => decay::polynomial(span, step, *end, *power),
            Self::InverseSqrt { timescale } => decay::inverse_sqrt(span, step, *timescale),
            Self::CosineWithMin { min, cycles } => cosine::with_min(span, step, min.share(span), *cycles),
            Self::CosineWarmupWithMin { min, cycles, first } => {
                cosine::warmup_with_min(span, step, min.share(span), *cycles, *first)
            }
            Self::WarmupStableDecay(schedule) => schedule.factor(span, step),
            Self::CosineQuadraticWarmup => cosine::quadratic_warmup(span, step),
            Self::CosineThenConstant {
                min_ratio,
                constant_ratio,
            } => cosine::then_constant(span, step, *min_ratio, *constant_ratio),
            Self::Rex { min_ratio } => rex::factor(span, step, *min_ratio),
            Self::OneCycle(schedule) => schedule.factor(span, step),
            Self::ByMetric => return None,
        })
    }

    /// Whether the trainer can build the schedule and follow it to the end.
    ///
    /// # Errors
    ///
    /// If the trainer aborts on it for this peak, warmup or number of steps.
    pub fn check(&self, span: &Span) -> Result<(), ScheduleError> {
        let all_warmup = span.steps == span.warmup;
        match self {
            Self::Polynomial { end, .. } if span.peak <= *end => Err(ScheduleError::EndAbovePeak {
                end: *end,
                peak: span.peak,
            }),
            // `decay_steps` is 0, and the scheduler divides by it when it moves on after the last update.
            Self::Polynomial { .. } if all_warmup => Err(ScheduleError::AllWarmup(span.steps)),
            Self::Rex { .. } | Self::OneCycle(OneCycle { rising: None, .. }) if span.warmup > span.steps => {
                Err(ScheduleError::WarmupBeyondEnd {
                    warmup: span.warmup,
                    steps: span.steps,
                })
            }
            Self::OneCycle(schedule) => schedule.check(span),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
