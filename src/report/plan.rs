//! The planned run in lines of text, for the outputs that people read.

use crate::measure::share;
use crate::model::budget::{Budget, Planned, ScheduleFigures, StepLoad};

use super::style::{count, counted, percent, rate, short};

/// Name and text of each line.
pub fn lines(budget: &Budget) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(packed) = &budget.packed {
        let mut text = format!(
            "{}: {} of {} rows in {} of {} tokens, {} filled",
            packed.strategy,
            count(budget.fed() - packed.left_out),
            count(budget.rows),
            counted(packed.sequences, "sequence"),
            count(packed.capacity),
            percent(packed.efficiency)
        );
        if packed.tokens_cut > 0 {
            text.push_str(&format!(" · {} tokens in none", short(packed.tokens_cut)));
        }
        lines.push(("packing", text));
    }
    match (&budget.plan, &budget.refused) {
        (Some(plan), _) => {
            lines.push(("plan", steps(plan, budget)));
            lines.push(("coverage", coverage(plan, budget)));
            lines.extend(plan.load.as_ref().map(|load| ("a step", load_text(load, plan.steps))));
            lines.push(("schedule", schedule(&plan.schedule, plan.steps)));
        }
        (None, Some(refused)) => lines.push(("plan", format!("no run: {refused}"))),
        (None, None) => {}
    }
    lines.extend(budget.notes.iter().map(|note| ("", note.clone())));
    lines
}

/// What a plan counts: rows, or sequences of them.
fn unit(budget: &Budget) -> &'static str {
    if budget.packed.is_some() { "sequence" } else { "row" }
}

fn steps(plan: &Planned, budget: &Budget) -> String {
    let mut text = format!(
        "{} of {} (batch {} × {} accumulated × {}) · {:.2} epochs of {} · {} a rank",
        counted(plan.steps, "step"),
        counted(plan.effective_batch, unit(budget)),
        count(plan.batch_size),
        count(plan.grad_accum),
        counted(plan.world_size, "rank"),
        plan.epochs,
        counted(plan.steps_per_epoch, "step"),
        if plan.batches_per_rank == 1 {
            "1 batch".to_owned()
        } else {
            format!("{} batches", count(plan.batches_per_rank))
        }
    );
    if let Some(last) = plan.last_step {
        text.push_str(&format!(" · an epoch's last step has {}", counted(last, unit(budget))));
    }
    if plan.left_out > 0 {
        text.push_str(&format!(
            " · each epoch leaves out {}",
            counted(plan.left_out, unit(budget))
        ));
    }
    if plan.fed_twice > 0 {
        text.push_str(&format!(
            " · each epoch has {} twice",
            counted(plan.fed_twice, unit(budget))
        ));
    }
    text
}

fn coverage(plan: &Planned, budget: &Budget) -> String {
    let rows = budget.fed();
    // Counted in sequences alone, a share of rows is no more than likely.
    let mark = if budget.packed.is_some() && plan.times_seen.is_none() {
        "≈"
    } else {
        ""
    };
    let mut text = vec![format!(
        "{mark}{} of {} seen",
        percent(plan.share),
        counted(rows, "row")
    )];
    if budget.held_out > 0 {
        text.push(format!("{} held out to evaluate on", count(budget.held_out)));
    }
    if budget.dropped > 0 {
        text.push(format!("{} left out by the trainer", count(budget.dropped)));
    }
    for part in &budget.parts {
        text.push(format!(
            "{}: {} of {}",
            part.setting,
            count(part.rows),
            counted(part.of, "row")
        ));
    }
    for seen in plan.times_seen.iter().flatten() {
        let times = match seen.times {
            0 => "never".to_owned(),
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            times => format!("{} times", count(times)),
        };
        text.push(format!("{} {times}", count(seen.rows)));
    }
    text.push(format!("{} fed in all", counted(plan.rows_fed, unit(budget))));
    if let Some(step) = plan.all_seen_at {
        text.push(format!("all seen by step {}", count(step)));
    }
    text.join(" · ")
}

fn load_text(load: &StepLoad, steps: u64) -> String {
    let mark = if load.exact { "" } else { "≈" };
    let spread = |spread: &crate::model::budget::Spread| {
        format!(
            "{mark}{} ({mark}{} to {mark}{})",
            short(rounded(spread.mean)),
            short(spread.least),
            short(spread.most)
        )
    };
    let mut text = format!("{} tokens", spread(&load.tokens));
    if load.trained.most > 0 {
        text.push_str(&format!(" · {} trained", spread(&load.trained)));
    }
    text.push_str(&format!(" · {mark}{} of the batches is padding", percent(load.padding)));
    if load.steps < steps {
        text.push_str(&format!(" · in the first {}", counted(load.steps, "step")));
    }
    text
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of counts lies between them"
)]
fn rounded(mean: f64) -> u64 {
    mean.round() as u64
}

fn schedule(schedule: &ScheduleFigures, steps: u64) -> String {
    let mut text = vec![format!("{}, peak {}", schedule.name, rate(schedule.peak))];
    if schedule.warmup_steps > 0 {
        let warmup = counted(schedule.warmup_steps, "step");
        text.push(format!(
            "warmup {warmup} ({})",
            percent(share(schedule.warmup_steps, steps))
        ));
    }
    let marks = schedule.marks.iter();
    let marks: Vec<_> = marks
        .map(|mark| format!("{} at step {}", rate(mark.rate), count(mark.step)))
        .collect();
    if marks.is_empty() {
        text.push("follows a metric, so its rates are not known beforehand".to_owned());
    } else {
        text.push(marks.join(", "));
    }
    if let Some(below) = schedule.below_tenth {
        text.push(format!("{} of the steps below a tenth of the peak", percent(below)));
    }
    if let Some(weighted) = schedule.weighted_epochs {
        text.push(format!("worth {weighted:.2} epochs at the peak"));
    }
    text.join(" · ")
}
