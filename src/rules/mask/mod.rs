//! Which tokens carry loss.

pub(super) mod nothing_trained;
pub(super) mod row_dropped;
pub(super) mod trainer_raises;
