//! torchtune: supervised fine-tuning on text.
//!
//! torchtune has tokenizers and formats of its own, in code: no chat template is read. A message
//! transform makes messages of a row, a tokenizer puts them into its format, and every token of a
//! message, header and end too, carries loss as the message does. Sources: `data/`, `datasets/`,
//! `modules/transforms/tokenizers/` and `models/*/_tokenizer.py` of the release in [`versions`],
//! BSD-3-Clause.

mod encoder;
mod llama3;
mod message;
pub mod options;
mod prompt;
mod qwen;
mod sink;
mod spaced;
pub mod transform;
pub mod versions;

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::encode::kept::Kept;
use crate::encode::locate::offset;
use crate::encode::pack::InOrder;
use crate::encode::tokenizer::Folder;
use crate::model::batch::{Batch, Extra, Sequence};
use crate::model::encoded::{EncodeError, IGNORE};
use crate::model::example::Example;
use crate::model::record::Record;

use super::failure::{raises, unsupported};
use super::packed::assemble;
use super::row::Row;
use super::version::Version;
use super::{Encode, Pool, Trainer};
use encoder::{Encoder, Script, added_tokens};
use llama3::Llama3;
use options::{Dataset, Options};
use prompt::Template;
use qwen::Qwen;
use spaced::Spaced;
use transform::{Kind, Transform};

/// A tokenizer with its format.
enum Tokenizer {
    Qwen(Box<Qwen>),
    Llama3(Box<Llama3>),
    Spaced(Box<Spaced>),
}

/// How rows are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    pub split_across_pack: bool,
    pub max_packs: Option<usize>,
}

/// What rows are padded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// In a batch (`padded_collate_sft`): recipes give it the tokenizer's pad token.
    pub batch: u32,
    /// In a packed sequence (`PackedDataset`): the builders of datasets leave it at 0.
    pub pack: u32,
}

/// torchtune with the options of a run.
pub struct Torchtune {
    version: Version,
    tokenizer: Tokenizer,
    transform: Transform,
    columns: Vec<String>,
    max_seq_len: Option<usize>,
    packing: Option<Packing>,
    pub padding: Padding,
}

impl Torchtune {
    /// A run as a config describes it. `folder` is the model's, or its `tokenizer.json`; `kept` is where
    /// its tokens are kept; `columns` are those of the whole set.
    ///
    /// # Errors
    ///
    /// What torchtune raises for the config, or what is not reproduced.
    pub fn new(
        (folder, kept): (&Path, &Kept),
        version: Version,
        options: &Options,
        columns: Vec<String>,
    ) -> Result<Self, EncodeError> {
        let transform = || transform_of(&options.dataset);
        let packing = options.dataset.packed.unwrap_or(false).then(Packing::default);
        let made = Self::of_parts((folder, kept), version, &options.tokenizer, transform, packing, columns)?;
        if packing.is_some() && options.tokenizer.max_seq_len.is_none() {
            return Err(raises(
                "ValueError",
                "PackedDataset requires a max_seq_len to be set on the tokenizer.",
            ));
        }
        Ok(made)
    }

    /// A run of parts that are put together by hand: first the tokenizer is made, then `transform`.
    ///
    /// # Errors
    ///
    /// What torchtune raises for the tokenizer, that of `transform`, or what is not reproduced.
    pub fn of_parts(
        (folder, kept): (&Path, &Kept),
        version: Version,
        tokenizer: &options::Tokenizer,
        transform: impl FnOnce() -> Result<Transform, EncodeError>,
        packing: Option<Packing>,
        columns: Vec<String>,
    ) -> Result<Self, EncodeError> {
        if !versions::covers(version) {
            return Err(unsupported(format!(
                "torchtune {version}; covered is {}",
                versions::NEWEST
            )));
        }
        let max_seq_len = tokenizer.max_seq_len;
        let made = Tokenizer::new(folder, kept, tokenizer)?;
        let padding = Padding {
            batch: made.pad(),
            pack: 0,
        };
        Ok(Self {
            version,
            tokenizer: made,
            transform: transform()?,
            columns,
            max_seq_len,
            packing,
            padding,
        })
    }

    /// The tokenizer's pad token.
    pub fn pad(&self) -> u32 {
        self.tokenizer.pad()
    }
}

impl Tokenizer {
    fn new(folder: &Path, kept: &Kept, options: &options::Tokenizer) -> Result<Self, EncodeError> {
        let name = options.component.rsplit('.').next().unwrap_or_default();
        let default = match name {
            "llama2_tokenizer" => Json::from("torchtune.models.llama2.Llama2ChatTemplate"),
            "mistral_tokenizer" => Json::from("torchtune.models.mistral.MistralChatTemplate"),
            _ => Json::Null,
        };
        let template = Template::new(options.prompt_template.as_ref().unwrap_or(&default))?;
        let specials = options.special_tokens_path.as_ref().map(|path| {
            let text = std::fs::read_to_string(path);
            added_tokens(&text.map_err(|error| raises("FileNotFoundError", format!("{path}: {error}")))?)
        });
        let specials = specials.transpose()?;
        let max_seq_len = options.max_seq_len;
        let encoder = |script| {
            let folder = Folder::read(folder).map_err(|error| unsupported(error.to_string()))?;
            Encoder::new(&folder.text, script, kept)
        };
        Ok(match name {
            "qwen2_tokenizer" | "qwen2_5_tokenizer" => {
                let is_2_5 = name == "qwen2_5_tokenizer";
                let qwen = Qwen::new(|| encoder(Script::Qwen), specials, template, max_seq_len, is_2_5)?;
                Self::Qwen(Box::new(qwen))
            }
            "llama3_tokenizer" => Self::Llama3(Box::new(Llama3::new(
                encoder(Script::Llama3)?,
                specials,
                template,
                max_seq_len,
            )?)),
            "llama2_tokenizer" | "mistral_tokenizer" | "phi3_mini_tokenizer" => {
                let phi = (name == "phi3_mini_tokenizer").then_some(specials);
                Self::Spaced(Box::new(Spaced::new(
                    encoder(Script::Spaces)?,
                    template,
                    max_seq_len,
                    phi,
                )?))
            }
            _ => return Err(unsupported(format!("tokenizer {}", options.component))),
        })
    }

    fn pad(&self) -> u32 {
        match self {
            Self::Qwen(qwen) => qwen.pad,
            Self::Llama3(llama) => llama.pad,
            Self::Spaced(spaced) => spaced.pad,
        }
    }
}

/// The message transform a dataset's builder makes.
fn transform_of(dataset: &Dataset) -> Result<Transform, EncodeError> {
    for (key, value) in [("image_dir", &dataset.image_dir), ("filter_fn", &dataset.filter_fn)] {
        if value.as_ref().is_some_and(|value| !value.is_null()) {
            return Err(unsupported(format!("dataset.{key}")));
        }
    }
    let map = dataset.column_map.clone();
    let system = dataset.new_system_prompt.clone();
    let one = |key: &str, column: &str| Map::from_iter([(key.to_owned(), Json::from(column))]);
    let (kind, map, system) = match dataset.component.rsplit('.').next().unwrap_or_default() {
        "alpaca_dataset" | "alpaca_cleaned_dataset" => (Kind::Alpaca, map, None),
        "instruct_dataset" | "grammar_dataset" => (Kind::InputOutput, map, system),
        "samsum_dataset" => {
            let own = || {
                let mut map = one("input", "dialogue");
                map.extend(one("output", "summary"));
                map
            };
            (
                Kind::InputOutput,
                Some(map.filter(|map| !map.is_empty()).unwrap_or_else(own)),
                system,
            )
        }
        "slimorca_dataset" => (Kind::ShareGpt, map, system),
        "chat_dataset" => {
            let column = dataset.conversation_column.as_deref();
            let column = column.ok_or_else(|| raises("TypeError", "chat_dataset() needs a conversation_column"))?;
            match dataset.conversation_style.as_deref() {
                Some("sharegpt") => (Kind::ShareGpt, Some(one("conversations", column)), system),
                Some("openai") => (Kind::OpenAi, Some(one("messages", column)), system),
                style => {
                    let style = style.unwrap_or("None");
                    return Err(raises("ValueError", format!("Unsupported conversation style: {style}")));
                }
            }
        }
        _ => return Err(unsupported(format!("dataset {}", dataset.component))),
    };
    Transform::new(kind, dataset.train_on_input, system, map.as_ref())
}

impl Encode for Torchtune {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let row = Row {
            value: &record.value,
            columns: &self.columns,
        };
        let messages = self.transform.messages(row, example)?;
        message::validate(&messages)?;
        let out = pool.add();
        match &self.tokenizer {
            Tokenizer::Qwen(qwen) => qwen.encode(messages, out),
            Tokenizer::Llama3(llama) => llama.encode(messages, out),
            Tokenizer::Spaced(spaced) => spaced.encode(messages, out),
        }
    }
}

impl Trainer for Torchtune {
    fn name(&self) -> String {
        format!("torchtune@{}", self.version)
    }

    /// `PackedDataset`, before it is padded.
    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        let (Some(packing), Some(most)) = (self.packing, self.max_seq_len) else {
            return Ok(rows);
        };
        let packer = InOrder {
            capacity: offset(most),
            splits: packing.split_across_pack,
            at_most: packing.max_packs,
        };
        let lengths: Vec<u32> = rows.iter().map(|row| offset(row.input_ids.len())).collect();
        let packed = packer
            .pack(&lengths)
            .map_err(|error| raises("ValueError", error.to_string()))?;
        let mut packs = assemble(&rows, &packed);
        for (pack, pieces) in packs.iter_mut().zip(packed.iter()) {
            let positions = pieces
                .iter()
                .flat_map(|piece| (piece.start..piece.end).map(|at| at % packer.capacity));
            pack.position_ids = Some(positions.collect());
        }
        Ok(packs)
    }

    /// `padded_collate_sft`, or packs padded to `max_seq_len`.
    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        let packed = self.packing.and(self.max_seq_len);
        let longest = sequences
            .iter()
            .map(|sequence| sequence.input_ids.len())
            .max()
            .unwrap_or(0);
        let width = packed.unwrap_or(longest);
        let pad = if packed.is_some() {
            self.padding.pack
        } else {
            self.padding.batch
        };
        let mut batch = Batch {
            labels: Some(Vec::new()),
            ..Batch::default()
        };
        let mut positions = Vec::new();
        let mut lengths = Vec::new();
        for sequence in sequences {
            let mut ids = sequence.input_ids.clone();
            ids.resize(width, pad);
            let mut labels = sequence.labels.clone();
            labels.resize(width, IGNORE);
            batch.input_ids.push(ids);
            batch.labels.as_mut().expect("made above").push(labels);
            if let Some(own) = &sequence.position_ids {
                positions.push(continued(own, width));
                let padding = width - sequence.input_ids.len();
                let all = sequence.seq_lengths.iter().map(|length| i64::from(*length));
                let padding = i64::try_from(padding).ok().filter(|padding| *padding > 0);
                lengths.push(all.chain(padding).collect());
            }
        }
        if packed.is_some() {
            batch.position_ids = Some(positions);
            // Recipes make the attention mask of these.
            batch.others.push(("seq_lens", Extra::Matrix(lengths)));
        }
        Ok(batch)
    }
}

/// Positions that go on through the padding, up to the last there is.
fn continued(positions: &[u32], width: usize) -> Vec<u32> {
    let next = positions.last().map_or(0, |last| last + 1);
    let last = offset(width.saturating_sub(1));
    let padding = (next..).take(width - positions.len()).map(|at| at.min(last));
    positions.iter().copied().chain(padding).collect()
}
