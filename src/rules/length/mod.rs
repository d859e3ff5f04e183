//! Rows against `max_length`.

pub(super) mod answer_cut;
pub(super) mod answer_lost;
pub(super) mod too_long;
pub(super) mod too_short;
