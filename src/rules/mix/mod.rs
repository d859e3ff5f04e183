//! The set as a whole: what it says too often.

pub(super) mod answer_collapse;
