//! What a run as set up comes to over the rows it is fed: the figures of [`Budget`].

mod load;
mod packing;
mod rate;
mod unknown;

use crate::model::budget::{Budget, PartTaken, Planned, Sequences, StepLoad, TimesSeen};
use crate::model::run::{Drawn, Family};
use crate::model::setup::Setup;

use super::arrival::{Arrived, arrive};
use super::coverage::{Seen, of_packed_rows};
use super::load::Columns;
use super::sampler::Order;
use super::{Plan, PlanSettings, float};
use packing::Layout;

pub use packing::{Packed, packer, strategies};

/// Rows beyond which only what follows from their number is worked out.
const MANY: usize = 1 << 26;

/// A row the trainer leaves out, in [`Fed::tokens`].
pub const DROPPED: u32 = u32::MAX;

/// The rows of a run, in their order, as they are before the trainer shuffles, packs or batches them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fed<'a> {
    /// Tokens of each row; [`DROPPED`] for one the trainer leaves out. Of a preference row, those of its longer side.
    pub tokens: &'a [u32],
    /// Tokens of each row that carry loss.
    pub trained: &'a [u32],
    /// Tokens of both sides, where the rows are preference rows.
    pub both: Option<&'a [u32]>,
    /// Whether the tokens were counted, not estimated.
    pub counted: bool,
    /// Of each row what tells it from others, where the trainer drops those that are the same.
    pub keys: Option<&'a [u64]>,
    /// Rows of each set, where there are several and one stands after the other.
    pub sets: &'a [u32],
}

/// How often each row is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// By row; 0 for one that is left out or held out.
    pub times: Vec<u32>,
    /// Numbers of the rows held out to evaluate on, in order.
    pub held_out: Vec<u32>,
}

/// The columns of the rows that come to the sampler.
struct Come {
    arrived: Arrived,
    tokens: Option<Vec<u32>>,
    trained: Option<Vec<u32>>,
    both: Option<Vec<u32>>,
}

impl Come {
    fn of(setup: &Setup, fed: Fed<'_>) -> Result<Self, String> {
        // Rows that are left out keep their place only where they are packed by place.
        let keeps_places = packing::keeps_places(setup);
        let leaves_out = |row: u32| fed.tokens[row as usize] == DROPPED;
        let one = [u32::try_from(fed.tokens.len()).map_err(|_| "more than 2^32 rows".to_owned())?];
        let sets = if fed.sets.is_empty() { &one } else { fed.sets };
        let arrived = arrive(&setup.run.arrival, sets, leaves_out, keeps_places, fed.keys)?;
        Ok(Self {
            tokens: arrived.gather(fed.tokens),
            trained: arrived.gather(fed.trained),
            both: fed.both.and_then(|both| arrived.gather(both)),
            arrived,
        })
    }

    fn fed<'a>(&'a self, all: Fed<'a>) -> Fed<'a> {
        match (&self.tokens, &self.trained) {
            (Some(tokens), Some(trained)) => Fed {
                tokens,
                trained,
                both: self.both.as_deref(),
                ..all
            },
            _ => all,
        }
    }
}

/// Plans the run.
pub fn outlook(setup: &Setup, all: Fed<'_>) -> Budget {
    let mut budget = Budget {
        rows: all.tokens.len() as u64,
        held_out: 0,
        dropped: 0,
        parts: setup.slices.clone(),
        packed: None,
        packable: None,
        refused: None,
        plan: None,
        notes: Vec::new(),
    };
    let come = match Come::of(setup, all) {
        Ok(come) => come,
        Err(refused) => {
            budget.refused = Some(refused);
            return budget;
        }
    };
    budget.rows += come.arrived.again;
    budget.held_out = come.arrived.held;
    budget.dropped = come.arrived.dropped;
    budget.parts.extend(come.arrived.parts.clone());
    if let Some(out) = setup.run.arrival.held_out.as_ref().filter(|_| come.arrived.held > 0) {
        let of = budget.rows - budget.dropped;
        budget.parts.push(PartTaken {
            setting: format!("{} {} ({})", out.name, out.size.value, out.size.origin),
            rows: of - come.arrived.held,
            of,
        });
    }
    let fed = come.fed(all);
    let packed = match packing::pack(setup, fed) {
        None => None,
        Some(Ok(packed)) => Some(packed),
        Some(Err(error)) => {
            budget.refused = Some(error.to_string());
            return budget;
        }
    };
    budget.packed = packed.as_ref().map(|packed| packed.figures.clone());
    let units = packed
        .as_ref()
        .map_or(fed.tokens.len() as u64, |packed| packed.figures.sequences);
    let settings = match PlanSettings::of(setup, packed.is_some()) {
        Ok(settings) => settings,
        Err(error) => {
            budget.refused = Some(error.to_string());
            return budget;
        }
    };
    match Plan::new(units, &settings) {
        Ok(plan) => {
            budget.notes = plan.notes(setup, &settings);
            budget.notes.extend(repeated(setup, come.arrived.repeated));
            budget.notes.extend(unknown::notes(setup, all));
            let is_known = come.arrived.is_known && unknown::order(setup, packed.is_some()).is_none();
            budget.plan = Some(planned(setup, &settings, &plan, fed, packed.as_ref(), is_known));
        }
        Err(error) => budget.refused = Some(error.to_string()),
    }
    budget
}

/// Rows that the trainer drops because they came before.
fn repeated(setup: &Setup, rows: u64) -> Option<String> {
    let origin = setup.run.arrival.deduplicated.as_ref().filter(|_| rows > 0)?;
    let (is, word) = if rows == 1 { ("is", "row") } else { ("are", "rows") };
    Some(format!(
        "dataset_exact_deduplication ({origin}) drops {rows} {word} that {is} the same as one before"
    ))
}

/// What the rows are packed into, whether or not a run is planned; `None` where they are not, or cannot be.
pub fn packed(setup: &Setup, fed: Fed<'_>) -> Option<Sequences> {
    let come = Come::of(setup, fed).ok()?;
    let packed = packing::pack(setup, come.fed(fed))?.ok()?;
    Some(packed.figures)
}

/// How often each row is seen, in the very order of the run.
///
/// # Errors
///
/// Why that cannot be told: there is no run, or its order is not known beforehand.
pub fn times_seen(setup: &Setup, all: Fed<'_>) -> Result<Times, String> {
    let come = Come::of(setup, all)?;
    let fed = come.fed(all);
    let packed = packing::pack(setup, fed)
        .transpose()
        .map_err(|error| error.to_string())?;
    let settings = PlanSettings::of(setup, packed.is_some()).map_err(|error| error.to_string())?;
    let units = packed
        .as_ref()
        .map_or(fed.tokens.len() as u64, |packed| packed.figures.sequences);
    let plan = Plan::new(units, &settings).map_err(|error| error.to_string())?;
    let all_alike = plan.seen().is_some_and(|seen| seen.iter().count() == 1);
    let reason = unknown::order(setup, packed.is_some())
        .filter(|_| !all_alike)
        .or_else(|| unknown::rows(setup, all, come.arrived.held > 0 || !all_alike));
    if let Some(reason) = reason {
        return Err(reason);
    }
    if !come.arrived.is_known && !all_alike {
        return Err("there are too many rows to shuffle".to_owned());
    }
    let order = order(setup, packed.as_ref().map_or(fed.tokens, |packed| &packed.tokens));
    let mut times = plan
        .times_seen(&order)
        .ok_or("there are too many epochs to draw them all")?;
    if let Some(packed) = packed {
        let packing = packed
            .packing
            .ok_or("there are too many rows to remember where each is packed")?;
        times = of_packed_rows(&packing, &times, fed.tokens.len());
    }
    let mut held_out = come.arrived.held_out;
    held_out.sort_unstable();
    if let Some(order) = come.arrived.order {
        let mut of_all = vec![0; all.tokens.len()];
        for (row, times) in order.into_iter().zip(times) {
            of_all[row as usize] += times;
        }
        times = of_all;
    }
    Ok(Times { times, held_out })
}

/// The learning rate at steps, from 1, of a run over so many rows, or sequences of them; `None` beyond its end and
/// where it follows a metric.
pub fn rates(setup: &Setup, units: u64, steps: &[u64]) -> Vec<Option<f64>> {
    let settings = PlanSettings::of(setup, setup.packing.is_some());
    let plan = settings.ok().and_then(|settings| Plan::new(units, &settings).ok());
    let rate = |step: &u64| {
        let plan = plan.as_ref().filter(|plan| (1..=plan.steps).contains(step))?;
        plan.lr(step - 1)
    };
    steps.iter().map(rate).collect()
}

/// The order in which the run draws its rows; its sequences, where they are packed.
pub fn order<'a>(setup: &Setup, tokens: &'a [u32]) -> Order<'a> {
    // torchtune's samplers are given no seed but their own.
    let seed = if setup.run.family == Family::Torchtune {
        0
    } else {
        setup.run.seed.value
    };
    match setup.run.drawn.value {
        _ if setup.run.streamed.value => Order::AsTheyStand,
        Drawn::Sequential => Order::AsTheyStand,
        Drawn::Shuffled => Order::Shuffled { seed },
        Drawn::Grouped => Order::GroupedByLength {
            seed,
            lengths: tokens,
            batch: u32::try_from(setup.batch_size.value * setup.grad_accum.value).unwrap_or(u32::MAX),
        },
    }
}

fn planned(
    setup: &Setup,
    settings: &PlanSettings,
    plan: &Plan,
    fed: Fed<'_>,
    packed: Option<&Packed>,
    is_known: bool,
) -> Planned {
    let units = packed.map_or(fed.tokens, |packed| packed.tokens.as_slice());
    let order = order(setup, units);
    let few = fed.tokens.len() <= MANY;
    let packing = packed.and_then(|packed| packed.packing.as_ref());
    let drawn = || (few && is_known).then(|| plan.times_seen(&order)).flatten();
    let seen = match (packed, packing) {
        (None, _) => plan.seen().or_else(|| drawn().map(|times| Seen::of(&times))),
        (Some(_), Some(packing)) => plan
            .times_of_all()
            .or_else(drawn)
            .map(|times| Seen::of(&of_packed_rows(packing, &times, fed.tokens.len()))),
        (Some(_), None) => None,
    };
    let columns = Columns {
        tokens: units,
        trained: packed.map_or(fed.trained, |packed| packed.trained.as_slice()),
        both: fed.both.filter(|_| packed.is_none()),
        flat: packed.is_some_and(|packed| Layout::of(&packed.figures.strategy) == Layout::Flat),
        multiple: u32::try_from(setup.run.pad_to_multiple_of).unwrap_or(1),
    };
    let exact = fed.counted
        && is_known
        && !unknown::sides_apart(setup, fed.both.is_some())
        && packed.is_none_or(|packed| packed.whole_rows);
    let (left_out, fed_twice) = plan.remainder();
    Planned {
        effective_batch: plan.effective_batch,
        batch_size: settings.batch_size,
        grad_accum: settings.grad_accum,
        world_size: settings.world_size,
        batches_per_rank: plan.feed.batches,
        // The trainer makes one epoch of all steps of a stream; it is read over again all the same.
        steps_per_epoch: if setup.run.streamed.value {
            plan.feed.batches.div_ceil(settings.grad_accum.max(1))
        } else {
            plan.updates_per_epoch
        },
        planned_steps: plan.planned_steps,
        steps: plan.steps,
        epochs: plan.epochs,
        rows_fed: plan.rows_seen,
        share: seen.as_ref().map_or_else(|| plan.share(), Seen::share),
        times_seen: seen.map(|seen| seen.iter().map(|(times, rows)| TimesSeen { times, rows }).collect()),
        all_seen_at: (few && (is_known || left_out == 0))
            .then(|| plan.all_seen_at(&order))
            .flatten(),
        left_out,
        fed_twice,
        last_step: plan.last_step(),
        load: (columns.tokens.len() as u64 == plan.feed.rows)
            .then(|| load::summary(plan, order, columns, exact))
            .flatten()
            .map(|load| packed.map_or(load, |packed| lie(load, packed))),
        schedule: rate::figures(setup, plan),
    }
}

/// The load of steps whose sequences lie in their batches as the trainer lays them, and whose rows do not see each
/// other.
fn lie(load: StepLoad, packed: &Packed) -> StepLoad {
    let tokens = load.tokens.mean * float(load.steps);
    let all: f64 = packed.tokens.iter().map(|tokens| f64::from(*tokens)).sum();
    let passes = if all > 0.0 { tokens / all } else { 0.0 };
    let positions = match Layout::of(&packed.figures.strategy) {
        Layout::Longest => return load,
        Layout::Flat => float(load.positions),
        Layout::Full => tokens / packed.figures.efficiency,
    };
    StepLoad {
        positions: super::whole(positions.round()),
        padding: 1.0 - tokens / positions,
        pairs: packed.squares * passes,
        ..load
    }
}

impl Plan {
    /// Rows that each epoch leaves out at its end, and rows that it has twice.
    pub(super) fn remainder(&self) -> (u64, u64) {
        let fed = self.feed.places(&(0..self.rhythm.fetched)).end;
        (self.feed.rows.saturating_sub(fed), fed.saturating_sub(self.feed.rows))
    }

    /// Rows of an epoch's last step, where they are fewer than those of others and the run gets there.
    fn last_step(&self) -> Option<u64> {
        let steps = self.rhythm.within(1);
        if steps == 0 || steps > self.steps {
            return None;
        }
        let rows = self.rows_by(steps) - self.rows_by(steps - 1);
        (rows < self.effective_batch).then_some(rows)
    }

    /// What is odd about the ends of epochs, and where other versions would differ.
    fn notes(&self, setup: &Setup, settings: &PlanSettings) -> Vec<String> {
        let mut notes = Vec::new();
        let rest = self.feed.batches % self.accum;
        let version = settings.trainer.transformers();
        if let Some(version) = version.filter(|version| rest > 0 && *version < (4, 52))
            && settings.max_steps.is_none()
        {
            let newer = PlanSettings {
                trainer: settings.trainer.of_version((5, 23)),
                ..settings.clone()
            };
            if let Ok(newer) = Plan::new(self.feed.rows, &newer)
                && newer.planned_steps != self.planned_steps
            {
                notes.push(format!(
                    "transformers {}.{} plans no step for the {rest} of {} batches left at the end of an epoch: {} \
                     steps in {} epochs, where 4.52 and later make {}",
                    version.0, version.1, self.accum, self.planned_steps, setup.epochs.value, newer.planned_steps
                ));
            }
        }
        if self.steps != self.planned_steps {
            notes.push(format!(
                "the trainer announces {} steps and ends after {}",
                self.planned_steps, self.steps
            ));
        }
        let asked = settings.epochs;
        if settings.max_steps.is_none() && self.epochs > asked && float(self.steps) > 0.0 && asked.fract() != 0.0 {
            notes.push(format!(
                "{asked} epochs are rounded up to whole steps: {} steps, {:.2} epochs",
                self.steps, self.epochs
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
