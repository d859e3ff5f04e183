//! torch's `OneCycleLR`: up to the peak, then down to far below where it began.

use std::f64::consts::PI;

use super::{ScheduleError, Span};
use crate::plan::float;

/// The schedule's options, with two phases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// `pct_start`: share of the steps that rise; `None` is the share that warmup has, as in axolotl.
    pub rising: Option<f64>,
    /// `anneal_strategy="linear"` instead of `"cos"`.
    pub linear: bool,
    /// The peak by the first rate.
    pub div_factor: f64,
    /// The first rate by the last.
    pub final_div_factor: f64,
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            rising: None,
            linear: false,
            div_factor: 25.0,
            final_div_factor: 1e4,
        }
    }
}

impl OneCycle {
    pub(super) fn factor(&self, span: &Span, step: u64) -> f64 {
        let first = 1.0 / self.div_factor;
        let (step, top) = (float(step), self.top(span));
        if step <= top {
            return self.between(first, 1.0, step / top);
        }
        self.between(
            1.0,
            first / self.final_div_factor,
            (step - top) / (float(span.steps) - 1.0 - top),
        )
    }

    /// The step at the peak.
    fn top(&self, span: &Span) -> f64 {
        let rising = self
            .rising
            .unwrap_or_else(|| float(span.warmup) / float(span.steps.max(1)));
        rising * float(span.steps) - 1.0
    }

    /// Both phases divide by their length.
    #[expect(clippy::float_cmp, reason = "only a length of exactly 0 is divided by")]
    pub(super) fn check(&self, span: &Span) -> Result<(), ScheduleError> {
        let top = self.top(span);
        if top == 0.0 {
            Err(ScheduleError::WarmupOfOne)
        } else if top == float(span.steps) - 1.0 {
            Err(ScheduleError::AllWarmup(span.steps))
        } else {
            Ok(())
        }
    }

    fn between(&self, start: f64, end: f64, progress: f64) -> f64 {
        if self.linear {
            (end - start) * progress + start
        } else {
            end + (start - end) / 2.0 * ((PI * progress).cos() + 1.0)
        }
    }
}
