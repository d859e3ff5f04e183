//! What candidates for max_length, and numbers of steps, come to.

use crate::measure::Kept;
use crate::plan::outlook::{DROPPED, rates};

use super::{Case, Choice, Goal, LengthRow, StepsRow, share};

/// Candidates at the most, beside the present one.
const MOST: usize = 9;

/// Lengths worth a look: powers of two and the middles between them, from below the median row to the longest, and
/// the present one.
pub fn candidates(lengths: &[u32], now: u64) -> Vec<u64> {
    let mut sorted: Vec<u32> = lengths.iter().copied().filter(|length| *length != DROPPED).collect();
    sorted.sort_unstable();
    let Some(longest) = sorted.last().copied() else {
        return vec![now];
    };
    let median = sorted[sorted.len() / 2];
    let first = u64::from(median.max(16)).next_power_of_two() / 2;
    // Beyond the longest row there is nothing to gain.
    let last = u64::from(longest.max(16)).next_multiple_of(64);
    let mut all = vec![];
    let mut power = first;
    while power < last {
        all.extend([power, power * 3 / 2].into_iter().filter(|length| *length < last));
        power *= 2;
    }
    // Where there are too many, those in the middles go first, then the smallest.
    if all.len() >= MOST {
        all.retain(|length| length.is_power_of_two());
    }
    let skipped = (all.len() + 1).saturating_sub(MOST);
    all.drain(..skipped);
    all.extend([last, now]);
    all.sort_unstable();
    all.dedup();
    all
}

/// One row for each candidate.
pub(super) fn lengths(case: &Case<'_>, now: &Choice, all: &Kept) -> Vec<LengthRow> {
    let mut rows: Vec<LengthRow> = candidates(&all.full, now.max_length)
        .into_iter()
        .filter_map(|length| row(case, now, length))
        .collect();
    // Relative to the present length, as it is packed or not.
    let present = rows.iter().find(|row| row.is_now).cloned();
    if let Some(present) = present {
        let (linear, attention) = if now.packing.is_some() {
            (
                present.linear_packed.unwrap_or(present.linear),
                present.attention_packed.unwrap_or(present.attention),
            )
        } else {
            (present.linear, present.attention)
        };
        for row in &mut rows {
            row.linear /= linear;
            row.attention /= attention;
            row.linear_packed = row.linear_packed.map(|cost| cost / linear);
            row.attention_packed = row.attention_packed.map(|cost| cost / attention);
        }
    }
    if let Some(knee) = knee(&rows) {
        rows[knee].is_knee = true;
    }
    rows
}

fn row(case: &Case<'_>, now: &Choice, length: u64) -> Option<LengthRow> {
    let one_epoch = Choice {
        max_length: length,
        packing: None,
        ..now.one_epoch()
    };
    let goal = Goal::default();
    let plain = case.outcome(&one_epoch, &goal).ok()?;
    let strategy = now.packing.clone().or_else(|| case.can_pack.map(str::to_owned));
    let packed = strategy.and_then(|strategy| {
        let choice = Choice {
            packing: Some(strategy),
            ..one_epoch.clone()
        };
        let kept = case.rows_of(&choice);
        let sequences = case.plan(&choice, &kept).packed?.sequences;
        Some((case.outcome(&choice, &goal).ok()?, sequences))
    });
    // What is lost is lost in the way the rows are packed now.
    let kept = case.rows_of(&Choice {
        packing: now.packing.clone(),
        ..one_epoch
    });
    let rows = kept.tokens.len() as u64;
    Some(LengthRow {
        max_length: length,
        is_now: length == now.max_length,
        is_knee: false,
        is_recommended: false,
        rows_cut: kept.rows_cut,
        rows_dropped: kept.dropped,
        cut_share: share(kept.rows_cut + kept.dropped, rows),
        lost_share: share(kept.trained_lost, kept.trained_all),
        answers_lost: kept.answers_lost,
        padding: plain.padding,
        padding_grouped: grouped(&kept.tokens, now.batch_size),
        padding_packed: packed.as_ref().map(|(outcome, _)| outcome.padding),
        steps_per_epoch: plain.steps_per_epoch,
        packed_sequences: packed.as_ref().map(|(_, sequences)| *sequences),
        packed_steps_per_epoch: packed.as_ref().map(|(outcome, _)| outcome.steps_per_epoch),
        linear: plain.positions,
        linear_packed: packed.as_ref().map(|(outcome, _)| outcome.positions),
        attention: plain.pairs,
        attention_packed: packed.as_ref().map(|(outcome, _)| outcome.pairs),
    })
}

/// Share of padding in batches of rows sorted by length: the best that grouping can do.
fn grouped(tokens: &[u32], batch: u64) -> f64 {
    let mut sorted: Vec<u32> = tokens.iter().copied().filter(|tokens| *tokens != DROPPED).collect();
    sorted.sort_unstable();
    let (mut used, mut padded) = (0u64, 0u64);
    for rows in sorted.chunks(usize::try_from(batch).unwrap_or(usize::MAX).max(1)) {
        used += rows.iter().map(|tokens| u64::from(*tokens)).sum::<u64>();
        padded += u64::from(rows[rows.len() - 1]) * rows.len() as u64;
    }
    if padded == 0 { 0.0 } else { 1.0 - share(used, padded) }
}

/// The candidate that stands highest above the line from the first to the last, of trained tokens kept over the
/// logarithm of the length.
#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
fn knee(rows: &[LengthRow]) -> Option<usize> {
    let (first, last) = (rows.first()?, rows.last()?);
    let (low, high) = (1.0 - first.lost_share, 1.0 - last.lost_share);
    let width = (last.max_length as f64 / first.max_length as f64).ln();
    if high <= low || width <= 0.0 {
        return None;
    }
    let height = |row: &LengthRow| {
        let along = (row.max_length as f64 / first.max_length as f64).ln() / width;
        (1.0 - row.lost_share - low) / (high - low) - along
    };
    let heights = rows.iter().map(height).enumerate();
    heights
        .max_by(|left, right| left.1.total_cmp(&right.1))
        .map(|(at, _)| at)
}

/// Numbers of steps of a choice: a hundred, whole epochs, its own.
pub(super) fn steps(case: &Case<'_>, choice: &Choice, goal: &Goal) -> Vec<StepsRow> {
    let kept = case.rows_of(choice);
    let Ok(own) = case.outcome(choice, goal) else {
        return Vec::new();
    };
    let each = own.steps_per_epoch;
    let mut numbers = vec![100, each.div_ceil(2), each, 2 * each, 3 * each, own.steps];
    numbers.extend(case.setup.max_steps.as_ref().map(|steps| steps.value));
    numbers.sort_unstable();
    numbers.dedup();
    let budget = case.plan(choice, &kept);
    let units = budget.packed.as_ref().map_or(budget.fed(), |packed| packed.sequences);
    let rates = rates(&choice.applied(case.setup), units, &numbers);
    numbers
        .into_iter()
        .zip(rates)
        .filter_map(|(steps, rate)| {
            let wanted = Choice {
                max_steps: Some(steps),
                ..choice.clone()
            };
            let outcome = case.outcome(&wanted, goal).ok()?;
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "tokens are far below 2^52"
            )]
            let trained = (outcome.trained_per_step * steps as f64).round() as u64;
            Some(StepsRow {
                steps,
                epochs: outcome.epochs,
                is_recommended: steps == own.steps,
                share: outcome.share,
                trained,
                rate,
                hours: outcome.hours,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_reach_from_below_the_median_to_the_longest_row() {
        let lengths: Vec<u32> = (1..=1000).map(|row| row * 3).collect();
        assert_eq!(candidates(&lengths, 2048), [1024, 1536, 2048, 3008]);
        assert_eq!(candidates(&[DROPPED], 512), [512]);
        let wide: Vec<u32> = [20; 10].into_iter().chain([100_000]).collect();
        let found = candidates(&wide, 100);
        assert!(
            found.len() <= MOST + 1 && found.contains(&100) && found.ends_with(&[100_032]),
            "{found:?}"
        );
    }

    #[test]
    fn the_knee_is_where_the_curve_bends() {
        let row = |max_length, lost_share| LengthRow {
            max_length,
            is_now: false,
            is_knee: false,
            is_recommended: false,
            rows_cut: 0,
            rows_dropped: 0,
            cut_share: 0.0,
            lost_share,
            answers_lost: 0,
            padding: 0.0,
            padding_grouped: 0.0,
            padding_packed: None,
            steps_per_epoch: 1,
            packed_sequences: None,
            packed_steps_per_epoch: None,
            linear: 1.0,
            linear_packed: None,
            attention: 1.0,
            attention_packed: None,
        };
        let rows = [row(512, 0.5), row(1024, 0.1), row(2048, 0.05), row(4096, 0.0)];
        assert_eq!(knee(&rows), Some(1));
        assert_eq!(knee(&[row(512, 0.0), row(1024, 0.0)]), None);
    }
}
