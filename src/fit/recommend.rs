//! The choice to take.

use crate::model::run::Family;

use super::compare::pays;
use super::goal::Goal;
use super::{Case, Choice, LengthRow, Outcome};

/// Largest share of the trained tokens that a length may lose.
const TOLERATED: f64 = 0.005;

/// Fewest rows of a step.
const ROWS: f64 = 8.0;

/// Packing is worth its change where it saves this share of the tokens in batches.
const SAVING: f64 = 0.1;

/// What the ends of sequences and of epochs make of equal costs.
const NO_DEARER: f64 = 1.005;

/// Epochs beyond which a run only goes if it is told to.
const EPOCHS: f64 = 3.0;

/// Epochs within which a coverage is reached or never.
const MOST_EPOCHS: u64 = 8;

/// Steps of which warmup is to take less than one in so many, as `budget/odd-warmup` has it.
const WARMUP: u64 = 5;

/// The choice, and which goals it does not reach.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recommended {
    pub(super) choice: Choice,
    pub(super) notes: Vec<String>,
}

/// The choice that reaches the goal and is nowhere worse than need be: no token lost that the run as set up keeps.
///
/// # Errors
///
/// Why there is none.
pub(super) fn recommend(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    lengths: &mut [LengthRow],
    goal: &Goal,
) -> Result<Recommended, String> {
    for (name, size) in [
        ("batch size", now.batch_size),
        ("gradient accumulation", now.grad_accum),
        ("world size", now.world_size),
    ] {
        if size == 0 {
            return Err(format!("the {name} is 0"));
        }
    }
    let (mut choice, outcome) = sizes(case, now, comes_to, lengths)?;
    if let Some(row) = lengths.iter_mut().find(|row| row.max_length == choice.max_length) {
        row.is_recommended = true;
    }
    let mut notes = Vec::new();
    if case.setup.run.family == Family::Torchtune {
        // It has no max_steps, and runs whole epochs.
        choice.epochs = epochs(case, comes_to, &choice, goal, &mut notes);
        let steps = case.outcome(&choice, goal)?.steps;
        choice.warmup_steps = Some(warmup(case, comes_to, steps));
        return Ok(Recommended { choice, notes });
    }
    let steps = steps(case, now, comes_to, &choice, &outcome, goal, &mut notes);
    choice.max_steps = Some(steps);
    #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
    let epochs = steps as f64 / outcome.steps_per_epoch.max(1) as f64;
    choice.epochs = epochs;
    choice.warmup_steps = Some(warmup(case, comes_to, steps));
    Ok(Recommended { choice, notes })
}

/// Length, packing and batches, and an epoch of them. What makes nothing better stays as it is.
fn sizes(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    lengths: &[LengthRow],
) -> Result<(Choice, Outcome), String> {
    // Where rows go on in the next sequence no length loses anything.
    let at = length(lengths).filter(|_| !now.packing.as_deref().is_some_and(crate::model::setup::goes_on));
    let max_length = at.map_or(now.max_length, |at| lengths[at].max_length);
    let of = |packing: Option<String>| {
        let choice = Choice {
            max_length,
            packing,
            ..now.one_epoch()
        };
        batched(case, now, comes_to, choice)
    };
    let plain = of(now.packing.clone());
    let packed = case
        .can_pack
        .filter(|_| now.packing.is_none())
        .map(|way| of(Some(way.to_owned())));
    // The gain is that over batches of the present size; those that are then made, which may be of single rows, are
    // no dearer.
    let padded = Choice {
        max_length,
        ..now.one_epoch()
    };
    let padded = case.outcome(&padded, &Goal::default()).map(|outcome| outcome.positions);
    let saves = |plain: f64, packed: f64| {
        let padded = padded.as_ref().map_or(plain, |padded| padded.max(plain));
        packed <= (1.0 - SAVING) * padded && packed <= plain * NO_DEARER
    };
    let sized = match (plain, packed) {
        (Ok(plain), Some(Ok(packed))) if saves(plain.1.positions, packed.1.positions) => packed,
        (Err(_), Some(Ok(packed))) => packed,
        (plain, _) => plain?,
    };
    let Ok(present) = case.outcome(&now.one_epoch(), &Goal::default()) else {
        return Ok(sized);
    };
    if pays(&present, &sized.1) {
        return Ok(sized);
    }
    let rows = present.rows_per_step;
    let accum = if rows < ROWS {
        now.grad_accum * whole((ROWS / rows).ceil())
    } else {
        now.grad_accum
    };
    let kept = Choice {
        grad_accum: accum,
        ..now.one_epoch()
    };
    let outcome = case.outcome(&kept, &Goal::default())?;
    Ok((kept, outcome))
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "batches and steps are far below 2^52"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Batch size and accumulation with the rows a step has now, or as many as it should have; a device gets no more
/// tokens than it does now, nor more rows to pad to one length.
fn batched(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    mut choice: Choice,
) -> Result<(Choice, Outcome), String> {
    let goal = Goal::default();
    let single = Choice {
        batch_size: 1,
        grad_accum: 1,
        world_size: 1,
        ..choice.clone()
    };
    // A sequence that holds a part of a row is as good as a row.
    let each = case.outcome(&single, &goal)?.rows_per_step.max(1.0);
    let rows = comes_to.map_or(ROWS, |outcome| outcome.rows_per_step).max(ROWS);
    let near = (rows / each).round().max(1.0);
    let units = whole(if near * each < ROWS { (ROWS / each).ceil() } else { near });
    let world = now.world_size;
    let room = (now.batch_size * now.max_length / choice.max_length.max(1)).max(1);
    let room = if choice.packing.is_none() {
        room.min(now.batch_size)
    } else {
        room
    };
    choice.batch_size = room.min(units.div_ceil(world)).max(1);
    loop {
        choice.grad_accum = units.div_ceil(choice.batch_size * world).max(1);
        match case.outcome(&choice, &goal) {
            Ok(outcome) => return Ok((choice, outcome)),
            // Where batches that are not full are dropped there may be none.
            Err(_) if choice.batch_size > 1 => choice.batch_size /= 2,
            Err(refused) => return Err(refused),
        }
    }
}

/// Steps to the goal; without one as many epochs as are set up, one at least and three at most.
#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
fn steps(
    case: &Case<'_>,
    now: &Choice,
    comes_to: Option<&Outcome>,
    choice: &Choice,
    outcome: &Outcome,
    goal: &Goal,
    notes: &mut Vec<String>,
) -> u64 {
    let each = outcome.steps_per_epoch.max(1);
    let of_epochs = |epochs: f64| whole((epochs * each as f64).ceil()).max(1);
    let wanted = match (goal.epochs, goal.coverage) {
        (Some(epochs), _) => of_epochs(epochs),
        (None, Some(coverage)) => covering(case, choice, coverage, each).unwrap_or_else(|| {
            notes.push(format!(
                "the goal of {} of the rows is not reached in {MOST_EPOCHS} epochs: some rows are left out of each",
                percent(coverage)
            ));
            each
        }),
        // The time alone is to be used, but not for rows that were seen often enough.
        (None, None) if goal.hours.is_some() => of_epochs(EPOCHS),
        (None, None) => {
            let epochs = comes_to.map_or(now.epochs, |outcome| outcome.epochs);
            of_epochs(epochs.clamp(1.0, EPOCHS))
        }
    };
    let Some(most) = goal.hours else { return wanted };
    let run = |steps: u64| {
        let choice = Choice {
            max_steps: Some(steps),
            ..choice.clone()
        };
        case.outcome(&choice, goal).ok()
    };
    let hours = |steps: u64| run(steps).and_then(|outcome| outcome.hours);
    let Some(needed) = hours(wanted) else { return wanted };
    if needed <= most {
        if goal.epochs.is_none() && goal.coverage.is_none() && needed < 0.9 * most {
            notes.push(format!(
                "{most} hours would do for {:.1} epochs: {EPOCHS} are recommended, and --epochs asks for more",
                EPOCHS * most / needed
            ));
        }
        return wanted;
    }
    let mut within = wanted;
    let mut takes = needed;
    while takes > most && within > 1 {
        within = whole((within as f64 * most / takes).floor()).clamp(1, within - 1);
        takes = hours(within).unwrap_or(0.0);
    }
    if takes > most {
        notes.push(format!(
            "the goal of {most} hours is not reached: a single step takes {takes:.2}"
        ));
    }
    let reached = run(within);
    let share = reached.as_ref().map_or(0.0, |outcome| outcome.share);
    if let Some(coverage) = goal.coverage.filter(|coverage| share < *coverage) {
        notes.push(format!(
            "the goal of {} of the rows is not reached: {} in the {within} steps that {most} hours allow; it takes \
             {wanted} steps, {needed:.2} hours",
            percent(coverage),
            percent(share)
        ));
    } else if let Some(epochs) = goal.epochs {
        notes.push(format!(
            "the goal of {epochs} epochs is not reached: {:.2} in the {within} steps that {most} hours allow; it takes \
             {wanted} steps, {needed:.2} hours",
            reached.map_or(0.0, |outcome| outcome.epochs)
        ));
    }
    within
}

/// Whole epochs to the goal, of which any sees every row that is seen at all.
fn epochs(case: &Case<'_>, comes_to: Option<&Outcome>, choice: &Choice, goal: &Goal, notes: &mut Vec<String>) -> f64 {
    let wanted = match (goal.epochs, goal.coverage, goal.hours) {
        (Some(epochs), ..) => epochs,
        (None, Some(_), _) => 1.0,
        (None, None, Some(_)) => EPOCHS,
        (None, None, None) => comes_to.map_or(1.0, |outcome| outcome.epochs).clamp(1.0, EPOCHS),
    };
    let wanted = wanted.round().max(1.0);
    let run = |epochs: f64| {
        let choice = Choice {
            epochs,
            ..choice.clone()
        };
        case.outcome(&choice, goal).ok()
    };
    let share = run(wanted).map_or(0.0, |outcome| outcome.share);
    if let Some(coverage) = goal.coverage.filter(|coverage| share < *coverage) {
        notes.push(format!(
            "the goal of {} of the rows is not reached: an epoch has {} of them",
            percent(coverage),
            percent(share)
        ));
    }
    let each = run(1.0).and_then(|outcome| outcome.hours);
    let (Some(most), Some(each)) = (goal.hours, each) else {
        return wanted;
    };
    if each * wanted <= most {
        return wanted;
    }
    let within = (most / each).floor().max(1.0);
    let asked = goal.epochs.is_some() || goal.coverage.is_some();
    if asked || each > most {
        notes.push(format!(
            "the goal of {wanted} epochs in {most} hours is not reached: one takes {each:.2} hours, and torchtune runs \
             whole ones"
        ));
    }
    within
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The first step by which so many of the rows have been seen; `None` where that is in no time.
fn covering(case: &Case<'_>, choice: &Choice, coverage: f64, each: u64) -> Option<u64> {
    let reached = |steps: u64| {
        let choice = Choice {
            max_steps: Some(steps),
            ..choice.clone()
        };
        case.outcome(&choice, &Goal::default())
            .is_ok_and(|outcome| outcome.share >= coverage)
    };
    let (mut too_few, mut enough) = (0, each);
    while !reached(enough) {
        if enough >= each.saturating_mul(MOST_EPOCHS) {
            return None;
        }
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
    Some(enough)
}

/// The share of the steps that is set up where it is sound, else 3 %; never the single step that trains at a rate of 0.
#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
fn warmup(case: &Case<'_>, comes_to: Option<&Outcome>, steps: u64) -> u64 {
    let set = case.setup.run.warmup_steps.is_some() || case.setup.run.warmup_ratio.is_some();
    let share = comes_to
        .filter(|_| set)
        .map(|outcome| outcome.warmup_steps as f64 / outcome.steps.max(1) as f64)
        .filter(|share| (0.01..1.0 / WARMUP as f64).contains(share))
        .unwrap_or(0.03);
    let warmup = whole((steps as f64 * share).ceil()).max(2);
    if warmup * WARMUP >= steps { 0 } else { warmup }
}
