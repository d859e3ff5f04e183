//! The set as a whole: what it says too often, and whether evaluation data is like it.

pub(super) mod answer_collapse;
mod distance;
pub(super) mod eval_shift;
mod portrait;
pub(super) mod refusals;
