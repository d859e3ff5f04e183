//! Rows that repeat.

pub(super) mod exact;
