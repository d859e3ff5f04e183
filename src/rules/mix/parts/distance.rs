//! How far two samples are apart, and how far apart chance alone puts them.

use crate::sketch::histogram::Histogram;

/// The distance of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Distance {
    /// 0 to 1.
    pub value: f64,
    /// What two samples of these sizes from one population exceed with the given chance at most.
    pub by_chance: f64,
}

/// The Kolmogorov–Smirnov distance: the largest difference of the shares of numbers up to some number. `None` if
/// either is empty. Chance is bounded as by Massart 1990: `P(D > d) <= 2 exp(-2 d² nm / (n + m))`.
#[expect(clippy::cast_precision_loss, reason = "shares are floats")]
pub(in super::super) fn kolmogorov_smirnov(left: &Histogram, right: &Histogram, chance: f64) -> Option<Distance> {
    let (n, m) = (left.count(), right.count());
    if n == 0 || m == 0 {
        return None;
    }
    let (mut ones, mut others) = (left.iter().peekable(), right.iter().peekable());
    let (mut below, mut below_other, mut value) = (0, 0, 0.0f64);
    while let Some(next) = ones
        .peek()
        .map(|one| one.0)
        .into_iter()
        .chain(others.peek().map(|one| one.0))
        .min()
    {
        below += ones.next_if(|one| one.0 == next).map_or(0, |one| one.1);
        below_other += others.next_if(|one| one.0 == next).map_or(0, |one| one.1);
        value = value.max((below as f64 / n as f64 - below_other as f64 / m as f64).abs());
    }
    let by_chance = ((2.0 / chance).ln() * spread(n, m)).sqrt();
    Some(Distance { value, by_chance })
}

/// Half the sum of the differences of the shares: the part of the rows that would have to be of another kind. Kinds
/// that are less than `least` of either side are one. `None` if either side is empty.
///
/// Chance is bounded by Hoeffding's inequality over all sets of kinds: `P(TV > d) <= 2^k exp(-2 d² nm / (n + m))`.
#[expect(clippy::cast_precision_loss, reason = "shares are floats")]
pub(in super::super) fn total_variation(
    kinds: impl Iterator<Item = (u64, u64)> + Clone,
    least: f64,
    chance: f64,
) -> Option<Distance> {
    let (n, m) = kinds
        .clone()
        .fold((0, 0), |sums, kind| (sums.0 + kind.0, sums.1 + kind.1));
    if n == 0 || m == 0 {
        return None;
    }
    let shares = kinds.map(|(one, other)| (one as f64 / n as f64, other as f64 / m as f64));
    let (mut sum, mut rest, mut count) = (0.0, (0.0, 0.0), 0i32);
    for (one, other) in shares {
        if one < least && other < least {
            rest = (rest.0 + one, rest.1 + other);
        } else {
            sum += (one - other).abs();
            count += 1;
        }
    }
    sum += (rest.0 - rest.1).abs();
    count += i32::from(rest != (0.0, 0.0));
    let by_chance = ((f64::from(count) * std::f64::consts::LN_2 - chance.ln()) * spread(n, m)).sqrt();
    Some(Distance {
        value: sum / 2.0,
        by_chance,
    })
}

/// `(n + m) / 2nm`
#[expect(clippy::cast_precision_loss, reason = "sizes of samples")]
fn spread(n: u64, m: u64) -> f64 {
    (n as f64 + m as f64) / (2.0 * n as f64 * m as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.add(*value);
        }
        histogram
    }

    /// 3 of 5 numbers are 2 and less, and 1 of 6: the largest difference there is.
    #[test]
    fn the_distance_is_that_of_kolmogorov_and_smirnov() {
        let distance = kolmogorov_smirnov(&of(&[1, 2, 2, 3, 9]), &of(&[2, 3, 3, 4, 4, 10]), 0.05).expect("two samples");
        assert!((distance.value - 0.433_333_333).abs() < 1e-9, "{distance:?}");
        // 1.358 is the table's factor for 5 %.
        assert!(
            (distance.by_chance - 1.358 * (11.0f64 / 30.0).sqrt()).abs() < 1e-3,
            "{distance:?}"
        );
        assert_eq!(kolmogorov_smirnov(&of(&[]), &of(&[1]), 0.05), None);
        let apart = kolmogorov_smirnov(&of(&[1, 2]), &of(&[70_000]), 0.05).expect("two samples");
        assert!((apart.value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn half_the_differences_are_the_part_that_is_of_another_kind() {
        let kinds = [(50, 10), (50, 10), (0, 20)];
        let distance = total_variation(kinds.into_iter(), 0.01, 0.01).expect("two samples");
        assert!((distance.value - 0.5).abs() < 1e-9, "{distance:?}");
        // Rare kinds are one: where every row has its own, nothing can be told.
        let own = (0..200).map(|row| (u64::from(row < 100) * 2, u64::from(row >= 100) * 2));
        let distance = total_variation(own, 0.05, 0.01).expect("two samples");
        assert!(distance.value < 1e-9, "{distance:?}");
    }
}
