//! The plan of a run: how many steps, epochs and rows, in which order, at which learning rate.
//!
//! Everything here follows from the number of rows (or packed sequences) and the trainer's settings; no row
//! is looked at. [`coverage`] says which rows a plan reaches, [`load`] what each step carries.

pub mod arrival;
mod asked;
pub mod axolotl;
pub mod coverage;
pub mod feed;
mod interleave;
pub mod load;
mod mersenne;
mod numpy;
pub mod outlook;
pub mod sampler;
pub mod schedule;
mod settings;
pub mod steps;
pub mod warmup;

use std::ops::Range;

use thiserror::Error;

pub use asked::AskedError;
pub use settings::{PlanSettings, Trainer};

use feed::Feed;
use schedule::{Schedule, ScheduleError, Span};
use steps::Rhythm;

/// Steps beyond which nothing is planned: every count in a plan then fits 64 bits.
const MOST_STEPS: u64 = 1 << 40;

/// Rows of one step beyond which nothing is planned.
const LARGEST_BATCH: u64 = 1 << 22;

/// Rows beyond which nothing is planned: a count that a float holds exactly.
const MOST_ROWS: u64 = 1 << 52;

/// A count as a float: exact up to 2^53, which is more than a plan counts to.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

/// A float without its fraction, as a count: 0 for what is negative or no number, the largest for what is larger.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as Python's int() for counts; what lies outside is limited on purpose"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Why a run would not take place, or not be planned here.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PlanError {
    #[error("there are no rows to train on")]
    NoRows,
    #[error("{0} is 0")]
    Zero(&'static str),
    #[error("{name} is {value}, more than can be planned here ({most})")]
    TooMany { name: &'static str, value: u64, most: u64 },
    #[error("the number of epochs is {0}")]
    BadEpochs(f64),
    #[error("torchtune runs whole epochs, and {0} is not a whole number")]
    PartOfAnEpoch(f64),
    #[error("torchtune has no max_steps, but max_steps_per_epoch")]
    NoMaxSteps,
    /// transformers: `ValueError` from `set_initial_training_values`, or with `max_steps` no step at all.
    #[error("{rows} rows make no full batch of {batch} on {world} ranks, and the others are dropped")]
    NoBatches { rows: u64, batch: u64, world: u64 },
    /// transformers: `ValueError` in `Trainer.__init__`.
    #[error("a streamed set has no length, so max_steps has to be set")]
    StreamedWithoutSteps,
    #[error("{epochs} epochs make no step")]
    NoSteps { epochs: f64 },
    #[error("an epoch has {batches} batches on each rank, and no step is made before {accum} have been accumulated")]
    NoUpdates { batches: u64, accum: u64 },
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

/// A run, planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How an epoch's rows become batches.
    pub feed: Feed,
    /// Rows of a step: batch size, times those accumulated, times ranks. The last steps of epochs may have fewer.
    pub effective_batch: u64,
    /// Batches accumulated to a step, on each rank.
    pub accum: u64,
    /// Steps of an epoch, as the trainer plans them. Some versions make one more or none: see
    /// [`Counting`](steps::Counting).
    pub updates_per_epoch: u64,
    /// Steps the trainer announces, which its schedule is stretched over.
    pub planned_steps: u64,
    /// Steps it then makes.
    pub steps: u64,
    /// `epoch` as the trainer logs it at the last step. A partly seen epoch counts by its batches.
    pub epochs: f64,
    /// Rows fed into these steps, a row each time it is.
    pub rows_seen: u64,
    pub warmup_steps: u64,
    rhythm: Rhythm,
    schedule: Schedule,
    span: Span,
    /// Whether a line of the log has the rate of its own step, or the next one's.
    logs_own_rate: bool,
    /// Batches that count as an epoch in the log.
    batches_logged: u64,
}

/// Consecutive batches of one epoch that go into a step, on each rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Counted from 0.
    pub epoch: u64,
    pub batches: Range<u64>,
}

impl Plan {
    /// Plans a run over `rows` rows; over packed sequences, if rows are packed.
    ///
    /// # Errors
    ///
    /// If the trainer would abort, or end without a step.
    pub fn new(rows: u64, settings: &PlanSettings) -> Result<Self, PlanError> {
        settings.check(rows)?;
        let feed = settings.feed(rows);
        if feed.batches == 0 {
            let (batch, world) = (feed.batch, feed.world);
            return Err(PlanError::NoBatches { rows, batch, world });
        }
        let length = settings.length(&feed)?;
        let rhythm = length.rhythm;
        let steps = length.planned.min(length.most);
        if steps == 0 || !rhythm.ever() {
            let (batches, accum) = (feed.batches, settings.grad_accum);
            return Err(PlanError::NoUpdates { batches, accum });
        }
        let warmup_steps = settings.warmup.steps(length.warmup_basis);
        let span = Span {
            steps: length.planned,
            warmup: warmup_steps,
            peak: settings.learning_rate,
        };
        settings.schedule.check(&span)?;
        let mut plan = Self {
            feed,
            effective_batch: settings.effective_batch(),
            accum: settings.grad_accum,
            updates_per_epoch: length.updates_per_epoch,
            planned_steps: length.planned,
            steps,
            epochs: 0.0,
            rows_seen: 0,
            warmup_steps,
            rhythm,
            schedule: settings.schedule,
            span,
            logs_own_rate: settings.trainer.logs_own_rate(),
            batches_logged: length.batches_logged,
        };
        plan.rows_seen = plan.rows_by(steps);
        plan.epochs = plan.epoch(steps);
        Ok(plan)
    }

    /// Steps times the rows of a full step: what the run would see if no step had fewer.
    pub fn nominal_rows(&self) -> u64 {
        self.steps * self.effective_batch
    }

    /// Rows seen, a row each time it is, by the rows there are: 1.0 is as many as one pass has.
    pub fn passes(&self) -> f64 {
        float(self.rows_seen) / float(self.feed.rows)
    }

    /// Share of the rows seen at least once, 0 to 1.
    ///
    /// Exact, but where epochs drop their last rows and there are several: a later epoch may then see what an
    /// earlier one dropped, and this is the share that any one epoch sees. [`Self::times_seen`] is exact there too.
    pub fn share(&self) -> f64 {
        let in_an_epoch = self.feed.places(&(0..self.rhythm.fetched)).end;
        float(self.rows_seen.min(in_an_epoch).min(self.feed.rows)) / float(self.feed.rows)
    }

    /// The learning rate of an update, counted from 0; `None` where it follows a metric.
    pub fn lr(&self, update: u64) -> Option<f64> {
        self.schedule
            .factor(&self.span, update)
            .map(|factor| self.span.peak * factor)
    }

    /// The learning rate in the log's line of a step, counted from 1.
    ///
    /// transformers before 4.51 and torchtune log it when the schedule has already moved on.
    pub fn logged_lr(&self, step: u64) -> Option<f64> {
        self.lr(step.saturating_sub(u64::from(self.logs_own_rate)))
    }

    /// The batches that go into an update, counted from 0: of one epoch, and before them those of earlier
    /// epochs whose gradients no update used.
    pub fn batches_of(&self, update: u64) -> impl Iterator<Item = Stretch> + use<> {
        let fetched = self.rhythm.fetched;
        let (start, end) = (self.rhythm.used(update), self.rhythm.used(update + 1));
        (start / fetched..end.div_ceil(fetched)).map(move |epoch| Stretch {
            epoch,
            batches: start.saturating_sub(epoch * fetched)..(end - epoch * fetched).min(fetched),
        })
    }

    /// Rows fed into the first `updates` updates, a row each time it is.
    pub fn rows_by(&self, updates: u64) -> u64 {
        let (epochs, rest) = self.reached(updates);
        let rows = |batches| self.feed.places(&(0..batches)).end;
        epochs * rows(self.rhythm.fetched) + rows(rest)
    }

    /// Whole epochs, and batches of the next, that the first `updates` updates use.
    fn reached(&self, updates: u64) -> (u64, u64) {
        let used = self.rhythm.used(updates);
        (used / self.rhythm.fetched, used % self.rhythm.fetched)
    }

    /// `epoch` as the trainer logs it at a step, counted from 1: at its end an epoch counts as done, not the next
    /// as begun.
    pub fn epoch(&self, step: u64) -> f64 {
        let used = self.rhythm.used(step);
        let epoch = used.saturating_sub(1) / self.rhythm.fetched;
        float(epoch) + float(used - epoch * self.rhythm.fetched) / float(self.batches_logged)
    }
}

#[cfg(test)]
mod packed_tests;
#[cfg(test)]
mod tests;
