//! Schedules that fall along a power of the steps.

use super::Span;
use crate::plan::float;

pub(super) fn linear(span: &Span, step: u64) -> f64 {
    let fall = || {
        let left = float(span.steps) - float(step);
        (left / (float(span.steps) - float(span.warmup)).max(1.0)).max(0.0)
    };
    span.rise(step).unwrap_or_else(fall)
}

pub(super) fn polynomial(span: &Span, step: u64, end: f64, power: f64) -> f64 {
    if let Some(rise) = span.rise(step) {
        return rise;
    }
    if step > span.steps {
        return end / span.peak;
    }
    let left = 1.0 - (float(step) - float(span.warmup)) / (float(span.steps) - float(span.warmup));
    ((span.peak - end) * left.powf(power) + end) / span.peak
}

pub(super) fn inverse_sqrt(span: &Span, step: u64, timescale: Option<f64>) -> f64 {
    let fall = || {
        let timescale = timescale.unwrap_or(if span.warmup == 0 { 10_000.0 } else { float(span.warmup) });
        let shift = timescale - float(span.warmup);
        1.0 / ((float(step) + shift) / timescale).sqrt()
    };
    span.rise(step).unwrap_or_else(fall)
}
