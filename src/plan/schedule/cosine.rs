//! Schedules that fall along a cosine.

use std::f64::consts::PI;

use super::Span;
use crate::plan::float;

/// Half the height of a cosine over 0 after `cycles` times `progress`.
pub(super) fn wave(cycles: f64, progress: f64) -> f64 {
    0.5 * (1.0 + (PI * cycles * 2.0 * progress).cos())
}

/// Lifts a wave to end at `min`.
pub(super) fn lift(wave: f64, min: f64) -> f64 {
    wave * (1.0 - min) + min
}

pub(super) fn plain(span: &Span, step: u64, cycles: f64) -> f64 {
    let fall = || wave(cycles, span.progress(step)).max(0.0);
    span.rise(step).unwrap_or_else(fall)
}

pub(super) fn with_restarts(span: &Span, step: u64, cycles: f64) -> f64 {
    if let Some(rise) = span.rise(step) {
        return rise;
    }
    let progress = span.progress(step);
    if progress >= 1.0 {
        return 0.0;
    }
    (0.5 * (1.0 + (PI * (cycles * progress).rem_euclid(1.0)).cos())).max(0.0)
}

pub(super) fn with_min(span: &Span, step: u64, min: f64, cycles: f64) -> f64 {
    let fall = || lift(wave(cycles, span.progress(step)), min).max(0.0);
    span.rise(step).unwrap_or_else(fall)
}

pub(super) fn warmup_with_min(span: &Span, step: u64, min: f64, cycles: f64, first: Option<f64>) -> f64 {
    let warmup = float(span.warmup);
    if step < span.warmup {
        return match first {
            None => (float(step) + 1.0) / warmup.max(1.0),
            Some(first) => first + (1.0 - first) * float(step) / (warmup - 1.0).max(1.0),
        };
    }
    let progress = (float(step) - warmup + 1.0) / (float(span.steps) - warmup).max(1.0);
    lift(wave(cycles, progress), min).max(0.0)
}

pub(super) fn quadratic_warmup(span: &Span, step: u64) -> f64 {
    match span.rise(step) {
        Some(rise) => rise * rise,
        None => plain(span, step, 0.5),
    }
}

pub(super) fn then_constant(span: &Span, step: u64, min_ratio: f64, constant_ratio: f64) -> f64 {
    if let Some(rise) = span.rise(step) {
        return rise;
    }
    let end = (float(span.steps) * constant_ratio).trunc();
    let progress = (float(step).min(end) - float(span.warmup)) / (end - float(span.warmup)).max(1.0);
    ((1.0 - min_ratio) * wave(0.5, progress)).max(0.0) + min_ratio
}
