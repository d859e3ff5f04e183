//! transformers' own `Trainer`: rows tokenised as scripts do it, and batched by its collators.
//!
//! There is no one way such a script tokenises: [`tokenize`] has the usual ones, by their arguments. What
//! carries loss is then the collator's doing. Sources: `data/data_collator.py` and
//! `tokenization_utils_base.py` of the versions in [`versions`].

pub mod call;
pub mod chat;
pub mod collate;
pub mod feature;
pub mod flatten;
pub mod options;
pub mod pad;
pub mod tensor;
pub mod tokenize;
pub mod versions;

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, json};

use crate::encode::kit::Kit;
use crate::encode::locate::{locate, parts};
use crate::encode::tokenizer::Facts;
use crate::model::batch::{Batch, Extra, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE, trained};
use crate::model::example::Example;
use crate::model::record::Record;

use super::failure::{raises, unsupported};
use super::version::Version;
use super::{Encode, Pool, Trainer};
use collate::{Collator, Tensors};
use feature::{Column, Features};
use options::Options;
use tensor::Tensor;
use tokenize::{Mode, Row, Tokenize};

/// A script that uses transformers' `Trainer`, for one set.
pub struct Transformers {
    kit: Arc<Kit>,
    version: Version,
    tokenize: Tokenize,
    collator: Collator,
    /// Whether rows come to the collator with labels.
    labelled: bool,
    /// What a library above this one masks in rows it labels.
    mask: Option<Mask>,
}

/// Masks labels by the ids beside them.
pub(super) type Mask = Box<dyn Fn(&[u32], &mut [i32]) + Send + Sync>;

#[derive(Default)]
struct Scratch {
    row: Row,
    found: Vec<Option<(u32, u32)>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Transformers {
    /// For a set with these columns.
    ///
    /// # Errors
    ///
    /// What the script would raise before its first row, or what is not reproduced.
    pub fn new(kit: Arc<Kit>, version: Version, options: &Options, columns: &[String]) -> Result<Self, EncodeError> {
        let range = versions::features(version)
            .ok_or_else(|| unsupported(format!("transformers {version}; covered are {}", versions::covered())))?;
        let by_columns;
        let tokenize = if let Some(tokenize) = &options.tokenize {
            tokenize
        } else {
            by_columns = usual(columns, options.max_length)?;
            &by_columns
        };
        let has_labels = ["labels", "label"]
            .iter()
            .any(|name| columns.iter().any(|column| column == name));
        let labelled = match tokenize.mode {
            Mode::None => has_labels,
            Mode::Chat => {
                tokenize.copy_labels || tokenize.call.get("return_assistant_tokens_mask") == Some(&json!(true))
            }
            Mode::Text | Mode::TemplateThenCall => tokenize.copy_labels,
        };
        Ok(Self {
            tokenize: Tokenize::new(&kit, tokenize)?,
            collator: Collator::new(options.collator, &options.collator_args, range)?,
            kit,
            version,
            labelled,
            mask: None,
        })
    }

    /// The same where rows get labels before the collator: those they have, or their ids, masked.
    pub(super) fn masked(self, mask: Mask) -> Self {
        Self {
            labelled: true,
            mask: Some(mask),
            ..self
        }
    }

    /// How rows are taken to be tokenised, in the script's own words.
    pub fn way(&self) -> &'static str {
        match self.tokenize {
            Tokenize::Text { .. } => "taken to be tokenizer(row[\"text\"])",
            Tokenize::Chat { .. } => "taken to be tokenizer.apply_chat_template(row[\"messages\"])",
            Tokenize::TemplateThenCall { .. } => "the chat template's text through tokenizer(…)",
            Tokenize::None => "taken to be done, as the set has input_ids",
        }
    }

    /// The tokens of a row that was tokenised before.
    fn take_features(features: &Features, out: &mut Encoded) -> Result<Option<Vec<i64>>, EncodeError> {
        let Some(Column::Ints(ids)) = features.get("input_ids") else {
            return Err(raises(
                "ValueError",
                "an encoding must include input_ids, a list of integers",
            ));
        };
        for id in ids {
            let id = u32::try_from(*id).map_err(|_| unsupported(format!("the id {id}")))?;
            out.input_ids.push(id);
        }
        Ok(match features.get("labels") {
            Some(Column::Ints(labels)) => Some(labels.clone()),
            _ => None,
        })
    }

    /// What the collator makes of a row's labels, padding aside.
    fn label(&self, given: Option<&[i64]>, ids: &[u32], labels: &mut Vec<i32>) {
        let narrow = |label: i64| i32::try_from(label).unwrap_or(i32::MAX);
        labels.clear();
        if let Some(mask) = &self.mask {
            match given {
                Some(given) => labels.extend(given.iter().map(|label| narrow(*label))),
                None => labels.extend(ids.iter().map(|id| narrow(i64::from(*id)))),
            }
            return mask(ids, labels);
        }
        match (&self.collator, given) {
            (Collator::Language { .. }, _) => {
                let pad = self.kit.facts().token("pad_token").and_then(|token| token.id);
                let label = |id: &u32| {
                    if Some(*id) == pad {
                        IGNORE
                    } else {
                        narrow(i64::from(*id))
                    }
                };
                labels.extend(ids.iter().map(label));
            }
            (_, Some(given)) => labels.extend(given.iter().map(|label| narrow(*label))),
            (Collator::Flattening(_), None) => labels.extend(ids.iter().map(|id| narrow(i64::from(*id)))),
            (_, None) => labels.resize(ids.len(), IGNORE),
        }
        if let (Collator::Flattening(flattening), Some(first)) = (&self.collator, labels.first_mut()) {
            *first = narrow(flattening.separator_id);
        }
    }

    fn row(
        &self,
        record: &Record<'_>,
        example: &Example<'_>,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let Scratch { row, found } = scratch;
        if matches!(self.tokenize, Tokenize::None) {
            let labels = Self::take_features(&Features::tokenised(&record.value), out)?;
            let mut made = std::mem::take(&mut out.labels);
            self.label(labels.as_deref(), &out.input_ids, &mut made);
            out.labels = made;
            out.full_len = out.input_ids.len();
            out.full_trained = out.trained();
            return Ok(());
        }
        self.tokenize.encode(&self.kit, &record.value, row)?;
        let cut = row.called.was_cut();
        if cut {
            let uncut = row.uncut_labels(&self.tokenize);
            self.label(uncut.as_deref(), &row.called.uncut.ids, &mut out.labels);
            // The ids are not in their place yet, by which labels are counted.
            out.full_trained = trained(&out.labels);
        }
        self.label(row.labels.as_deref(), &row.called.tokens.ids, &mut out.labels);
        std::mem::swap(&mut out.text, &mut row.rendered.text);
        std::mem::swap(&mut out.input_ids, &mut row.called.tokens.ids);
        std::mem::swap(&mut out.offsets, &mut row.called.tokens.extents);
        locate(&out.text, example.turns.iter(), found);
        parts(out.text.len(), found, &mut out.parts);
        // A call may pad a row, and then it is longer than it was.
        out.full_len = row.called.full_len.max(out.input_ids.len());
        if cut {
            out.answer_lost = out.full_trained > 0 && out.trained() == 0;
        } else {
            out.full_trained = out.trained();
        }
        Ok(())
    }
}

/// What scripts usually do with these columns.
pub(super) fn usual(columns: &[String], max_length: Option<usize>) -> Result<tokenize::Options, EncodeError> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    let mode = if has("input_ids") {
        Mode::None
    } else if has("messages") {
        Mode::Chat
    } else if has("text") {
        Mode::Text
    } else {
        let columns = columns.join(", ");
        return Err(unsupported(format!(
            "a set with the columns {columns}: say how the script tokenises it, --set tokenize.mode=chat (of \
             `messages`) or --set tokenize.mode=text (of the column that --set tokenize.field=… names)"
        )));
    };
    let mut call = Map::new();
    if let Some(max_length) = max_length {
        call.insert("truncation".to_owned(), json!(true));
        call.insert("max_length".to_owned(), json!(max_length));
    }
    Ok(tokenize::Options {
        mode,
        call,
        ..tokenize::Options::default()
    })
}

impl Encode for Transformers {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        SCRATCH.with_borrow_mut(|scratch| self.row(record, example, scratch, pool.add()))
    }
}

impl Trainer for Transformers {
    fn name(&self) -> String {
        format!("transformers@{}", self.version)
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        Ok(rows)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        through(&self.collator, self.kit.facts(), sequences, self.labelled)
    }
}

/// Sequences through a collator, with or without a column of labels.
///
/// # Errors
///
/// What the collator raises.
pub(super) fn through(
    collator: &Collator,
    facts: &Facts,
    sequences: &[Sequence],
    labelled: bool,
) -> Result<Batch, EncodeError> {
    let features = |sequence: &Sequence| {
        let mut features = Features::default();
        let ids = sequence.input_ids.iter().map(|id| i64::from(*id));
        features.push("input_ids", Column::Ints(ids.collect()));
        if labelled {
            let labels = sequence.labels.iter().map(|label| i64::from(*label));
            features.push("labels", Column::Ints(labels.collect()));
        }
        features
    };
    let features: Vec<Features> = sequences.iter().map(features).collect();
    batch(collator.collate(&features, facts)?)
}

/// Columns by name as a batch of known columns.
fn batch(tensors: Tensors) -> Result<Batch, EncodeError> {
    let mut out = Batch::default();
    for (name, tensor) in tensors {
        let matrix = match tensor {
            Tensor::None => continue,
            Tensor::Matrix(matrix) => matrix,
            Tensor::Ints(row) => {
                if let Some(name) = other(&name) {
                    out.others.push((name, Extra::Row(row)));
                }
                continue;
            }
            Tensor::Number(number) => {
                if let Some(name) = other(&name) {
                    out.others.push((name, Extra::Number(number)));
                }
                continue;
            }
            Tensor::Other(_) => return Err(unsupported(format!("`{name}` that is no matrix of integers"))),
        };
        match name.as_ref() {
            "input_ids" => out.input_ids = narrow(matrix)?,
            "attention_mask" => out.attention_mask = Some(narrow(matrix)?),
            "position_ids" => out.position_ids = Some(narrow(matrix)?),
            "labels" => out.labels = Some(narrow(matrix)?),
            name => {
                if let Some(name) = other(name) {
                    out.others.push((name, Extra::Matrix(matrix)));
                }
            }
        }
    }
    Ok(out)
}

/// Further columns of a batch, by their names.
fn other(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 6] = [
        "seq_idx",
        "cu_seq_lens_q",
        "cu_seq_lens_k",
        "max_length_q",
        "max_length_k",
        "labels",
    ];
    NAMES.into_iter().find(|known| *known == name)
}

fn narrow<T: TryFrom<i64>>(matrix: Vec<Vec<i64>>) -> Result<Vec<Vec<T>>, EncodeError> {
    let number = |number: i64| T::try_from(number).map_err(|_| unsupported(format!("the number {number} in a batch")));
    let row = |row: Vec<i64>| row.into_iter().map(number).collect::<Result<Vec<T>, _>>();
    matrix.into_iter().map(row).collect()
}
