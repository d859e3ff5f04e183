//! axolotl's `RexLR`: a reflected exponential, level at first and steep at the end.

use super::Span;
use crate::plan::float;

/// The scheduler counts its own making as a step, so it is always one ahead.
pub(super) fn factor(span: &Span, step: u64, min_ratio: f64) -> f64 {
    let step = step + 1;
    if step <= span.warmup {
        return float(step) / float(span.warmup);
    }
    let (after, remaining) = (step - span.warmup, span.steps.saturating_sub(span.warmup));
    if after >= remaining {
        return min_ratio;
    }
    let left = (float(remaining) - float(after)) / float(remaining);
    min_ratio + (1.0 - min_ratio) * (left / (0.1 + 0.9 * left))
}
