//! What rules about masks are made of: stretches of tokens, and masks that came with the rows.

pub(super) mod given;
pub(super) mod row_seen;
pub(super) mod stretches;
