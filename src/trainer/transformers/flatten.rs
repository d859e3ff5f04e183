//! `DataCollatorWithFlattening`: all rows in one, without padding.

use std::borrow::Cow;

use crate::model::encoded::EncodeError;
use crate::trainer::failure::{key_error, unsupported};

use super::collate::Tensors;
use super::feature::{Column, Features};
use super::tensor::Tensor;

/// The collator's own options, under their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flattening {
    pub return_position_ids: bool,
    /// The label of each row's first token.
    pub separator_id: i64,
    pub return_flash_attn_kwargs: bool,
    pub return_seq_idx: bool,
    /// The position of each row's first token; since 5.17 (`position_ids_start`).
    pub position_ids_start: i64,
}

impl Default for Flattening {
    fn default() -> Self {
        Self {
            return_position_ids: true,
            separator_id: -100,
            return_flash_attn_kwargs: false,
            return_seq_idx: false,
            position_ids_start: 0,
        }
    }
}

impl Flattening {
    /// # Errors
    ///
    /// `KeyError` where a row lacks ids, or labels that the first row has.
    pub(super) fn collate(&self, features: &[Features]) -> Result<Tensors, EncodeError> {
        let labelled = features.first().is_some_and(|row| row.get("labels").is_some());
        let (mut ids, mut labels, mut positions, mut index) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut edges = vec![0];
        for (at, row) in (0i64..).zip(features) {
            let own = ints(row, "input_ids")?;
            ids.extend_from_slice(own);
            labels.push(self.separator_id);
            let given = if labelled { ints(row, "labels")? } else { own };
            labels.extend(given.iter().skip(1));
            positions.extend((self.position_ids_start..).take(own.len()));
            index.resize(ids.len(), at);
            edges.push(number(ids.len()));
        }
        let row = |values: Vec<i64>| Tensor::Matrix(vec![values]);
        let mut batch: Tensors = vec![
            (Cow::Borrowed("input_ids"), row(ids)),
            (Cow::Borrowed("labels"), row(labels)),
        ];
        if self.return_position_ids {
            batch.push((Cow::Borrowed("position_ids"), row(positions)));
        }
        if self.return_seq_idx {
            batch.push((Cow::Borrowed("seq_idx"), row(index)));
        }
        if self.return_flash_attn_kwargs {
            let longest = edges.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            for name in ["cu_seq_lens_q", "cu_seq_lens_k"] {
                batch.push((Cow::Borrowed(name), Tensor::Ints(edges.clone())));
            }
            for name in ["max_length_q", "max_length_k"] {
                batch.push((Cow::Borrowed(name), Tensor::Number(longest)));
            }
        }
        Ok(batch)
    }
}

fn ints<'f>(row: &'f Features, name: &str) -> Result<&'f [i64], EncodeError> {
    match row.get(name) {
        Some(Column::Ints(ints)) => Ok(ints),
        Some(Column::Json(_)) => Err(unsupported(format!("`{name}` that is no list of integers, flattened"))),
        None => Err(key_error(name)),
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).expect("a batch is far below 2^63 tokens")
}
