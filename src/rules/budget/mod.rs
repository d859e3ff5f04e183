//! The planned run against the size of the set.

pub(super) mod low_coverage;
pub(super) mod no_run;
