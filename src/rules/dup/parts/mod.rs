//! What rules about repeated rows are made of: what they compare, and what they remember of it.

pub(super) mod alike;
pub(super) mod groups;
pub(super) mod said;
pub(super) mod shingle;
