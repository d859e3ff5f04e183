//! `tokenizer.pad`: rows made one length.
//!
//! Source: `tokenization_utils_base.py` (`pad`, `_pad`, `_get_padding_truncation_strategies`), the same
//! in transformers 4.53 and 5.23.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::encode::tokenizer::{Facts, Side};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::failure::{key_error, raises, unsupported};

use super::feature::{Column, Features};
use super::tensor::{Tensor, stack};

/// `padding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// `True` or `longest`.
    Longest,
    /// `max_length`.
    MaxLength,
    /// `False` or `do_not_pad`.
    No,
}

impl Padding {
    /// Reads the option as Python would take it.
    ///
    /// # Errors
    ///
    /// `ValueError` for what is no strategy.
    pub fn read(value: &Json) -> Result<Self, EncodeError> {
        match value {
            Json::Bool(true) => Ok(Self::Longest),
            Json::Bool(false) => Ok(Self::No),
            Json::String(name) if name == "longest" => Ok(Self::Longest),
            Json::String(name) if name == "max_length" => Ok(Self::MaxLength),
            Json::String(name) if name == "do_not_pad" => Ok(Self::No),
            other => Err(raises(
                "ValueError",
                format!("{other} is not a valid PaddingStrategy; valid are longest, max_length, do_not_pad"),
            )),
        }
    }

    /// The strategy and the length in force: without a length it is the model's, and where the model
    /// has none nothing is padded.
    ///
    /// # Errors
    ///
    /// `ValueError` where something is to be padded and there is no padding token.
    pub(super) fn settle(self, max_length: Option<usize>, facts: &Facts) -> Result<(Self, Option<usize>), EncodeError> {
        let mut settled = (self, max_length);
        if self == Self::MaxLength && max_length.is_none() {
            let own = facts.model_max_length.and_then(|length| usize::try_from(length).ok());
            settled = own.map_or((Self::No, None), |length| (self, Some(length)));
        }
        if settled.0 != Self::No {
            let token = facts.token("pad_token");
            let token = token.ok_or_else(|| {
                raises(
                    "ValueError",
                    "asking to pad but the tokenizer does not have a padding token",
                )
            })?;
            if token.id.is_none() {
                let message = format!("the padding token `{}` is not in the vocabulary: None < 0", token.text);
                return Err(raises("TypeError", message));
            }
        }
        Ok(settled)
    }
}

/// How a collator pads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pad {
    pub padding: Padding,
    pub max_length: Option<usize>,
    pub multiple: Option<usize>,
}

impl Default for Pad {
    fn default() -> Self {
        Self {
            padding: Padding::Longest,
            max_length: None,
            multiple: None,
        }
    }
}

/// Longer lengths are refused: a batch of them would not fit any memory.
pub(super) const LONGEST: usize = 1 << 26;

/// The length rounded up to a multiple.
pub(super) fn rounded(length: usize, multiple: Option<usize>) -> Result<usize, EncodeError> {
    match multiple {
        None => Ok(length),
        Some(0) => Err(raises("ZeroDivisionError", "integer modulo by zero")),
        Some(multiple) => Ok(length.div_ceil(multiple) * multiple),
    }
}

type Columns<'f> = Vec<(Cow<'static, str>, Vec<Cow<'f, Column>>)>;

impl Pad {
    /// The columns of the first row, as tensors, ids and attention masks padded; an attention mask is
    /// made where there is none. A column in `loose` may have rows of several lengths: it is left out.
    ///
    /// # Errors
    ///
    /// What the library raises, `ValueError` above all: rows of several lengths in another column.
    pub(super) fn tensors(
        &self,
        features: &[Features],
        facts: &Facts,
        loose: &[&str],
    ) -> Result<Vec<(Cow<'static, str>, Tensor)>, EncodeError> {
        let columns = self.columns(features, facts)?;
        let tensor = |(name, columns): (Cow<'static, str>, Vec<Cow<'_, Column>>)| {
            let columns: Vec<&Column> = columns.iter().map(AsRef::as_ref).collect();
            match stack(&columns, None) {
                Ok(tensor) => Some(Ok((name, tensor))),
                Err(_) if loose.contains(&name.as_ref()) => None,
                Err(error) => Some(Err(raises(
                    "ValueError",
                    format!("unable to create a tensor of `{name}`: {}", error.message),
                ))),
            }
        };
        columns.into_iter().filter_map(tensor).collect()
    }

    fn columns<'f>(&self, features: &'f [Features], facts: &Facts) -> Result<Columns<'f>, EncodeError> {
        let Some(first) = features.first() else {
            return Ok(Vec::new());
        };
        let mut columns: Columns<'f> = Vec::new();
        for name in first.names() {
            let of = |row: &'f Features| row.get(name).map(Cow::Borrowed).ok_or_else(|| key_error(name));
            columns.push((name.clone(), features.iter().map(of).collect::<Result<_, _>>()?));
        }
        let ids = columns.iter().find(|(name, _)| name == "input_ids").map(|(_, ids)| ids);
        let ids = ids.ok_or_else(|| raises("ValueError", "an encoding must include input_ids"))?;
        let lengths = ids.iter().map(|column| length(column)).collect::<Result<Vec<_>, _>>()?;
        let (padding, max_length) = self.padding.settle(self.max_length, facts)?;
        let width = match padding {
            Padding::No => None,
            Padding::Longest => Some(lengths.iter().copied().max().unwrap_or(0)),
            Padding::MaxLength => max_length,
        };
        let width = width.map(|width| rounded(width, self.multiple)).transpose()?;
        if width.is_some_and(|width| width > LONGEST) {
            return Err(unsupported("rows padded to more than 67 million tokens"));
        }
        if facts.attention_mask && !columns.iter().any(|(name, _)| name == "attention_mask") {
            let ones = |length: &usize| Cow::Owned(Column::Ints(vec![1; *length]));
            columns.push((Cow::Borrowed("attention_mask"), lengths.iter().map(ones).collect()));
        }
        let Some(width) = width else { return Ok(columns) };
        let pad_id = facts.token("pad_token").and_then(|token| token.id).map_or(0, i64::from);
        for (name, rows) in &mut columns {
            let with = match name.as_ref() {
                "input_ids" => pad_id,
                "attention_mask" if facts.attention_mask => 0,
                _ => continue,
            };
            for (row, length) in rows.iter_mut().zip(&lengths) {
                // A row that is longer already stays as it is.
                let missing = width.saturating_sub(*length);
                if *length != width {
                    extend(row.to_mut(), missing, with, facts.padding_side)?;
                }
            }
        }
        Ok(columns)
    }
}

/// The tokens of a row.
fn length(ids: &Column) -> Result<usize, EncodeError> {
    match ids {
        Column::Ints(ids) => Ok(ids.len()),
        Column::Json(Value::Array(items)) if items.iter().any(|item| matches!(item, Value::Array(_))) => {
            Err(unsupported("input_ids that are lists of lists"))
        }
        Column::Json(Value::Array(_)) => Err(raises("ValueError", "input_ids hold something that is no integer")),
        Column::Json(_) => Err(unsupported("input_ids that are no list")),
    }
}

/// Adds elements at the side of padding.
fn extend(column: &mut Column, missing: usize, with: i64, side: Side) -> Result<(), EncodeError> {
    match column {
        Column::Ints(ints) => lengthen(ints, missing, with, side),
        Column::Json(Value::Array(items)) => lengthen(items, missing, Value::Int(with), side),
        Column::Json(other) => {
            let name = other.kind();
            return Err(raises("TypeError", format!("a {name} and a list cannot be joined")));
        }
    }
    Ok(())
}

/// Adds `missing` elements at a side.
pub(super) fn lengthen<T: Clone>(list: &mut Vec<T>, missing: usize, with: T, side: Side) {
    let old = list.len();
    list.resize(old + missing, with);
    if side == Side::Left {
        list.rotate_right(missing);
    }
}
