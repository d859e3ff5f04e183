//! What rules about the whole set are made of: pictures of it, and how far two of them are apart.

pub(super) mod distance;
pub(super) mod portrait;
