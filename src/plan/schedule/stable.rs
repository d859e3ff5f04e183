//! `warmup_stable_decay`: up, level, down.

use std::f64::consts::PI;

use super::{Span, cosine};
use crate::plan::float;

/// The schedule's options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupStableDecay {
    pub stages: Stages,
    pub warmup: Curve,
    pub decay: Curve,
    /// Share of the peak that decay ends at.
    pub min_ratio: f64,
    /// Before transformers 4.49 warmup started at 0; since then at `min_ratio`.
    pub rises_from_min: bool,
    pub cycles: f64,
}

/// How long the level and the falling part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// `num_decay_steps`; level in between.
    Decay(u64),
    /// `num_stable_steps` and `num_decay_steps`.
    Both { stable: u64, decay: u64 },
    /// LLaMA-Factory's default for what is not given: of the steps after warmup a third level, rounded down, the
    /// rest falling.
    Thirds { stable: Option<u64>, decay: Option<u64> },
}

/// The shape of a rise or fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    Linear,
    Cosine,
    /// `1-sqrt`.
    Root,
}

impl WarmupStableDecay {
    pub(super) fn factor(&self, span: &Span, step: u64) -> f64 {
        let step_at = float(step);
        if step < span.warmup {
            let progress = step_at / float(span.warmup.max(1));
            let rise = match self.warmup {
                Curve::Linear => progress,
                Curve::Cosine => 0.5 * (1.0 - (PI * progress).cos()),
                Curve::Root => 1.0 - (1.0 - progress).sqrt(),
            };
            let from = if self.rises_from_min { self.min_ratio } else { 0.0 };
            return cosine::lift(rise, from).max(0.0);
        }
        let (level, fall) = self.lengths(span);
        let after = step_at - float(span.warmup) - level;
        if after < 0.0 {
            return 1.0;
        }
        if after < fall {
            let progress = after / fall.max(1.0);
            let wave = match self.decay {
                Curve::Linear => 1.0 - progress,
                Curve::Cosine => cosine::wave(self.cycles, progress),
                Curve::Root => 1.0 - progress.sqrt(),
            };
            return cosine::lift(wave, self.min_ratio).max(0.0);
        }
        self.min_ratio
    }

    /// Steps of the level and of the falling part. Where warmup and decay are longer than the run, less than no
    /// steps are level, and the fall begins halfway down.
    fn lengths(&self, span: &Span) -> (f64, f64) {
        let left = float(span.steps) - float(span.warmup);
        match self.stages {
            Stages::Decay(decay) => (left - float(decay), float(decay)),
            Stages::Both { stable, decay } => (float(stable), float(decay)),
            Stages::Thirds { stable, decay } => {
                let third = (left / 3.0).floor();
                (stable.map_or(third, float), decay.map_or(left - third, float))
            }
        }
    }
}
