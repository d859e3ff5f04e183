//! Which tokens carry loss.

pub(super) mod end_missing;
pub(super) mod end_not_eos;
pub(super) mod end_untrained;
pub(super) mod everything_trained;
mod given;
pub(super) mod header_trained;
pub(super) mod labels_differ;
pub(super) mod labels_ignored;
pub(super) mod labels_shifted;
pub(super) mod marker_in_content;
pub(super) mod marker_not_found;
pub(super) mod masked_trained;
pub(super) mod nothing_trained;
pub(super) mod odd_share;
pub(super) mod packing_crosses_rows;
pub(super) mod packing_loses_mask;
pub(super) mod padding_trained;
pub(super) mod prompt_trained;
pub(super) mod row_dropped;
mod row_seen;
pub(super) mod row_unlike;
mod stretches;
pub(super) mod trainer_raises;
