//! `torch.tensor`, as far as a batch depends on it: shapes that do not fit raise, and numbers of
//! several kinds become one kind.

use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::failure::raises;

use super::feature::Column;

/// One column of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Python's `None`, where a collator sets a column and has nothing for it.
    None,
    Number(i64),
    Ints(Vec<i64>),
    Matrix(Vec<Vec<i64>>),
    /// A tensor of another shape or another type, as nested lists.
    Other(Value<'static>),
}

/// What a tensor's elements are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Bool,
    Int,
    Float,
}

/// One tensor of the columns of all rows, of the type given or of the one its elements have.
pub(super) fn stack(columns: &[&Column], kind: Option<Kind>) -> Result<Tensor, EncodeError> {
    let ints: Option<Vec<&Vec<i64>>> = columns
        .iter()
        .map(|column| match column {
            Column::Ints(ints) => Some(ints),
            Column::Json(_) => None,
        })
        .collect();
    let Some(rows) = ints.filter(|_| kind.is_none_or(|kind| kind == Kind::Int)) else {
        let rows = Value::Array(columns.iter().map(|column| column.value()).collect());
        return general(&rows, kind);
    };
    let width = rows.first().map_or(0, |row| row.len());
    if let Some(row) = rows.iter().find(|row| row.len() != width) {
        return Err(ragged(width, 1, row.len()));
    }
    Ok(Tensor::Matrix(rows.into_iter().cloned().collect()))
}

/// Any nested lists.
fn general(rows: &Value<'static>, kind: Option<Kind>) -> Result<Tensor, EncodeError> {
    let mut shape = Vec::new();
    let mut first = Some(rows);
    while let Some(Value::Array(items)) = first {
        shape.push(items.len());
        first = items.first();
    }
    if matches!(first, Some(Value::Str(_))) {
        return Err(raises("ValueError", "too many dimensions 'str'"));
    }
    let kind = match kind {
        Some(kind) => kind,
        None => kind_of(rows)?.unwrap_or(Kind::Float),
    };
    let value = convert(rows, &shape, 0, kind)?;
    let Value::Array(items) = &value else {
        return Ok(Tensor::Other(value));
    };
    Ok(items
        .iter()
        .map(Value::as_i64)
        .collect::<Option<Vec<i64>>>()
        .map_or(Tensor::Other(value), Tensor::Ints))
}

/// The type that holds all elements; `None` where there are none.
fn kind_of(value: &Value<'_>) -> Result<Option<Kind>, EncodeError> {
    Ok(match value {
        Value::Bool(_) => Some(Kind::Bool),
        Value::Int(_) => Some(Kind::Int),
        Value::UInt(_) => return Err(raises("RuntimeError", "overflow when unpacking a long")),
        Value::Float(_) => Some(Kind::Float),
        Value::Array(items) => {
            let mut most = None;
            for item in items {
                most = most.max(kind_of(item)?);
            }
            most
        }
        Value::Null | Value::Str(_) | Value::Datetime(_) | Value::Object(_) => {
            let name = value.kind();
            return Err(raises("RuntimeError", format!("could not infer dtype of {name}")));
        }
    })
}

fn convert(value: &Value<'static>, shape: &[usize], depth: usize, kind: Kind) -> Result<Value<'static>, EncodeError> {
    let Some(width) = shape.get(depth) else {
        return scalar(value, kind);
    };
    let Value::Array(items) = value else {
        return Err(raises("TypeError", "not a sequence"));
    };
    if items.len() != *width {
        return Err(ragged(*width, depth, items.len()));
    }
    let items = items.iter().map(|item| convert(item, shape, depth + 1, kind));
    items.collect::<Result<_, _>>().map(Value::Array)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "torch's own conversions: to 32 bits, and towards zero"
)]
fn scalar(value: &Value<'static>, kind: Kind) -> Result<Value<'static>, EncodeError> {
    let single = |number: f64| Value::Float(f64::from(number as f32));
    Ok(match (kind, value) {
        (Kind::Bool, Value::Bool(flag)) => Value::Bool(*flag),
        (Kind::Int, Value::Bool(flag)) => Value::Int(i64::from(*flag)),
        (Kind::Int, Value::Int(number)) => Value::Int(*number),
        (Kind::Int, Value::Float(number)) => Value::Int(*number as i64),
        (Kind::Float, Value::Bool(flag)) => Value::Float(f64::from(u8::from(*flag))),
        (Kind::Float, Value::Int(number)) => single(*number as f64),
        (Kind::Float, Value::Float(number)) => single(*number),
        (_, other) => {
            let name = other.kind();
            return Err(raises(
                "TypeError",
                format!("a {name} cannot be interpreted as a number"),
            ));
        }
    })
}

fn ragged(wanted: usize, depth: usize, got: usize) -> EncodeError {
    let message = format!("expected sequence of length {wanted} at dim {depth} (got {got})");
    raises("ValueError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &str, kind: Option<Kind>) -> Result<Tensor, String> {
        let Ok(Value::Array(rows)) = Value::from_json(rows) else {
            panic!("a list")
        };
        let columns: Vec<Column> = rows.into_iter().map(Column::Json).collect();
        stack(&columns.iter().collect::<Vec<_>>(), kind).map_err(|error| error.class)
    }

    #[test]
    fn numbers_become_one_kind() {
        let other = |json: &str| Ok(Tensor::Other(Value::from_json(json).expect("JSON")));
        assert_eq!(of("[1, 0]", None), Ok(Tensor::Ints(vec![1, 0])));
        assert_eq!(of("[1, 0.5]", None), other("[1.0, 0.5]"));
        assert_eq!(of("[0.1]", None), other("[0.10000000149011612]"));
        assert_eq!(of("[true, false]", None), other("[true, false]"));
        assert_eq!(of("[true, 2]", None), Ok(Tensor::Ints(vec![1, 2])));
        assert_eq!(of("[1.9, -1.9]", Some(Kind::Int)), Ok(Tensor::Ints(vec![1, -1])));
        assert_eq!(of("[[1, 2], [3, 4.5]]", None), other("[[1.0, 2.0], [3.0, 4.5]]"));
    }

    #[test]
    fn what_has_no_shape_raises_as_torch_does() {
        let class = |rows: &str, kind| of(rows, kind).expect_err(rows);
        assert_eq!(class("[[1, 2], [3]]", None), "ValueError");
        assert_eq!(class("[[1], 2]", None), "TypeError");
        assert_eq!(class("[null]", None), "RuntimeError");
        assert_eq!(class("[null]", Some(Kind::Int)), "TypeError");
        assert_eq!(class(r#"["a"]"#, None), "ValueError");
        let rows = [Column::Ints(vec![1, 2]), Column::Ints(vec![3])];
        let error = stack(&[&rows[0], &rows[1]], None).expect_err("ragged");
        assert_eq!(error.message, "expected sequence of length 2 at dim 1 (got 1)");
    }
}
