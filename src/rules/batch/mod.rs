//! What is wrong with batches as a DataLoader yields them.

pub(super) mod always_max_length;
pub(super) mod attends_ahead;
pub(super) mod documents_mixed;
pub(super) mod encoded_otherwise;
pub(super) mod eos_masked;
pub(super) mod eos_missing;
pub(super) mod first_token_trained;
pub(super) mod id_negative;
pub(super) mod incomplete;
pub(super) mod looks_packed;
pub(super) mod matches_nothing;
pub(super) mod mostly_padding;
pub(super) mod no_labels;
pub(super) mod nothing_trained;
pub(super) mod odd_width;
pub(super) mod padded_left;
pub(super) mod padding_attended;
pub(super) mod padding_inside;
pub(super) mod padding_mixed;
pub(super) mod positions_odd;
pub(super) mod positions_unused;
pub(super) mod rows_repeated;
