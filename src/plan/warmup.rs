//! Over how many steps the learning rate rises.
//!
//! Source: transformers 5.23.0, 5.14.0, 5.0.0 and 4.53.3 `training_args.py`, `get_warmup_steps` and `__post_init__`.

use thiserror::Error;

use super::{axolotl, float};

/// The warmup a run asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warmup {
    Steps(u64),
    /// Of the planned steps, rounded up.
    Share(f64),
    /// axolotl's `warmup_steps` and `warmup_ratio`, with its default where neither is set.
    Axolotl {
        steps: Option<u64>,
        ratio: Option<f64>,
    },
}

/// A warmup that transformers refuses.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum WarmupError {
    #[error("warmup_ratio was removed in transformers 5.15; warmup_steps takes a share below 1 since 5.0")]
    NoRatio,
    #[error("warmup_steps is {0}, and transformers before 5.0 takes only whole numbers from 0")]
    NotWhole(f64),
    #[error("warmup_steps is {0}, less than 0")]
    Negative(f64),
    #[error("warmup_ratio is {0}, which is not between 0 and 1")]
    NotAShare(f64),
}

impl Warmup {
    /// What transformers of version `(major, minor)` makes of `warmup_steps` and `warmup_ratio`.
    ///
    /// Before 5.0, steps above 0 win over the ratio. 5.0 to 5.14 let the ratio win, with a warning. From 5.15 on
    /// there is no ratio, and `TrainingArguments` raises `TypeError`.
    ///
    /// # Errors
    ///
    /// If that version raises on them.
    pub fn transformers(version: (u32, u32), steps: Option<f64>, ratio: Option<f64>) -> Result<Self, WarmupError> {
        if let Some(ratio) = ratio {
            if version >= (5, 15) {
                return Err(WarmupError::NoRatio);
            }
            // Checked up to 4.57; 5.0 to 5.14 take any number from 0 for steps.
            if ratio < 0.0 || ratio.is_nan() || (version < (5, 0) && ratio > 1.0) {
                return Err(WarmupError::NotAShare(ratio));
            }
        }
        let steps = steps.unwrap_or(0.0);
        if steps < 0.0 || !steps.is_finite() {
            return Err(WarmupError::Negative(steps));
        }
        if version < (5, 0) {
            if steps.fract() != 0.0 {
                return Err(WarmupError::NotWhole(steps));
            }
            return Ok(match ratio {
                Some(ratio) if steps == 0.0 => Self::Share(ratio),
                _ => Self::Steps(super::whole(steps)),
            });
        }
        let steps = ratio.unwrap_or(steps);
        Ok(if steps >= 1.0 {
            Self::Steps(super::whole(steps))
        } else {
            Self::Share(steps)
        })
    }

    /// Out of the planned steps. axolotl's own are at most `max_steps`, even if it then trains for more.
    pub(super) fn steps(self, planned: u64) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Share(share) => super::whole((float(planned) * share).ceil()),
            Self::Axolotl { steps, ratio } => axolotl::warmup(planned, steps, ratio),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_disagree_on_what_wins() {
        let both = |version| Warmup::transformers(version, Some(2.0), Some(0.5));
        assert_eq!(both((4, 53)), Ok(Warmup::Steps(2)));
        assert_eq!(both((5, 14)), Ok(Warmup::Share(0.5)));
        assert_eq!(both((5, 15)), Err(WarmupError::NoRatio));
        let share = |version| Warmup::transformers(version, Some(0.25), None);
        assert_eq!(share((4, 53)), Err(WarmupError::NotWhole(0.25)));
        assert_eq!(share((5, 23)), Ok(Warmup::Share(0.25)));
        assert_eq!(Warmup::transformers((5, 23), Some(3.7), None), Ok(Warmup::Steps(3)));
        assert_eq!(Warmup::Share(0.03).steps(13), 1);
    }
}
