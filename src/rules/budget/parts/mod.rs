//! What rules of this category are made of.

pub(super) mod rate;
