//! transformers' collators (`data/data_collator.py`): rows to a batch.

use std::borrow::Cow;

use crate::encode::tokenizer::Facts;
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::failure::{key_error, raises};

use super::feature::{Column, Features};
use super::flatten::Flattening;
use super::pad::{Pad, Padding, lengthen, rounded};
use super::tensor::{Kind, Tensor, stack};

/// A batch: columns by name.
pub type Tensors = Vec<(Cow<'static, str>, Tensor)>;

/// A collator and its options.
#[derive(Clone, Debug, PartialEq)]
pub enum Collator {
    /// `DataCollatorForLanguageModeling(mlm=False)`: labels are the ids, wherever they are not the
    /// padding token, padding or not.
    Language { multiple: Option<usize>, numpy: bool },
    /// `DataCollatorForSeq2Seq`: the row's own labels, padded.
    Seq2Seq { pad: Pad, label_pad: i64 },
    /// `DataCollatorWithFlattening`.
    Flattening(Flattening),
    /// `DataCollatorWithPadding`: no labels of its own.
    Padding(Pad),
    /// `default_data_collator`: stacks rows, which must be of one length.
    Default,
}

impl Collator {
    /// Makes a batch.
    ///
    /// # Errors
    ///
    /// What the collator raises, by its class.
    pub fn collate(&self, features: &[Features], facts: &Facts) -> Result<Tensors, EncodeError> {
        match self {
            Self::Language { multiple, numpy } => language(*multiple, *numpy, features, facts),
            Self::Seq2Seq { pad, label_pad } => seq2seq(pad, *label_pad, features, facts),
            Self::Flattening(flattening) => flattening.collate(features),
            Self::Padding(pad) => padded(pad, features, facts),
            Self::Default => stacked(features),
        }
    }
}

fn find<'t>(batch: &'t Tensors, name: &str) -> Option<&'t Tensor> {
    batch.iter().find(|(known, _)| known == name).map(|(_, tensor)| tensor)
}

fn set(batch: &mut Tensors, name: &'static str, tensor: Tensor) {
    match batch.iter_mut().find(|(known, _)| known == name) {
        Some((_, slot)) => *slot = tensor,
        None => batch.push((Cow::Borrowed(name), tensor)),
    }
}

fn language(
    multiple: Option<usize>,
    numpy: bool,
    features: &[Features],
    facts: &Facts,
) -> Result<Tensors, EncodeError> {
    let pad = Pad {
        multiple,
        ..Pad::default()
    };
    // Labels of the row's own are made a tensor, and then thrown away; NumPy takes any lengths.
    let loose: &[&str] = if numpy { &["labels"] } else { &[] };
    let mut batch = pad.tensors(features, facts, loose)?;
    let pad_id = facts.token("pad_token").and_then(|token| token.id).map(i64::from);
    let Some(Tensor::Matrix(ids)) = find(&batch, "input_ids") else {
        return Ok(batch);
    };
    let label = |id: &i64| if Some(*id) == pad_id { -100 } else { *id };
    let labels = ids.iter().map(|row| row.iter().map(label).collect()).collect();
    set(&mut batch, "labels", Tensor::Matrix(labels));
    Ok(batch)
}

fn seq2seq(pad: &Pad, label_pad: i64, features: &[Features], facts: &Facts) -> Result<Tensors, EncodeError> {
    let Some(first) = features.first() else {
        return Ok(Vec::new());
    };
    let name = if first.get("label").is_some() {
        "label"
    } else {
        "labels"
    };
    let mut labels = None;
    if first.get(name).is_some() {
        let of = |row: &Features| row.get(name).cloned().ok_or_else(|| key_error(name));
        let all = features.iter().map(of).collect::<Result<Vec<Column>, _>>()?;
        labels = Some(all).filter(|all| !all.iter().all(Column::is_null));
    }
    let others: Vec<Features> = features.iter().map(|row| row.without(name)).collect();
    let mut batch = pad.tensors(&others, facts, &[])?;
    let Some(mut labels) = labels else {
        set(&mut batch, "labels", Tensor::None);
        return Ok(batch);
    };
    if pad.padding != Padding::No {
        let lengths = labels.iter().map(length).collect::<Result<Vec<_>, _>>()?;
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let fixed = pad.max_length.filter(|_| pad.padding == Padding::MaxLength);
        let width = rounded(fixed.unwrap_or(longest), pad.multiple)?;
        for (labels, length) in labels.iter_mut().zip(lengths) {
            let missing = width.saturating_sub(length);
            match labels {
                Column::Ints(ints) => lengthen(ints, missing, label_pad, facts.padding_side),
                Column::Json(Value::Array(items)) => {
                    lengthen(items, missing, Value::Int(label_pad), facts.padding_side);
                }
                Column::Json(_) => {}
            }
        }
    }
    let labels = stack(&labels.iter().collect::<Vec<_>>(), Some(Kind::Int))?;
    set(&mut batch, "labels", labels);
    Ok(batch)
}

/// Python's `len` of a row's labels.
fn length(labels: &Column) -> Result<usize, EncodeError> {
    match labels {
        Column::Ints(ints) => Ok(ints.len()),
        Column::Json(Value::Array(items)) => Ok(items.len()),
        Column::Json(other) => {
            let name = other.kind();
            Err(raises("TypeError", format!("labels that are a {name} have no length")))
        }
    }
}

fn padded(pad: &Pad, features: &[Features], facts: &Facts) -> Result<Tensors, EncodeError> {
    let mut batch = pad.tensors(features, facts, &[])?;
    for name in ["label", "label_ids"] {
        if let Some(at) = batch.iter().position(|(known, _)| known == name) {
            let (_, labels) = batch.remove(at);
            set(&mut batch, "labels", labels);
        }
    }
    Ok(batch)
}

fn stacked(features: &[Features]) -> Result<Tensors, EncodeError> {
    let Some(first) = features.first() else {
        return Ok(Vec::new());
    };
    let all = |name: &str| {
        let of = |row: &'_ Features| row.get(name).cloned().ok_or_else(|| key_error(name));
        features.iter().map(of).collect::<Result<Vec<Column>, _>>()
    };
    let tensor = |name: &str, kind| stack(&all(name)?.iter().collect::<Vec<_>>(), kind);
    let given = |name: &str| first.get(name).filter(|column| !column.is_null());
    let mut batch = Tensors::new();
    if let Some(label) = given("label") {
        let whole = matches!(label, Column::Json(Value::Int(_) | Value::Bool(_)));
        set(&mut batch, "labels", tensor("label", Some(kind(whole)))?);
    } else if let Some(ids) = given("label_ids") {
        let whole = match ids {
            Column::Ints(ids) if !ids.is_empty() => true,
            Column::Json(Value::Array(items)) if !items.is_empty() => {
                matches!(items[0], Value::Int(_) | Value::Bool(_))
            }
            Column::Ints(_) | Column::Json(Value::Array(_)) => {
                return Err(raises("IndexError", "list index out of range"));
            }
            Column::Json(_) => return Err(raises("TypeError", "label_ids that are no list")),
        };
        set(&mut batch, "labels", tensor("label_ids", Some(kind(whole)))?);
    }
    for (name, column) in first.iter() {
        let text = matches!(column, Column::Json(Value::Str(_)));
        if matches!(name, "label" | "label_ids") || column.is_null() || text {
            continue;
        }
        let tensor = tensor(name, None)?;
        match batch.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = tensor,
            None => batch.push((Cow::Owned(name.to_owned()), tensor)),
        }
    }
    Ok(batch)
}

/// The type of labels whose first is a whole number, or is not.
fn kind(whole: bool) -> Kind {
    if whole { Kind::Int } else { Kind::Float }
}
