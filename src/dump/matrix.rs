//! Numbers of a batch with their shape, from a tensor or from nested lists.

use crate::model::value::Value;

/// Numbers row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Numbers,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    Whole(Vec<i64>),
    Real(Vec<f32>),
}

/// Lists inside lists: a batch has four at most, `[rows, heads, tokens, tokens]`.
const DEEPEST: usize = 4;

impl Matrix {
    /// Nested lists, all of a level of one length. Where `ragged`, lists of the last level may be shorter, and are
    /// filled with 0.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(super) fn of(value: &Value<'_>, ragged: bool) -> Result<Self, String> {
        let mut shape = Vec::new();
        let mut inner = value;
        while let Value::Array(items) = inner {
            if shape.len() == DEEPEST {
                return Err(format!("has more than {DEEPEST} lists inside each other"));
            }
            shape.push(items.len());
            match items.first() {
                Some(first) => inner = first,
                None => break,
            }
        }
        if shape.is_empty() {
            return Err(format!("is {}, not a list", value.a_kind()));
        }
        if let (true, [_, width], Value::Array(rows)) = (ragged, &mut shape[..], value) {
            *width = rows
                .iter()
                .filter_map(|row| Some(row.as_array()?.len()))
                .max()
                .unwrap_or(0);
        }
        let mut out = Self {
            numbers: Numbers::Whole(Vec::new()),
            shape: shape.clone(),
        };
        out.fill(value, &shape, ragged)?;
        Ok(out)
    }

    fn fill(&mut self, value: &Value<'_>, shape: &[usize], ragged: bool) -> Result<(), String> {
        let Some((length, inner)) = shape.split_first() else {
            return self.push(value);
        };
        let Value::Array(items) = value else {
            return Err(format!("holds {} among lists", value.a_kind()));
        };
        let is_last = inner.is_empty();
        if items.len() != *length && !(ragged && is_last && items.len() < *length) {
            return Err(format!(
                "is ragged: a list of {} beside one of {length}, which no batch of tensors can be",
                items.len()
            ));
        }
        for item in items {
            self.fill(item, inner, ragged)?;
        }
        for _ in items.len()..*length {
            self.push(&Value::Int(0))?;
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a mask is 0, 1 or far below"
    )]
    fn push(&mut self, value: &Value<'_>) -> Result<(), String> {
        let whole = match value {
            Value::Int(number) => Some(*number),
            Value::Bool(flag) => Some(i64::from(*flag)),
            Value::UInt(number) => Some(i64::try_from(*number).unwrap_or(i64::MAX)),
            _ => None,
        };
        match (&mut self.numbers, whole, value) {
            (Numbers::Whole(numbers), Some(number), _) => numbers.push(number),
            (Numbers::Real(numbers), Some(number), _) => numbers.push(number as f32),
            (Numbers::Real(numbers), None, Value::Float(number)) => numbers.push(*number as f32),
            (Numbers::Whole(numbers), None, Value::Float(number)) => {
                let mut real: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
                real.push(*number as f32);
                self.numbers = Numbers::Real(real);
            }
            _ => return Err(format!("holds {}, not a number", value.a_kind())),
        }
        Ok(())
    }

    /// As rows and columns: a list alone is one row.
    pub(super) fn sides(&self) -> Option<(usize, usize)> {
        match self.shape[..] {
            [width] => Some((1, width)),
            [rows, width] => Some((rows, width)),
            _ => None,
        }
    }

    /// Whole numbers of a row; numbers with a fraction lose it.
    #[expect(clippy::cast_possible_truncation, reason = "of a mask of 0.0 and 1.0")]
    pub(super) fn row(&self, row: usize) -> Vec<i64> {
        let width = self.shape.last().copied().unwrap_or(0);
        let own = row * width..(row + 1) * width;
        match &self.numbers {
            Numbers::Whole(numbers) => numbers[own].to_vec(),
            Numbers::Real(numbers) => numbers[own].iter().map(|number| *number as i64).collect(),
        }
    }

    /// Whether a mask lets its number through: what is added to scores hides what is far below 0, and any other mask
    /// what is 0.
    pub(super) fn is_seen(&self, at: usize, is_added: bool) -> bool {
        match &self.numbers {
            Numbers::Whole(numbers) if is_added => numbers[at] == 0,
            Numbers::Whole(numbers) => numbers[at] != 0,
            // Half of the least number of 16 bits hides as well as that does.
            Numbers::Real(numbers) if is_added => numbers[at] > -1e3,
            Numbers::Real(numbers) => numbers[at] != 0.0,
        }
    }

    /// Whether it is added to scores: it then has numbers below 0, or nothing but 0.
    pub(super) fn is_added(&self) -> bool {
        match &self.numbers {
            Numbers::Whole(numbers) => numbers.iter().any(|number| *number < 0),
            Numbers::Real(numbers) => {
                numbers.iter().any(|number| *number < 0.0) || numbers.iter().all(|number| *number == 0.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(text: &str, ragged: bool) -> Result<Matrix, String> {
        Matrix::of(&Value::from_json(text).expect("JSON"), ragged)
    }

    #[test]
    fn lists_have_a_shape_or_are_refused() {
        let read = matrix("[[1, 2], [3, 4], [5, 6]]", false).expect("a matrix");
        assert_eq!((read.shape.as_slice(), read.row(2)), (&[3, 2][..], vec![5, 6]));
        assert_eq!(matrix("[1, true]", false).expect("a row").sides(), Some((1, 2)));
        assert!(matrix("[[1], [2, 3]]", false).expect_err("ragged").contains("ragged"));
        assert_eq!(matrix("[[1], [2, 3]]", true).expect("filled").row(0), [1, 0]);
        assert!(matrix("[[1], 2]", false).is_err());
        assert!(matrix("[[\"a\"]]", false).is_err());
        assert!(matrix("3", false).is_err());
        assert!(matrix("[[[[[1]]]]]", false).is_err());
    }

    #[test]
    fn masks_that_are_added_are_told_from_those_that_are_not() {
        let added = matrix("[[0.0, -1e9], [0.0, 0.0]]", false).expect("a mask");
        assert!(added.is_added() && added.is_seen(0, true) && !added.is_seen(1, true));
        let flags = matrix("[[1, 0], [1, 1]]", false).expect("a mask");
        assert!(!flags.is_added() && flags.is_seen(0, false) && !flags.is_seen(1, false));
    }
}
