//! Rows that repeat. Training and evaluation data are looked at apart: what stands in both is a leak.

mod alike;
mod groups;
mod said;
mod shingle;

pub(super) mod answer;
pub(super) mod exact;
pub(super) mod near;
pub(super) mod normalised;
pub(super) mod prompt;
