//! What rules about templates are made of: messages found again in what was rendered, tokens spelt out, and thoughts.

pub(super) mod marks;
pub(super) mod odd_thoughts;
pub(super) mod round_trip;
pub(super) mod spelt;
pub(super) mod thoughts;
