//! Two runs held against each other.

use super::{Axis, Compared, Outcome, Unit};

/// Axes that follow from the number of steps.
const SEEN: &str = "rows seen";
const TIME: &str = "time";

/// A difference of a share, or of a cost, that is not worth a change.
const SMALL: f64 = 0.005;

/// The figures of both runs, the better ones first.
///
/// `now` and `then` are the runs, `left` and `right` an epoch of each: what an epoch costs does not follow from how
/// many steps there are.
pub(super) fn compare(now: &Outcome, then: &Outcome, left: &Outcome, right: &Outcome) -> Vec<Axis> {
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
    add(
        "rows left out",
        Unit::Count,
        float(now.rows_dropped),
        float(then.rows_dropped),
        true,
    );
    add(SEEN, Unit::Share, now.share, then.share, false);
    add("padding", Unit::Share, left.padding, right.padding, true);
    add(
        "linear layers an epoch",
        Unit::Times,
        1.0,
        right.positions / left.positions,
        true,
    );
    add("attention an epoch", Unit::Times, 1.0, right.pairs / left.pairs, true);
    if let (Some(left), Some(right)) = (now.hours, then.hours) {
        add(TIME, Unit::Hours, left, right, true);
    }
    axes.sort_by_key(|axis| axis.verdict);
    axes
}

/// Whether an epoch of other sizes is worth it: nothing is worse, or something is better by more than a trifle.
pub(super) fn pays(left: &Outcome, right: &Outcome) -> bool {
    let axes = compare(left, right, left, right);
    let mut axes = axes.iter().filter(|axis| axis.name != SEEN && axis.name != TIME);
    let counts = |axis: &Axis| axis.unit == Unit::Count || (axis.now - axis.recommended).abs() > SMALL;
    let better = axes
        .clone()
        .any(|axis| axis.verdict == Compared::Better && counts(axis));
    better || axes.all(|axis| axis.verdict != Compared::Worse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(padding: f64, positions: f64) -> Outcome {
        Outcome {
            steps: 10,
            steps_per_epoch: 10,
            epochs: 1.0,
            rows_per_step: 8.0,
            share: 1.0,
            never_seen: Some(0),
            lost_share: 0.0,
            answers_lost: 0,
            rows_dropped: 0,
            padding,
            positions,
            pairs: positions,
            trained_per_step: 1.0,
            warmup_steps: 0,
            last_rate: None,
            peak_rate: 1.0,
            hours: None,
        }
    }

    #[test]
    fn a_change_that_makes_nothing_better_does_not_pay() {
        let now = outcome(0.1, 100.0);
        assert!(pays(&now, &now));
        assert!(!pays(&now, &outcome(0.3, 150.0)));
        assert!(!pays(&now, &outcome(0.099, 150.0)), "a trifle");
        assert!(pays(&now, &outcome(0.0, 90.0)));
        let fewer = Outcome {
            answers_lost: 0,
            ..outcome(0.3, 150.0)
        };
        let lost = Outcome { answers_lost: 3, ..now };
        assert!(pays(&lost, &fewer));
    }
}
