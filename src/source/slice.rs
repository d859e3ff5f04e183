//! Parts of a split, as `datasets` writes them: `train[:10%]`, `train[100:200]+test` (`arrow_reader.py`, 5.2).

use std::ops::Range;

/// One part: some rows of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// `train`
    pub split: String,
    from: Option<i64>,
    to: Option<i64>,
    percent: bool,
    /// `pct1_dropremainder` instead of the nearest row.
    drops_remainder: bool,
}

impl Slice {
    /// The parts of an instruction.
    ///
    /// # Errors
    ///
    /// Why `datasets` refuses it: lower case, no full stop.
    pub fn read(instruction: &str) -> Result<Vec<Self>, String> {
        let parts = instruction.split('+').map(str::trim);
        let wrong = |part: &str| format!("`{part}` is no split: it is one as `train`, `train[:10%]`, `train[100:200]`");
        parts
            .map(|part| {
                let (slice, rounding) = one(part).ok_or_else(|| wrong(part))?;
                slice
                    .refused(rounding)
                    .map_or(Ok(slice), |why| Err(format!("`{part}`: {why}")))
            })
            .collect()
    }

    /// What `datasets` 5.2 says of it (`_RelativeInstruction.__post_init__`), if it raises.
    fn refused(&self, rounding: Option<&str>) -> Option<&'static str> {
        let beyond = |bound: Option<i64>| bound.is_some_and(|bound| bound.unsigned_abs() > 100);
        match rounding {
            Some(other) if !matches!(other, "closest" | "pct1_dropremainder") => {
                Some("rounding must be either closest or pct1_dropremainder")
            }
            Some(_) if !self.percent => Some("it is forbidden to specify rounding if not using percent slicing"),
            _ if self.percent && (beyond(self.from) || beyond(self.to)) => {
                Some("percent slice boundaries must be > -100 and < 100")
            }
            _ => None,
        }
    }

    /// Whether it is the split as a whole.
    pub fn is_whole(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The rows it takes of so many.
    ///
    /// # Errors
    ///
    /// What `datasets` raises.
    pub fn rows(&self, all: u64) -> Result<Range<u64>, String> {
        let count = i64::try_from(all).unwrap_or(i64::MAX);
        if self.percent && self.drops_remainder && count < 100 {
            return Err(format!(
                "pct1_dropremainder is forbidden for a split of fewer than 100 rows, and {} has {all}",
                self.split
            ));
        }
        let bound = |given: Option<i64>, default: i64| {
            let Some(given) = given else { return default };
            let row = match (self.percent, self.drops_remainder) {
                (false, _) => given,
                (true, true) => given.saturating_mul(count / 100),
                (true, false) => nearest(given, count),
            };
            if row < 0 {
                count.saturating_add(row).max(0)
            } else {
                row.min(count)
            }
        };
        let (from, to) = (bound(self.from, 0), bound(self.to, count));
        Ok(from.cast_unsigned()..to.max(from).cast_unsigned())
    }
}

/// Python's `round(percent * count / 100.0)`, which takes the even one of two that are as near.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "Python's own arithmetic"
)]
fn nearest(percent: i64, count: i64) -> i64 {
    (percent.saturating_mul(count) as f64 / 100.0).round_ties_even() as i64
}

/// A part of an instruction, and its rounding.
fn one(part: &str) -> Option<(Slice, Option<&str>)> {
    let (part, rounding) = match part.strip_suffix(')') {
        Some(part) => part.split_once('(').map(|(part, rounding)| (part, Some(rounding)))?,
        None => (part, None),
    };
    let (split, bounds) = match part.strip_suffix(']') {
        Some(part) => part.split_once('[').map(|(split, bounds)| (split, Some(bounds)))?,
        None => (part, None),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    if split.is_empty() || !split.chars().all(is_name) {
        return None;
    }
    let (from, to) = match bounds {
        Some(bounds) => bounds.split_once(':')?,
        None => ("", ""),
    };
    let number = |text: &str| -> Option<(Option<i64>, bool)> {
        let text = text.trim();
        if text.is_empty() {
            return Some((None, false));
        }
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        Some((Some(digits.replace('_', "").parse().ok()?), percent))
    };
    let ((from, first), (to, second)) = (number(from)?, number(to)?);
    let slice = Slice {
        split: split.to_owned(),
        from,
        to,
        percent: first || second,
        drops_remainder: rounding == Some("pct1_dropremainder"),
    };
    Some((slice, rounding))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `datasets` 5.2 makes of an instruction and a number of rows.
    #[test]
    fn rows_are_those_that_datasets_takes() {
        for (instruction, all, expected) in [
            ("train", 10, 0..10),
            ("train[:10%]", 1000, 0..100),
            ("train[10%:20%]", 7, 1..1),
            ("train[:50%]", 5, 0..2),
            ("train[:50%]", 7, 0..4),
            ("train[33%:]", 10, 3..10),
            ("train[-10%:]", 25, 23..25),
            ("train[100:200]", 150, 100..150),
            ("train[-3:]", 10, 7..10),
            ("train[:1_000]", 5000, 0..1000),
            ("train[10%:20%](pct1_dropremainder)", 250, 20..40),
        ] {
            let slice = Slice::read(instruction).expect("an instruction").remove(0);
            assert_eq!(slice.rows(all), Ok(expected), "{instruction} of {all}");
        }
    }

    #[test]
    fn parts_are_joined_and_nonsense_is_refused() {
        let parts = Slice::read("train[:10%] + validation").expect("two parts");
        assert_eq!(parts[1].split, "validation");
        assert!(parts[1].is_whole() && !parts[0].is_whole());
        for wrong in [
            "train[10%]",
            "train[a:b]",
            "train[:10%",
            "",
            "train[:150%]",
            "train[-101%:]",
            "train[:10%](nearest)",
            "train[5:](closest)",
        ] {
            assert!(Slice::read(wrong).is_err(), "{wrong}");
        }
        let few = Slice::read("train[:10%](pct1_dropremainder)").expect("one").remove(0);
        assert!(few.rows(99).is_err());
    }
}
