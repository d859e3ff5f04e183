//! What rules of several categories are made of: turns, tools, special tokens in texts, labels, refusals, objects by what
//! stands where in them, and outliers told from what is usual.

pub(super) mod field;
pub(super) mod field_values;
pub(super) mod field_walk;
pub(super) mod fields;
pub(super) mod labels;
pub(super) mod markers;
pub(super) mod outliers;
pub(super) mod refusal;
pub(super) mod slips;
pub(super) mod spoken;
pub(super) mod tools;
pub(super) mod turns;
pub(super) mod written;
