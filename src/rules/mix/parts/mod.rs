//! What rules about the whole set are made of: pictures of it, how far two of them are apart, and texts that its rows share.

pub(super) mod distance;
pub(super) mod label_answers;
pub(super) mod label_names;
pub(super) mod portrait;
pub(super) mod shared_text;
