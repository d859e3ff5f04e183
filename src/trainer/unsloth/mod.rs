//! Unsloth: `train_on_responses_only`.
//!
//! The library (`unsloth_zoo`) is under the LGPL. Nothing here is taken from its source: the rules are its
//! documentation's and what it was seen to do when it was run from outside, on chat rows and on rows of
//! markers, tokens and ends at random (version 2026.10.9; `fixtures/parity/unsloth_*`). What was not seen is
//! refused by name.

pub mod detect;
pub mod options;
mod run;
mod set_order;
mod sign;
mod turns;
pub mod versions;

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Tokens;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, IGNORE};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::Marker;

use super::failure::{raises, unsupported};
use super::transformers::{self, Transformers, tokenize};
use super::version::Version;
use super::{Encode, Pool, Trainer};
use options::Options;
use turns::Turns;

/// Which tokens of a row are trained, and which never.
pub struct Responses {
    turns: Turns,
    /// `instruction_part` and `response_part`, as they are looked for.
    markers: Vec<Marker>,
    /// Runs of ids that are never trained.
    masked: Vec<Vec<u32>>,
}

impl Responses {
    /// For this tokenizer; the markers are found from its chat template where none are given.
    ///
    /// # Errors
    ///
    /// `ValueError` for markers without stable ids, and what [`detect::parts`] says.
    pub fn new(kit: &Kit, options: &Options) -> Result<Self, EncodeError> {
        let (instruction, response) = match (&options.instruction_part, &options.response_part) {
            (Some(instruction), Some(response)) => (instruction.clone(), response.clone()),
            (None, None) => detect::parts(kit)?,
            _ => {
                return Err(raises(
                    "ValueError",
                    "give both instruction_part and response_part, or neither to auto-detect",
                ));
            }
        };
        let mut tokens = Tokens::new();
        let how = (options.force_match, options.last_response_only);
        let turns = Turns::new(kit, (&instruction, &response), how, &mut tokens)?;
        let names = [("instruction_part", instruction), ("response_part", response)];
        let marker = |((name, text), kernel): ((&str, String), &[u32])| Marker {
            name: name.to_owned(),
            text: Some(text),
            ids: kernel.to_vec(),
        };
        Ok(Self {
            markers: names.into_iter().zip(turns.kernels()).map(marker).collect(),
            turns,
            masked: masked(kit, &options.mask_out_tokens, &mut tokens)?,
        })
    }

    /// Marks the tokens that are trained.
    pub fn mark(&self, ids: &[u32], trained: &mut Vec<bool>) {
        self.turns.mark(ids, trained);
        for run in self.masked.iter().filter(|run| !run.is_empty()) {
            for at in (0..ids.len()).filter(|at| ids[*at..].starts_with(run)) {
                trained[at..at + run.len()].fill(false);
            }
        }
    }
}

/// How rows are tokenised where the script is not described: a text that begins with a BOS gets no other, nor does any
/// where the chat template spells one out.
fn usual(
    kit: &Kit,
    max_length: Option<usize>,
    columns: &[String],
    first: Option<&str>,
) -> Result<tokenize::Options, EncodeError> {
    let mut usual = transformers::usual(columns, max_length)?;
    let bos = kit.text_of("bos_token").filter(|bos| !bos.is_empty());
    let has_own = |bos: &String| {
        let template = kit.template_source(false).unwrap_or_default();
        first.is_some_and(|text| text.starts_with(bos)) || template.contains(bos)
    };
    if usual.mode == tokenize::Mode::Text && bos.as_ref().is_some_and(has_own) {
        usual.call.insert("add_special_tokens".to_owned(), false.into());
    }
    Ok(usual)
}

thread_local! {
    static TRAINED: RefCell<Vec<bool>> = RefCell::default();
}

/// The ids of each text alone.
fn masked(kit: &Kit, texts: &Json, tokens: &mut Tokens) -> Result<Vec<Vec<u32>>, EncodeError> {
    let texts: Vec<&Json> = match texts {
        Json::Null => Vec::new(),
        Json::Array(texts) => texts.iter().collect(),
        one => vec![one],
    };
    let run = |text: &Json| {
        let text = text.as_str();
        let text = text.ok_or_else(|| raises("ValueError", "mask_out_tokens holds something that is no text"))?;
        sign::spell(kit, text, tokens)
    };
    texts.into_iter().map(run).collect()
}

/// A script that uses unsloth, for one set.
pub struct Unsloth {
    version: Version,
    markers: Vec<Marker>,
    /// Tokenising, and batching: labels of the row's own, padded.
    inner: Transformers,
}

impl Unsloth {
    /// For a set with these columns, and this text in its first row.
    ///
    /// # Errors
    ///
    /// What the script would raise before its first row, or what is not reproduced.
    pub fn new(
        kit: &Arc<Kit>,
        version: Version,
        options: &Options,
        (columns, first): (&[String], Option<&str>),
    ) -> Result<Self, EncodeError> {
        if !versions::covers(version) {
            return Err(unsupported(format!(
                "unsloth_zoo {version}; covered is {}",
                versions::NEWEST
            )));
        }
        let tokenised = transformers::options::Options {
            collator: transformers::options::CollatorClass::Seq2Seq,
            tokenize: Some(match &options.tokenize {
                Some(given) => given.clone(),
                None => usual(kit, options.max_seq_length, columns, first)?,
            }),
            max_length: options.max_seq_length,
            ..transformers::options::Options::default()
        };
        let responses = Responses::new(kit, options)?;
        let markers = responses.markers.clone();
        let inner = Transformers::new(Arc::clone(kit), transformers::versions::NEWEST, &tokenised, columns)?;
        let mask = move |ids: &[u32], labels: &mut [i32]| {
            TRAINED.with_borrow_mut(|trained| {
                responses.mark(ids, trained);
                for (label, _) in labels.iter_mut().zip(trained.iter()).filter(|(_, trained)| !**trained) {
                    *label = IGNORE;
                }
            });
        };
        Ok(Self {
            version,
            markers,
            inner: inner.masked(Box::new(mask)),
        })
    }

    /// How rows are taken to be tokenised.
    pub fn way(&self) -> &'static str {
        self.inner.way()
    }
}

impl Encode for Unsloth {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        self.inner.encode(record, example, pool)?;
        for out in pool.sequences_mut() {
            if out.labels.iter().all(|label| *label == IGNORE) {
                out.dropped = Some("no token is trained: the response marker was not found".to_owned());
            }
        }
        Ok(())
    }
}

impl Trainer for Unsloth {
    fn name(&self) -> String {
        format!("unsloth@{}", self.version)
    }

    fn markers(&self) -> Vec<Marker> {
        self.markers.clone()
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        if rows.is_empty() {
            return Err(raises(
                "ValueError",
                "no row has a trained token: check instruction_part and response_part",
            ));
        }
        Ok(rows)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        self.inner.collate(sequences)
    }
}
