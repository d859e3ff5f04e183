//! What a planned run comes to: the figures that budget rules judge and the report shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The run's figures, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Rows of training data that could be read and have the file's shape; of one that the trainer cuts up, the pieces.
    pub rows: u64,
    /// Of which the trainer holds out to evaluate on.
    pub held_out: u64,
    /// Of the others, those it leaves out before it makes batches.
    pub dropped: u64,
    /// Settings that take a part of a set, or hold one out, where that leaves fewer rows than there are.
    pub parts: Vec<PartTaken>,
    /// What the rows are packed into, if they are.
    pub packed: Option<Sequences>,
    /// Share of the room of max_length, 0 to 1, that tokens would fill if the rows were packed (`bfd`).
    pub packable: Option<f64>,
    /// Why the trainer would end without a step, if it would.
    pub refused: Option<String>,
    pub plan: Option<Planned>,
    /// What is left over at the ends of epochs, and what the versions disagree on.
    pub notes: Vec<String>,
}

/// A part of the rows that is trained on, and the setting that makes it one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartTaken {
    /// As the trainer names it, with where it was set: `max_samples 100 (sft.yaml:12)`.
    pub setting: String,
    pub rows: u64,
    /// Out of so many.
    pub of: u64,
}

/// Rows packed into sequences, which are then what batches are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sequences {
    /// The trainer's name of its way to pack.
    pub strategy: String,
    /// Tokens a sequence has room for.
    pub capacity: u64,
    pub sequences: u64,
    /// Share of the sequences' room that tokens of rows fill, 0 to 1.
    pub efficiency: f64,
    /// Rows that are in no sequence at all.
    pub left_out: u64,
    /// Tokens of rows that are in no sequence.
    pub tokens_cut: u64,
}

/// A run as its trainer would plan and make it. Rows of a step, and those an epoch leaves out or has twice, are
/// sequences where rows are packed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    /// Rows of a full step: batch size, times batches accumulated, times ranks.
    pub effective_batch: u64,
    pub batch_size: u64,
    pub grad_accum: u64,
    pub world_size: u64,
    /// Batches of an epoch on each rank.
    pub batches_per_rank: u64,
    /// Optimizer steps of an epoch, as the trainer plans them; of a stream those in which it is read once.
    pub steps_per_epoch: u64,
    /// Steps announced, which the schedule is stretched over.
    pub planned_steps: u64,
    /// Steps made.
    pub steps: u64,
    /// Passes over the data, as the trainer logs them at the end.
    pub epochs: f64,
    /// Rows fed, a row each time it is.
    pub rows_fed: u64,
    /// Share of the rows (never of sequences) seen at least once, 0 to 1.
    pub share: f64,
    /// Rows by how often each is seen, the least seen first. `None` where counting them is not worth the wait.
    pub times_seen: Option<Vec<TimesSeen>>,
    /// The step, from 1, after which every row has been seen. `None` where the run ends before.
    pub all_seen_at: Option<u64>,
    /// Rows that each epoch leaves out at its end.
    pub left_out: u64,
    /// Rows that each epoch has twice, to fill the last batches of all ranks.
    pub fed_twice: u64,
    /// Rows of an epoch's last step, where they are fewer than those of the others.
    pub last_step: Option<u64>,
    /// What the steps carry; `None` without token counts.
    pub load: Option<StepLoad>,
    pub schedule: ScheduleFigures,
}

/// Rows seen so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimesSeen {
    pub times: u64,
    pub rows: u64,
}

/// What the steps of a run carry, on all ranks together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepLoad {
    /// Steps that were looked at, from the first on: all, or as many as are worth the wait.
    pub steps: u64,
    pub tokens: Spread,
    /// Tokens that carry loss.
    pub trained: Spread,
    /// Share of the tokens in all batches that is padding, 0 to 1.
    pub padding: f64,
    /// Tokens in all batches, padding counted: what linear layers work on.
    pub positions: u64,
    /// Pairs of tokens, padding counted, that attention looks at.
    pub pairs: f64,
    /// Whether the order of the rows is that of the run; some orders nobody knows beforehand.
    pub exact: bool,
}

/// How a number varies from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    pub least: u64,
    pub mean: f64,
    pub most: u64,
    /// Standard deviation.
    pub deviation: f64,
}

/// The learning rate over the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleFigures {
    /// `lr_scheduler_type`.
    pub name: String,
    pub peak: f64,
    pub warmup_steps: u64,
    /// The rates of the first and the last step, and of the last step of each epoch but the last; none where they
    /// follow a metric.
    pub marks: Vec<RateAt>,
    /// Share of the steps made at less than 10 % of the peak, 0 to 1.
    pub below_tenth: Option<f64>,
    /// Steps at the end made at less than 1 % of the peak.
    pub faded: Option<u64>,
    /// Passes over the data, each row weighted with its step's share of the peak.
    pub weighted_epochs: Option<f64>,
}

/// The learning rate of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateAt {
    /// From 1.
    pub step: u64,
    pub rate: f64,
}

impl Budget {
    /// Rows that an epoch is made of.
    pub fn fed(&self) -> u64 {
        self.rows - self.held_out - self.dropped
    }
}

impl Planned {
    /// Rows never seen, where they were counted.
    pub fn never_seen(&self) -> Option<u64> {
        let times = self.times_seen.as_ref()?;
        Some(times.first().filter(|seen| seen.times == 0).map_or(0, |seen| seen.rows))
    }
}

impl ScheduleFigures {
    /// The rate of the last step.
    pub fn last(&self) -> Option<f64> {
        self.marks.last().map(|mark| mark.rate)
    }

    pub fn first(&self) -> Option<f64> {
        self.marks.first().map(|mark| mark.rate)
    }
}
