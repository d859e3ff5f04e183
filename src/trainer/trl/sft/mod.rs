//! `SFTTrainer` (`trainer/sft_trainer.py`).

mod collate;
mod encode;
mod markers;
mod template;

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::pack::{PackError, Packer};
use crate::encode::template::Template;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Marker, PackingFlaw};
use crate::model::value::Object;

use super::First;
use super::options::{Options, Truncation, raises, unsupported};
use super::row::{self, Row};
use super::versions::{self, Features};
use crate::trainer::packed::{assemble, restarting};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, SitePackages, Trainer};
use collate::Collator;
use markers::Search;

/// How the rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// `input_ids` are there.
    Tokenised,
    /// `prompt` is there.
    PromptCompletion,
    /// A language-modelling text or conversation.
    Language,
}

/// `SFTTrainer` of one version, for one set.
pub struct Sft {
    kit: Arc<Kit>,
    version: Version,
    features: &'static Features,
    options: Options,
    mode: Mode,
    /// Columns of the set after conversion.
    columns: Vec<String>,
    datetimes: Vec<String>,
    /// `conversations` with from and value are renamed.
    from_value: bool,
    /// The EOS is appended to texts.
    adds_eos: bool,
    eos: Option<String>,
    completion_only: bool,
    /// The training template that stands in for the model's.
    swapped: Option<Template>,
    search: Option<Search>,
    collator: Collator,
}

impl Sft {
    /// # Errors
    ///
    /// What the trainer raises when it is made, or what is not reproduced.
    pub fn new(
        kit: Arc<Kit>,
        version: Version,
        options: Options,
        first: &First,
        packages: &SitePackages,
    ) -> Result<Self, EncodeError> {
        let features = versions::features(version).ok_or_else(|| versions::uncovered("SFTTrainer", version))?;
        let empty = Object::new();
        let object = first.row.as_object().unwrap_or(&empty);
        let sample = Row {
            object,
            columns: &first.columns,
        };
        let eos = eos(&kit, &options)?;
        check(&options, features, version, sample)?;
        let swapped = template::training(&kit, &options, features, packages)?;
        let completion_only = options.completion_only_loss.unwrap_or_else(|| {
            sample.has("prompt") && (sample.has("completion") || !features.completion_only_needs_completion)
        });
        let pad = options
            .pad_token
            .clone()
            .or_else(|| kit.text_of("pad_token"))
            .or_else(|| eos.clone());
        let pad_id = pad.as_deref().and_then(|pad| kit.id_of(pad));
        let pad_id =
            pad_id.ok_or_else(|| raises("ValueError", format!("the pad token {pad:?} is not in the vocabulary")))?;
        if completion_only && options.formatting_field.is_some() {
            let message = "a formatting function and completion_only_loss=True do not go together";
            return Err(raises("ValueError", message));
        }
        let strategy = options.packing_strategy.as_deref().unwrap_or(features.packing);
        // `bfd-requeue` of 0.29 keeps no documents apart.
        let packs_documents = options.packing && matches!(strategy, "bfd" | "bfd_split" | "ffd");
        let padding_free = options.padding_free || packs_documents;
        if features.refuses_padding_free_cut && padding_free && !options.packing && options.max_length.is_some() {
            return Err(raises(
                "ValueError",
                "padding_free=True without packing does not enforce max_length",
            ));
        }
        if options.packing && options.max_length.is_none() {
            return Err(raises(
                "ValueError",
                "when packing is enabled, max_length cannot be None",
            ));
        }
        if options.shuffle_dataset {
            return Err(unsupported("shuffle_dataset"));
        }
        let search = match &options.completion_only_lm {
            Some(markers) => {
                // transformers' collator pads with the tokenizer's own pad token.
                let pad = kit
                    .text_of("pad_token")
                    .and_then(|pad| kit.id_of(&pad))
                    .or(Some(pad_id));
                Some(Search::new(&kit, markers, pad)?)
            }
            None => None,
        };
        let mut sft = Self {
            collator: Collator {
                pad_id,
                padding_free,
                pad_to_multiple_of: options.pad_to_multiple_of,
                features,
            },
            mode: Mode::Language,
            columns: first.columns.clone(),
            datetimes: first.datetimes.clone(),
            from_value: false,
            adds_eos: false,
            kit,
            version,
            features,
            options,
            eos,
            completion_only,
            swapped,
            search,
        };
        sft.settle(sample)?;
        Ok(sft)
    }

    /// What the first row decides (`_prepare_dataset`).
    fn settle(&mut self, sample: Row<'_>) -> Result<(), EncodeError> {
        if sample.has("input_ids") {
            self.mode = Mode::Tokenised;
            return Ok(());
        }
        if self.options.formatting_field.is_some() && !sample.has("text") {
            self.columns.push("text".to_owned());
        }
        self.from_value = sample.is_from_value()?;
        let converted = if self.from_value {
            row::converted(sample.object)
        } else {
            sample.object.clone()
        };
        if self.from_value {
            self.columns
                .retain(|column| column != "conversations" && column != "messages");
            self.columns.push("messages".to_owned());
        }
        let first = Row {
            object: &converted,
            columns: &self.columns,
        };
        self.adds_eos = !first.is_conversational(self.features.conversational_by_role)?;
        if self.adds_eos {
            // `add_eos` is mapped with `remove_columns="messages"`.
            self.columns.retain(|column| column != "messages" || self.from_value);
        }
        self.mode = if self.columns.iter().any(|column| column == "prompt") {
            Mode::PromptCompletion
        } else {
            Mode::Language
        };
        Ok(())
    }

    fn strategy(&self) -> &str {
        self.options
            .packing_strategy
            .as_deref()
            .unwrap_or(self.features.packing)
    }
}

/// The EOS in force.
fn eos(kit: &Kit, options: &Options) -> Result<Option<String>, EncodeError> {
    match &options.eos_token {
        Some(given) if kit.id_of(given).is_none() => Err(raises(
            "ValueError",
            format!("the eos_token `{given}` is not in the vocabulary"),
        )),
        Some(given) => Ok(Some(given.clone())),
        None => Ok(kit.text_of("eos_token")),
    }
}

/// What the trainer refuses before it looks at the rows.
fn check(options: &Options, features: &Features, version: Version, sample: Row<'_>) -> Result<(), EncodeError> {
    if options.truncation_mode == Truncation::KeepEnd && !features.truncation_mode {
        let message = "SFTConfig.__init__() got an unexpected keyword argument 'truncation_mode'";
        return Err(raises("TypeError", message));
    }
    if features.refuses_images && (sample.has("image") || sample.has("images")) {
        return Err(raises("ValueError", "the set has images, but the model takes none"));
    }
    if options.assistant_only_loss && !sample.is_conversational(features.conversational_by_role)? {
        return Err(raises(
            "ValueError",
            "assistant_only_loss=True, but the dataset is not conversational",
        ));
    }
    let strategy = options.packing_strategy.as_deref().unwrap_or(features.packing);
    let known = Packer::trl(strategy, (version.major, version.minor), u32::MAX).is_some();
    if options.packing && !known {
        return Err(raises("ValueError", format!("invalid packing strategy `{strategy}`")));
    }
    Ok(())
}

impl Encode for Sft {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        encode::encode(self, record, example, pool.add())
    }
}

impl Trainer for Sft {
    fn name(&self) -> String {
        format!("trl@{}", self.version)
    }

    fn packing_flaws(&self) -> Vec<PackingFlaw> {
        let mut flaws = Vec::new();
        if !self.options.packing {
            return flaws;
        }
        let masks = self.options.assistant_only_loss || self.completion_only;
        if masks && !self.features.packing_keeps_masks {
            let advice = "train without packing, or with a release of TRL that keeps masks when it packs";
            flaws.push(PackingFlaw::LosesMask(advice.to_owned()));
        }
        if self.strategy() == "wrapped" {
            let advice = "packing_strategy=wrapped cuts rows where a sequence is full; bfd keeps them whole";
            flaws.push(PackingFlaw::CrossesRows(advice.to_owned()));
        }
        flaws
    }

    fn markers(&self) -> Vec<Marker> {
        let search = self.search.as_ref().zip(self.options.completion_only_lm.as_ref());
        search.map_or_else(Vec::new, |(search, markers)| search.told(markers))
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        if !self.options.packing {
            return Ok(rows);
        }
        let capacity = u32::try_from(self.options.max_length.unwrap_or(usize::MAX)).unwrap_or(u32::MAX);
        let strategy = self.strategy();
        if self.features.wrapped_reads_on && strategy == "wrapped" && rows.len() > 1000 {
            return Err(unsupported(
                "packing_strategy=wrapped of more than 1000 rows in trl 1.0 to 1.13, which reads rows twice where Arrow holds them in one buffer",
            ));
        }
        let packer = Packer::trl(strategy, (self.version.major, self.version.minor), capacity)
            .ok_or_else(|| raises("ValueError", format!("invalid packing strategy `{strategy}`")))?;
        let lengths: Vec<u32> = rows.iter().map(|row| offset(row.input_ids.len())).collect();
        let packing = packer.pack(&lengths).map_err(|error| match error {
            PackError::EmptyRow { .. } => raises("AssertionError", error.to_string()),
            _ => raises("ValueError", error.to_string()),
        })?;
        let mut sequences = assemble(&rows, &packing);
        for sequence in &mut sequences {
            if strategy == "wrapped" {
                sequence.seq_lengths.clear();
            } else if !self.features.packing_keeps_masks {
                sequence.position_ids = Some(restarting(&sequence.seq_lengths));
            }
        }
        Ok(sequences)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        Ok(self.collator.collate(sequences))
    }
}

impl Sft {
    /// Whether the row is left out after truncation.
    fn drops(&self, encoded: &Encoded) -> bool {
        self.features.drops_untrained
            && !self.options.packing
            && self.options.max_length.is_some()
            && encoded
                .labels
                .iter()
                .all(|label| *label == crate::model::encoded::IGNORE)
    }
}
