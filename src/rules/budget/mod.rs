//! The planned run against the set: its length, its schedule, what its steps carry.

pub(super) mod epochs_ignored;
pub(super) mod interval_beyond_end;
pub(super) mod low_coverage;
pub(super) mod many_epochs;
pub(super) mod max_length_high;
pub(super) mod max_length_low;
pub(super) mod mostly_padding;
pub(super) mod no_run;
pub(super) mod odd_warmup;
pub(super) mod packing_saves;
pub(super) mod rate_fades_early;
pub(super) mod rows_left_out;
pub(super) mod schedule_cut_off;
pub(super) mod small_batch;
pub(super) mod uneven_steps;
pub(super) mod warmup_beyond_end;

use crate::model::setup::{Origin, Setup};

/// Where the run's length was set.
fn length_at(setup: &Setup) -> &Origin {
    let steps = setup.max_steps.as_ref().map(|steps| &steps.origin);
    steps.unwrap_or(&setup.epochs.origin)
}

/// Where the warmup was set.
fn warmup_at(setup: &Setup) -> &Origin {
    let steps = setup.run.warmup_steps.as_ref();
    let warmup = steps.or(setup.run.warmup_ratio.as_ref()).map(|warmup| &warmup.origin);
    warmup.unwrap_or(&Origin::Default)
}

/// What the run's length was set by, and where.
fn length(setup: &Setup) -> String {
    match &setup.max_steps {
        Some(steps) => format!("max_steps {} ({})", steps.value, steps.origin),
        None => format!("epochs {} ({})", setup.epochs.value, setup.epochs.origin),
    }
}
