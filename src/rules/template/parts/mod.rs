//! What rules about templates are made of: messages found again in what was rendered, and tokens spelt out.

pub(super) mod round_trip;
pub(super) mod spelt;
