//! The columns of a row that was tokenised before, by whoever made the data or by a DataLoader.

use crate::model::encoded::IGNORE;
use crate::model::example::Shape;
use crate::model::value::Value;
use crate::rule::Row;

/// Columns of whole numbers. What is no number stands as [`i64::MIN`]; the shape's own rules say so.
pub(in super::super) struct Given {
    pub ids: Vec<i64>,
    pub labels: Option<Vec<i64>>,
    /// Which tokens are trained, where no labels say so.
    pub mask: Option<Vec<i64>>,
    pub attention: Option<Vec<i64>>,
}

impl Given {
    /// The columns of a pre-tokenised row, or of a row of a dumped batch; `None` for any other.
    pub(in super::super) fn of(row: &Row<'_>) -> Option<Self> {
        if let Some(dumped) = row.dumped {
            return Some(Self {
                ids: dumped.ids.clone(),
                labels: dumped.labels.clone(),
                mask: None,
                attention: dumped.attention.clone(),
            });
        }
        row.example.filter(|example| example.shape == Shape::Tokenised)?;
        let record = row.record()?;
        let column = |name: &str| {
            let list = record.value.get(name)?.as_array()?;
            Some(list.iter().map(number).collect::<Vec<i64>>())
        };
        let labels = column("labels");
        let mask = || column("completion_mask").or_else(|| column("assistant_masks"));
        Some(Self {
            ids: column("input_ids")?,
            mask: if labels.is_none() { mask() } else { None },
            labels,
            attention: column("attention_mask"),
        })
    }

    /// Trained tokens: number, id and label. The first token never carries loss.
    pub(in super::super) fn trained(&self) -> impl Iterator<Item = (usize, i64, i64)> {
        let labels = self.labels.iter().flatten().copied();
        let all = self.ids.iter().copied().zip(labels).enumerate().skip(1);
        all.filter(|(_, (_, label))| *label != i64::from(IGNORE))
            .map(|(at, (id, label))| (at, id, label))
    }
}

/// A whole number, or a truth as one.
pub(in super::super) fn number(value: &Value<'_>) -> i64 {
    match value {
        Value::Int(number) => *number,
        Value::UInt(number) => i64::try_from(*number).unwrap_or(i64::MAX),
        Value::Bool(flag) => i64::from(*flag),
        _ => i64::MIN,
    }
}
