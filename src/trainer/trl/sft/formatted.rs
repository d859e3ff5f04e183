//! `SFTTrainer` of 0.12 to 0.14: a text, or what the chat template makes of a column of exact types,
//! through the tokenizer, which cuts it, and transformers' own collator.
//!
//! Sources: `trainer/sft_trainer.py`, `extras/dataset_formatting.py` (`get_formatting_func_from_dataset`)
//! and `trainer/utils.py` (`ConstantLengthDataset`) of 0.12.0, 0.13.0 and 0.14.0.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, json};

use crate::encode::kit::Kit;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, EncodeErrorKind, Encoded};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Marker, PackingFlaw};
use crate::model::value::{Object, Value};
use crate::trainer::transformers::Transformers;
use crate::trainer::transformers::options::{CollatorClass, Options as LibraryOptions};
use crate::trainer::transformers::tokenize::{Mode, Options as Tokenize};
use crate::trainer::trl::First;
use crate::trainer::trl::options::{Options, raises, unsupported};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, Trainer};

use super::markers::Search;

/// The collators of this time, which changed in nothing that matters here.
const LIBRARY: Version = Version::new(4, 53, 3);

/// The longest row where no length is given.
const LENGTH: usize = 1024;

/// What a row's text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A column, or the ids that are there.
    Column,
    /// Messages of this column, through the chat template.
    Messages(&'static str),
    /// A question and its answer, through the chat template.
    Instruction,
}

/// `SFTTrainer` of one early version, for one set.
pub(super) struct Formatted {
    inner: Transformers,
    version: Version,
    source: Source,
    /// Tokens a row is cut to, or a sequence has.
    longest: usize,
    /// Packed, with this EOS behind each row.
    packed: bool,
    eos: Option<u32>,
    search: Option<(Search, crate::trainer::trl::options::Markers)>,
}

impl Formatted {
    /// # Errors
    ///
    /// What the trainer raises when it is made, or what is not reproduced.
    pub(super) fn new(
        kit: Arc<Kit>,
        version: Version,
        takes_ids_to_pack: bool,
        options: Options,
        first: &First,
    ) -> Result<Self, EncodeError> {
        let asked = options.dataset_kwargs.unwrap_or_default();
        let packed_ids = first.has("input_ids") && options.packing;
        if packed_ids && !takes_ids_to_pack {
            return Err(unsupported(
                "packing of a set with input_ids, which trl 0.12 leaves as it is",
            ));
        }
        if options.packing && options.completion_only_lm.is_some() {
            let message = "DataCollatorForCompletionOnlyLM is not compatible with packing";
            return Err(raises("ValueError", message));
        }
        let source = if first.has("input_ids") || options.formatting_field.is_some() {
            Source::Column
        } else {
            Source::of(first)
        };
        let longest = options.max_seq_length.flatten().unwrap_or_else(|| {
            let own = kit
                .facts()
                .model_max_length
                .and_then(|length| usize::try_from(length).ok());
            own.map_or(LENGTH, |own| own.min(LENGTH))
        });
        let mut call = Map::new();
        call.insert(
            "add_special_tokens".to_owned(),
            json!(source == Source::Column && asked.add_special_tokens != Some(false)),
        );
        if !options.packing {
            call.insert("truncation".to_owned(), json!(true));
            call.insert("max_length".to_owned(), json!(longest));
        }
        let tokenize = Tokenize {
            mode: match source {
                _ if first.has("input_ids") => Mode::None,
                Source::Column => Mode::Text,
                Source::Messages(_) | Source::Instruction => Mode::TemplateThenCall,
            },
            field: options.formatting_field.unwrap_or(options.dataset_text_field),
            call,
            ..Tokenize::default()
        };
        let search = match options.completion_only_lm {
            Some(markers) => {
                let pad = kit.text_of("pad_token").and_then(|pad| kit.id_of(&pad));
                Some((Search::new(&kit, &markers, pad)?, markers))
            }
            None => None,
        };
        let eos = kit.text_of("eos_token").and_then(|eos| kit.id_of(&eos));
        if options.packing && asked.append_concat_token != Some(false) && eos.is_none() {
            return Err(raises(
                "TypeError",
                "packing puts an EOS between rows, and the tokenizer has none",
            ));
        }
        let library = LibraryOptions {
            collator: if search.is_some() {
                CollatorClass::Seq2Seq
            } else {
                CollatorClass::Language
            },
            tokenize: Some(tokenize),
            ..LibraryOptions::default()
        };
        let mut inner = Transformers::new(kit, LIBRARY, &library, &first.columns)?;
        if let Some((search, _)) = search.clone() {
            inner = inner.masked(Box::new(move |ids, labels| {
                for (label, id) in labels.iter_mut().zip(ids) {
                    *label = crate::trainer::intended::label(*id);
                }
                search.mask(labels);
            }));
        } else if options.packing {
            // Rows of one length have their ids for labels, and nothing is padded.
            inner = inner.masked(Box::new(|_, _| {}));
        }
        Ok(Self {
            inner,
            version,
            source,
            longest,
            packed: options.packing,
            eos: eos.filter(|_| asked.append_concat_token != Some(false)),
            search,
        })
    }
}

impl Formatted {
    /// Tokens a row is cut to, or a sequence has.
    pub(super) fn length(&self) -> usize {
        self.longest
    }
}

impl Source {
    /// `get_formatting_func_from_dataset`: `messages`, else `conversations`, of role and content; or a
    /// set of prompt and completion and nothing else.
    fn of(first: &First) -> Self {
        for column in ["messages", "conversations"] {
            if first.chats.iter().any(|chat| chat == column) {
                return Self::Messages(column);
            }
        }
        if first.is_instruction && !first.has("conversations") {
            Self::Instruction
        } else {
            Self::Column
        }
    }

    /// The row with its messages in the place they are looked for, and no tools.
    fn row<'r>(self, value: &Value<'r>) -> Option<Value<'r>> {
        let messages = match self {
            Self::Column => return None,
            Self::Messages(column) => value.get(column).cloned().unwrap_or(Value::Null),
            Self::Instruction => {
                let turn = |role: &'static str, column: &str| {
                    let mut turn = Object::with_capacity(2);
                    turn.insert(Cow::Borrowed("role"), Value::Str(Cow::Borrowed(role)));
                    let content = value.get(column).cloned().unwrap_or(Value::Null);
                    turn.insert(Cow::Borrowed("content"), content);
                    Value::Object(turn)
                };
                Value::Array(vec![turn("user", "prompt"), turn("assistant", "completion")])
            }
        };
        let mut row = Object::with_capacity(1);
        row.insert(Cow::Borrowed("messages"), messages);
        Some(Value::Object(row))
    }
}

impl Encode for Formatted {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let encoded = match self.source.row(&record.value) {
            None => self.inner.encode(record, example, pool),
            Some(value) => {
                let record = Record {
                    place: record.place,
                    value,
                    bytes: None,
                    quirks: record.quirks,
                };
                self.inner.encode(&record, example, pool)
            }
        };
        encoded.map_err(|error| match error.kind {
            EncodeErrorKind::Unsupported => error,
            // A generator's error comes out as another.
            _ if self.packed => raises(
                "ValueError",
                format!(
                    "error occurred while packing the dataset: {} {}",
                    error.class, error.message
                ),
            ),
            _ => error,
        })?;
        if let (true, Some(eos), Some(last)) = (self.packed, self.eos, pool.sequences_mut().last_mut()) {
            end(last, eos);
        }
        Ok(())
    }
}

/// Puts the id of an EOS behind a row.
fn end(row: &mut Encoded, eos: u32) {
    let at = crate::encode::locate::offset(row.text.len());
    row.input_ids.push(eos);
    row.labels.push(crate::trainer::intended::label(eos));
    row.offsets.push((at, at));
    row.full_len += 1;
    row.full_trained += 1;
}

impl Trainer for Formatted {
    fn name(&self) -> String {
        format!("trl@{}", self.version)
    }

    fn packing_flaws(&self) -> Vec<PackingFlaw> {
        let advice =
            "ConstantLengthDataset cuts rows where a sequence is full; from 0.20 packing_strategy=bfd keeps them whole";
        if self.packed {
            vec![PackingFlaw::CrossesRows(advice.to_owned())]
        } else {
            Vec::new()
        }
    }

    fn markers(&self) -> Vec<Marker> {
        self.search
            .as_ref()
            .map_or_else(Vec::new, |(search, markers)| search.told(markers))
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        if self.packed {
            return Err(unsupported(
                "the order of packed sequences in trl 0.12 to 0.14: ConstantLengthDataset shuffles with Python's global generator, whose state the settings do not say",
            ));
        }
        self.inner.arrange(rows)
    }

    fn mask(&self, sequence: &mut Sequence) {
        self.inner.mask(sequence);
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        self.inner.collate(sequences)
    }
}
