//! `SFTTrainer` (`trainer/sft_trainer.py`).

mod collate;
mod collates;
mod encode;
mod formatted;
mod markers;
mod template;
mod texts;

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::pack::{PackError, Packer};
use crate::encode::template::Template;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Marker, PackingFlaw};
use crate::model::value::{Object, Value};

use super::First;
use super::options::{Options, Truncation, raises, renamed, unsupported};
use super::row::{self, Row};
use super::versions::{self, Eos, Features, RowsInto};
use crate::trainer::packed::{assemble, restarting};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, SitePackages, Trainer};
use collates::Collates;
use formatted::Formatted;
use markers::Search;
use texts::Plan;

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

/// A trainer that was made.
pub struct Ready {
    pub trainer: Arc<dyn Trainer>,
    /// Tokens a row is cut to.
    pub max_length: Option<usize>,
    /// The tokenizer, with the EOS that was asked for.
    pub kit: Arc<Kit>,
}

/// `SFTTrainer` of a version, for one set.
///
/// # Errors
///
/// What the trainer raises when it is made, or what is not reproduced.
pub fn trainer(
    kit: Arc<Kit>,
    version: Version,
    options: Options,
    first: &First,
    packages: &SitePackages,
) -> Result<Ready, EncodeError> {
    let features = versions::features(version).ok_or_else(|| versions::uncovered("SFTTrainer", version))?;
    versions::check_options(&options, version)?;
    if options.dataset_kwargs.is_some_and(|asked| asked.skip_prepare_dataset) {
        return Err(unsupported("dataset_kwargs.skip_prepare_dataset"));
    }
    if let RowsInto::Formatted { takes_ids_to_pack } = features.rows {
        let trainer = Formatted::new(Arc::clone(&kit), version, takes_ids_to_pack, options, first)?;
        return Ok(Ready {
            max_length: Some(trainer.length()),
            trainer: Arc::new(trainer),
            kit,
        });
    }
    let options = Options {
        max_length: versions::length(&options, version),
        ..options
    };
    let kit = with_eos(kit, &options, features)?;
    Ok(Ready {
        max_length: options.max_length,
        kit: Arc::clone(&kit),
        trainer: Arc::new(Sft::new(kit, version, features, options, first, packages)?),
    })
}

/// `SFTTrainer` from 0.15 on.
struct Sft {
    kit: Arc<Kit>,
    version: Version,
    features: &'static Features,
    options: Options,
    mode: Mode,
    /// Columns of the set after conversion.
    columns: Vec<String>,
    /// `conversations` with from and value are renamed.
    from_value: bool,
    /// The EOS is appended to texts.
    adds_eos: bool,
    eos: Option<String>,
    completion_only: bool,
    /// The training template that stands in for the model's.
    swapped: Option<Template>,
    search: Option<Search>,
    collates: Collates,
    /// Of versions that make texts first.
    plan: Plan,
}

impl Sft {
    fn new(
        kit: Arc<Kit>,
        version: Version,
        features: &'static Features,
        options: Options,
        first: &First,
        packages: &SitePackages,
    ) -> Result<Self, EncodeError> {
        let empty = Object::new();
        let object = first.row.as_object().unwrap_or(&empty);
        let sample = Row {
            object,
            columns: &first.columns,
        };
        let eos = kit.text_of("eos_token");
        check(&options, features, version, sample)?;
        let swapped = template::training(&kit, &options, features, packages)?;
        let joins = matches!(features.rows, RowsInto::Texts(texts) if texts.joins);
        let completion_only = options.completion_only_loss.unwrap_or_else(|| {
            !joins && sample.has("prompt") && (sample.has("completion") || !features.completion_only_needs_completion)
        });
        let collates = Collates::of(&kit, &options, features, sample, eos.as_deref())?;
        if completion_only && options.formatting_field.is_some() && features.refuses_formatted_completions {
            let message = "a formatting function and completion_only_loss=True do not go together";
            return Err(raises("ValueError", message));
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
                // transformers' collator masks the tokenizer's own pad token.
                let pad = kit.text_of("pad_token").and_then(|pad| kit.id_of(&pad));
                Some(Search::new(&kit, markers, pad)?)
            }
            None => None,
        };
        let mut sft = Self {
            collates,
            mode: Mode::Language,
            columns: first.columns.clone(),
            from_value: false,
            adds_eos: false,
            plan: Plan::default(),
            kit,
            version,
            features,
            options,
            eos,
            completion_only,
            swapped,
            search,
        };
        let cleaned = (!features.keeps_none).then(|| row::without_none(&first.row));
        let cleaned = cleaned.as_ref().and_then(Value::as_object);
        sft.settle(Row {
            object: cleaned.unwrap_or(object),
            columns: &first.columns,
        })?;
        Ok(sft)
    }

    /// What the first row decides (`_prepare_dataset`).
    fn settle(&mut self, sample: Row<'_>) -> Result<(), EncodeError> {
        if sample.has("input_ids") && self.takes_ids() {
            self.mode = Mode::Tokenised;
            return self.check_tokenised(sample);
        }
        if self.options.formatting_field.is_some() && !sample.has("text") {
            self.columns.push("text".to_owned());
        }
        self.from_value = match self.features.rows {
            RowsInto::Texts(texts) => texts.converts,
            RowsInto::Formatted { .. } | RowsInto::Ids => sample.is_from_value()?,
        };
        let converted = if self.from_value {
            row::converted(sample.object)
        } else {
            sample.object.clone()
        };
        if self.from_value && sample.has("conversations") {
            self.columns
                .retain(|column| column != "conversations" && column != "messages");
            self.columns.push("messages".to_owned());
        }
        let first = Row {
            object: &converted,
            columns: &self.columns,
        };
        if let RowsInto::Texts(texts) = self.features.rows {
            self.plan = Plan::of(texts, sample, first)?;
            self.adds_eos = texts.eos == Eos::Text && !self.plan.chats;
            if !texts.joins && first.has("prompt") {
                self.mode = Mode::PromptCompletion;
            }
            return Ok(());
        }
        self.adds_eos = match first.is_conversational(self.features.conversational_by_role) {
            Err(_) if self.lacks_completion(first) => return Err(raises("KeyError", "'completion'")),
            found => !found?,
        };
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

    /// Whether every row ends the run, be it taken for a conversation or not: a prompt that is a text,
    /// beside messages, is tokenised either way, and then its completion is asked for.
    fn lacks_completion(&self, first: Row<'_>) -> bool {
        self.features.takes_texts_for_messages
            && first.has("prompt")
            && !first.has("completion")
            && !first.has(&self.options.dataset_text_field)
            && first.get("prompt").is_ok_and(|prompt| prompt.as_str().is_some())
    }

    /// Whether a set that has `input_ids` is taken as it is.
    fn takes_ids(&self) -> bool {
        match self.features.rows {
            RowsInto::Texts(texts) => texts.takes_ids,
            RowsInto::Formatted { .. } | RowsInto::Ids => true,
        }
    }

    /// What early versions do with the other columns of a set that has `input_ids`.
    fn check_tokenised(&self, sample: Row<'_>) -> Result<(), EncodeError> {
        let RowsInto::Texts(texts) = self.features.rows else {
            return Ok(());
        };
        if texts.joins && (sample.has("messages") || sample.has("prompt")) {
            return Err(unsupported(format!(
                "messages or prompts beside input_ids in trl {}, which renders them first",
                self.version
            )));
        }
        let cuts = texts.cuts_attention_masks && !self.options.packing && self.options.max_length.is_some();
        if cuts && !sample.has("attention_mask") {
            return Err(raises("KeyError", "'attention_mask'"));
        }
        if cuts && sample.has("labels") {
            return Err(unsupported(format!(
                "labels of a tokenised set in trl {}, which does not cut them with the ids",
                self.version
            )));
        }
        Ok(())
    }

    fn strategy(&self) -> &str {
        self.options
            .packing_strategy
            .as_deref()
            .unwrap_or(self.features.packing)
    }
}

/// The id of a token that an option names.
fn id_of(kit: &Kit, token: &str, features: &Features) -> Option<u32> {
    if features.checks_vocabulary {
        kit.id_of(token)
    } else {
        kit.id_or_unknown(token)
    }
}

/// The tokenizer with the EOS that is asked for, which templates print too.
fn with_eos(kit: Arc<Kit>, options: &Options, features: &Features) -> Result<Arc<Kit>, EncodeError> {
    let Some(given) = &options.eos_token else {
        return Ok(kit);
    };
    let set = match id_of(&kit, given, features) {
        Some(_) if kit.id_of(given).is_some() => Some(given.clone()),
        // It is set by its id, whose text is the unknown token's.
        Some(_) => kit.text_of("unk_token"),
        None => None,
    };
    let set = set.ok_or_else(|| {
        let message = format!("the eos_token `{given}` is not in the vocabulary");
        raises("ValueError", message)
    })?;
    renamed(kit, &set)
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
            if self.completion_only && self.flattens() {
                let advice =
                    "train without padding_free, or with trl 0.19 or later, whose padding-free batches keep masks";
                flaws.push(PackingFlaw::LosesMask(advice.to_owned()));
            }
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
        let strategy = self.strategy();
        if self.features.wrapped_reads_on && strategy == "wrapped" && rows.len() > 1000 {
            return Err(unsupported(
                "packing_strategy=wrapped of more than 1000 rows in trl 1.0 to 1.13, which reads rows twice where Arrow holds them in one buffer",
            ));
        }
        let packer = self
            .packer()
            .ok_or_else(|| raises("ValueError", format!("invalid packing strategy `{strategy}`")))?;
        let lengths: Vec<u32> = rows.iter().map(|row| offset(row.input_ids.len())).collect();
        let packing = packer.pack(&lengths).map_err(|error| match error {
            PackError::NoCapacity if strategy == "wrapped" => raises("ZeroDivisionError", error.to_string()),
            PackError::EmptyRow { .. } | PackError::NoCapacity => raises("AssertionError", error.to_string()),
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

    fn mask(&self, sequence: &mut Sequence) {
        self.mask_starts(sequence);
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        self.batch(sequences)
    }
}

impl Sft {
    fn packer(&self) -> Option<Packer> {
        let capacity = u32::try_from(self.options.max_length.unwrap_or(usize::MAX)).unwrap_or(u32::MAX);
        Packer::trl(self.strategy(), (self.version.major, self.version.minor), capacity)
    }

    /// Whether the row is left out after truncation.
    fn drops(&self, encoded: &Encoded) -> bool {
        self.features.drops_untrained
            && !self.options.packing
            && self.options.max_length.is_some()
            && encoded.labels.iter().all(|label| *label == IGNORE)
    }
}
