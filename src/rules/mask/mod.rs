//! Which tokens carry loss.

pub(super) mod nothing_trained;
