//! The choice to take, and how it compares with the run as set up.

use super::{Axis, Case, Choice, Compared, LengthRow, Outcome, Unit};

/// Largest share of the trained tokens that a length may lose.
const TOLERATED: f64 = 0.005;

/// Fewest rows of a step.
const ROWS: f64 = 8.0;

/// Packing is worth its change where it saves this share of the tokens in batches.
const SAVING: f64 = 0.1;

/// What the run is to reach, as far as it was said.
#[derive(Clone, Debug, Default)]
pub struct Goal {
    pub epochs: Option<f64>,
    /// Share of the rows to be seen, 0 to 1.
    pub coverage: Option<f64>,
    pub hours: Option<f64>,
    /// Tokens, padding counted, that all devices get through in a second.
    pub tokens_per_second: Option<f64>,
    /// Seconds of a step of the run as set up, and the tokens such a step has.
    pub step_time: Option<(f64, f64)>,
}

impl Goal {
    /// Hours of so many steps of so many tokens each.
    pub fn hours_of(&self, steps: f64, tokens: f64) -> Option<f64> {
        let seconds = match (self.tokens_per_second, self.step_time) {
            (Some(rate), _) if rate > 0.0 => tokens / rate,
            (_, Some((seconds, of))) if of > 0.0 => seconds * tokens / of,
            _ => return None,
        };
        Some(steps * seconds / 3600.0)
    }
}

/// The choice that reaches the goal and is nowhere worse than need be: no token lost that the run as set up keeps.
pub(super) fn recommend(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    lengths: &mut [LengthRow],
    goal: &Goal,
) -> Option<Choice> {
    let at = length(lengths)?;
    lengths[at].is_recommended = true;
    let row = &lengths[at];
    let packing = now.packing.clone().or_else(|| {
        let saved = row.linear_packed.map(|packed| 1.0 - packed / row.linear);
        let worth = saved.is_some_and(|saved| saved >= SAVING);
        case.can_pack.filter(|_| worth).map(str::to_owned)
    });
    let mut choice = Choice {
        max_length: row.max_length,
        packing,
        max_steps: None,
        epochs: 1.0,
        warmup_steps: Some(0),
        ..now.clone()
    };
    batches(case, now, comes_to, &mut choice, goal)?;
    let outcome = case.outcome(&choice, goal).ok()?;
    let steps = steps(case, now, comes_to, &choice, &outcome, goal);
    choice.max_steps = Some(steps);
    #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
    let epochs = steps as f64 / outcome.steps_per_epoch as f64;
    choice.epochs = epochs;
    choice.warmup_steps = Some(warmup(case, comes_to, steps));
    Some(choice)
}

/// The shortest length that loses next to nothing and no more than the present one; else the one that loses least.
fn length(lengths: &[LengthRow]) -> Option<usize> {
    let now = lengths.iter().find(|row| row.is_now)?;
    let (lost, answers) = (now.lost_share.min(TOLERATED), now.answers_lost);
    let good = |row: &LengthRow| row.lost_share <= lost && row.answers_lost <= answers;
    lengths.iter().position(good).or_else(|| {
        let all = lengths.iter().enumerate();
        all.min_by(|left, right| left.1.lost_share.total_cmp(&right.1.lost_share))
            .map(|(at, _)| at)
    })
}

/// Batch size and accumulation with the rows a step has now, or as many as it should have; a device gets no more
/// tokens than it does now.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "batches are small"
)]
fn batches(case: &Case<'_>, now: &Choice, comes_to: Option<&Outcome>, choice: &mut Choice, goal: &Goal) -> Option<()> {
    let single = Choice {
        batch_size: 1,
        grad_accum: 1,
        world_size: 1,
        ..choice.clone()
    };
    let each = case.outcome(&single, goal).ok()?.rows_per_step.max(f64::MIN_POSITIVE);
    let rows = comes_to.map_or(ROWS, |outcome| outcome.rows_per_step).max(ROWS);
    let near = (rows / each).round().max(1.0);
    let units = if near * each < ROWS { (ROWS / each).ceil() } else { near } as u64;
    let world = now.world_size;
    let room = (now.batch_size * now.max_length / choice.max_length.max(1)).max(1);
    choice.batch_size = room.min(units.div_ceil(world)).max(1);
    choice.grad_accum = units.div_ceil(choice.batch_size * world).max(1);
    Some(())
}

/// Steps to the goal; without one as many epochs as are set up, one at least and three at most.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps are far below 2^52"
)]
fn steps(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    choice: &Choice,
    outcome: &Outcome,
    goal: &Goal,
) -> u64 {
    let each = outcome.steps_per_epoch.max(1);
    let of_epochs = |epochs: f64| ((epochs * each as f64).ceil() as u64).max(1);
    let mut steps = match (goal.epochs, goal.coverage) {
        (Some(epochs), _) => of_epochs(epochs),
        (None, Some(coverage)) => covering(case, choice, goal, coverage, each),
        (None, None) => {
            let epochs = comes_to.map_or(now.epochs, |outcome| outcome.epochs);
            of_epochs(epochs.clamp(1.0, 3.0))
        }
    };
    if let (Some(most), Some(hours)) = (goal.hours, outcome.hours) {
        let of_a_step = hours / outcome.steps.max(1) as f64;
        let within = ((most / of_a_step).floor() as u64).max(1);
        // The time is a goal too: alone it says how long, beside another it says at most.
        let alone = goal.epochs.is_none() && goal.coverage.is_none();
        steps = if alone { within } else { steps.min(within) };
    }
    steps
}

/// The first step by which so many of the rows have been seen.
fn covering(case: &Case<'_>, choice: &Choice, goal: &Goal, coverage: f64, each: u64) -> u64 {
    let reached = |steps: u64| {
        let choice = Choice {
            max_steps: Some(steps),
            ..choice.clone()
        };
        case.outcome(&choice, goal)
            .is_ok_and(|outcome| outcome.share >= coverage)
    };
    let (mut too_few, mut enough) = (0, each);
    while !reached(enough) && enough < each.saturating_mul(8) {
        too_few = enough;
        enough *= 2;
    }
    while too_few + 1 < enough {
        let middle = too_few.midpoint(enough);
        if reached(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    enough
}

/// The share of the steps that is set up where it is sound, else 3 %; never the single step that trains at a rate of 0.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps are far below 2^52"
)]
fn warmup(case: &Case<'_>, comes_to: Option<&Outcome>, steps: u64) -> u64 {
    let set = case.setup.run.warmup_steps.is_some() || case.setup.run.warmup_ratio.is_some();
    let share = comes_to
        .filter(|_| set)
        .map(|outcome| outcome.warmup_steps as f64 / outcome.steps.max(1) as f64)
        .filter(|share| (0.01..=0.1).contains(share))
        .unwrap_or(0.03);
    let warmup = ((steps as f64 * share).ceil() as u64).max(2);
    if warmup * 5 > steps { 0 } else { warmup }
}

/// The figures of both runs, the better ones first.
pub(super) fn compare(now: &Outcome, then: &Outcome) -> Vec<Axis> {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let float = |count: u64| count as f64;
    let mut axes = Vec::new();
    let mut add = |name: &str, unit, left: f64, right: f64, less_is_better: bool| {
        let close = (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1e-12);
        let verdict = if close {
            Compared::Equal
        } else if (right < left) == less_is_better {
            Compared::Better
        } else {
            Compared::Worse
        };
        axes.push(Axis {
            name: name.to_owned(),
            now: left,
            recommended: right,
            unit,
            verdict,
        });
    };
    add(
        "trained tokens lost",
        Unit::Share,
        now.lost_share,
        then.lost_share,
        true,
    );
    add(
        "answers wholly lost",
        Unit::Count,
        float(now.answers_lost),
        float(then.answers_lost),
        true,
    );
    add("rows seen", Unit::Share, now.share, then.share, false);
    add("padding", Unit::Share, now.padding, then.padding, true);
    add(
        "linear layers an epoch",
        Unit::Times,
        1.0,
        then.positions / now.positions,
        true,
    );
    add("attention an epoch", Unit::Times, 1.0, then.pairs / now.pairs, true);
    if let (Some(left), Some(right)) = (now.hours, then.hours) {
        add("time", Unit::Hours, left, right, true);
    }
    axes.sort_by_key(|axis| axis.verdict);
    axes
}
