//! The learning rate over a run.

use crate::model::budget::{RateAt, ScheduleFigures};
use crate::model::setup::Setup;
use crate::plan::{Plan, float};

/// Steps beyond which the rate is not summed up.
const STEPS: u64 = 1 << 25;

/// Ends of epochs marked, at the most.
const EDGES: u64 = 12;

pub(super) fn figures(setup: &Setup, plan: &Plan) -> ScheduleFigures {
    let peak = plan.span.peak;
    let mut below_tenth = 0;
    let (mut faded, mut weighted) = (0, 0.0);
    let followed = plan.lr(0).is_some() && plan.steps <= STEPS && peak > 0.0;
    if followed {
        let mut rows = 0;
        for update in 0..plan.steps {
            let share = plan.lr(update).unwrap_or(0.0) / peak;
            below_tenth += u64::from(share < 0.1);
            faded = if share < 0.01 { faded + 1 } else { 0 };
            let by = plan.rows_by(update + 1);
            weighted += share * float(by - rows);
            rows = by;
        }
    }
    ScheduleFigures {
        name: setup.run.scheduler.value.clone(),
        peak,
        warmup_steps: plan.warmup_steps,
        marks: marks(plan),
        below_tenth: followed.then(|| float(below_tenth) / float(plan.steps)),
        faded: followed.then_some(faded),
        weighted_epochs: followed.then(|| weighted / float(plan.feed.rows)),
    }
}

/// The first step, the last of each epoch, and the last of all.
fn marks(plan: &Plan) -> Vec<RateAt> {
    let edges = (1..=EDGES).map(|epochs| plan.rhythm.within(epochs));
    let edges = edges.filter(|step| (2..plan.steps).contains(step));
    let mut steps: Vec<u64> = std::iter::once(1).chain(edges).chain([plan.steps]).collect();
    steps.dedup();
    let rate = |step| plan.lr(step - 1).map(|rate| RateAt { step, rate });
    steps.into_iter().filter_map(rate).collect()
}
