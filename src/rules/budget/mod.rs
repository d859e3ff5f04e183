//! The planned run against the set: its length, its schedule, what its steps carry.

mod epochs_ignored;
mod few_steps;
mod interval_beyond_end;
mod learning_rate;
mod low_coverage;
mod many_epochs;
mod max_length_high;
mod max_length_low;
mod mostly_padding;
mod no_run;
mod odd_learning_rate;
mod odd_warmup;
mod packing_saves;
mod parts;
mod rate_fades_early;
mod rows_left_out;
mod schedule_cut_off;
mod small_batch;
mod small_part;
mod uneven_steps;
mod warmup_beyond_end;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<epochs_ignored::EpochsIgnored>(),
    RuleEntry::of::<few_steps::FewSteps>(),
    RuleEntry::of::<interval_beyond_end::IntervalBeyondEnd>(),
    RuleEntry::of::<learning_rate::LearningRate>(),
    RuleEntry::of::<low_coverage::LowCoverage>(),
    RuleEntry::of::<many_epochs::ManyEpochs>(),
    RuleEntry::of::<max_length_high::MaxLengthHigh>(),
    RuleEntry::of::<max_length_low::MaxLengthLow>(),
    RuleEntry::of::<mostly_padding::MostlyPadding>(),
    RuleEntry::of::<no_run::NoRun>(),
    RuleEntry::of::<odd_learning_rate::OddLearningRate>(),
    RuleEntry::of::<odd_warmup::OddWarmup>(),
    RuleEntry::of::<packing_saves::PackingSaves>(),
    RuleEntry::of::<rate_fades_early::RateFadesEarly>(),
    RuleEntry::of::<rows_left_out::RowsLeftOut>(),
    RuleEntry::of::<schedule_cut_off::ScheduleCutOff>(),
    RuleEntry::of::<small_batch::SmallBatch>(),
    RuleEntry::of::<small_part::SmallPart>(),
    RuleEntry::of::<uneven_steps::UnevenSteps>(),
    RuleEntry::of::<warmup_beyond_end::WarmupBeyondEnd>(),
];

use crate::model::setup::{Origin, Setup};

/// Where the run's length was set.
fn length_at(setup: &Setup) -> &Origin {
    let steps = setup.max_steps.as_ref().map(|steps| &steps.origin);
    steps.unwrap_or(&setup.epochs.origin)
}

/// Where the warmup was set.
fn warmup_at(setup: &Setup) -> &Origin {
    setup.run.warmup().map_or(&Origin::Default, |warmup| &warmup.origin)
}

/// What the run's length was set by, and where.
fn length(setup: &Setup) -> String {
    match &setup.max_steps {
        Some(steps) => format!("max_steps {} ({})", steps.value, steps.origin),
        None => format!("epochs {} ({})", setup.epochs.value, setup.epochs.origin),
    }
}
