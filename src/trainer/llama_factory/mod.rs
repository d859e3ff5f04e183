//! LLaMA-Factory 0.9.5.
//!
//! It renders no chat templates: a row is brought into a standard form ([`align`]), each message is
//! put through the slots of one of its own templates and tokenised by itself (`template`), and
//! question and answer are cut to a budget pair by pair (`supervised`). The tokenizer is changed
//! before: the template may put its own EOS in place and make its stop words tokens (`special`).

pub mod align;
mod calls;
mod collate;
mod compared;
mod dataset;
mod facts;
mod fit;
mod jinja;
mod options;
mod pack;
mod pretrain;
mod python;
mod raise;
mod row;
mod slots;
mod special;
mod supervised;
mod table;
mod template;
mod thought;
mod tools;
mod versions;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::pack::Batches;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{AS_SET, EncodeError};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{PackingFlaw, Special, TokenizerFacts};

use super::{Encode, Fate, Pool, Trainer};
use align::{Aligned, Aligner, Message};
use compared::Asked;
use raise::{raise, unsupported};
use row::Scratch;
use slots::Ends;
use special::Changes;
use table::{Entry, Media};
use template::{Choices, Template};

pub use compared::{DESIRABLE, KL, UNDESIRABLE};
pub use dataset::{Columns, DatasetAttr, Formatting, Tags};
pub use facts::{Facts, Packing};
pub use options::{MixStrategy, Options, Stage};
pub use versions::{COVERED, NEWEST, is_covered};

/// One of the sets a run trains on.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// What `dataset_info.json` says of it.
    pub attr: DatasetAttr,
    /// The columns it has, if that is known. A column missing in one row is null there; one
    /// missing in all of them ends the run.
    pub columns: Option<BTreeSet<String>>,
}

/// What the options do not say.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Whether the model's folder has a processor for pictures, videos or sounds. Templates made
    /// for those refuse every row without one.
    pub has_processor: bool,
    /// The day of the run, which some tool formats put into every row; today if not given.
    pub today: Option<jiff::civil::Date>,
}

/// LLaMA-Factory with its options settled.
pub struct LlamaFactory {
    kit: Arc<Kit>,
    options: Options,
    sets: Vec<Aligner>,
    template: Template,
    media: Option<Media>,
    has_processor: bool,
    facts: Facts,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl LlamaFactory {
    /// Settles the options for a tokenizer, which is changed as LLaMA-Factory changes it, and for
    /// the sets of a run, by the number of the source their rows come from.
    ///
    /// # Errors
    ///
    /// What LLaMA-Factory raises before it reads a row, and what is not reproduced here.
    pub fn new(
        kit: Arc<Kit>,
        options: Options,
        sets: Vec<Set>,
        surroundings: &Surroundings,
    ) -> Result<Self, EncodeError> {
        options.check()?;
        let sets = if sets.is_empty() { vec![Set::default()] } else { sets };
        check_sets(&options, &sets)?;
        let entry = entry(&kit, &options)?;
        let mut changes = Changes::default();
        let settled = special::settle(kit, &options, &entry, &mut changes)?;
        let today = surroundings.today.unwrap_or_else(|| jiff::Zoned::now().date());
        let choices = Choices {
            enable_thinking: options.enable_thinking,
            preserve_thinking: options.preserve_thinking && entry.class.reasons(),
            today: today.strftime("%d %b %Y").to_string(),
        };
        let ends = Ends {
            kit: &settled.kit,
            eos: &settled.eos,
        };
        let template = Template::ready(&entry, choices, ends)?;
        let answer = template.sample_answer(&settled.kit)?;
        let told = sets.iter().any(|set| set.attr.formatting == Formatting::Openai);
        let facts = Facts::gather(&options, &entry, changes, &settled, &answer, told)?;
        Ok(Self {
            kit: settled.kit,
            options,
            sets: sets
                .into_iter()
                .map(|Set { attr, columns }| Aligner { attr, columns })
                .collect(),
            template,
            media: entry.media,
            has_processor: surroundings.has_processor,
            facts,
        })
    }

    /// What is settled for the whole run.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The tokenizer with the tokens LLaMA-Factory added to it. Its EOS and PAD may be others than
    /// those trained with, which [`Self::tokenizer_facts`] has.
    pub fn kit(&self) -> &Arc<Kit> {
        &self.kit
    }

    /// The tokenizer's facts as LLaMA-Factory leaves them.
    pub fn tokenizer_facts(&self) -> TokenizerFacts {
        let token = |text: &str, id| {
            Some(Special {
                text: text.to_owned(),
                id: Some(id),
            })
        };
        TokenizerFacts {
            eos: token(&self.facts.eos, self.facts.eos_id),
            pad: token(&self.facts.pad, self.facts.pad_id),
            ..self.kit.for_rules()
        }
    }

    /// The row in LLaMA-Factory's standard form.
    ///
    /// # Errors
    ///
    /// What the converter raises, which ends the run.
    pub fn align<'r>(&'r self, record: &'r Record<'_>) -> Result<Aligned<'r>, EncodeError> {
        let source = usize::try_from(record.place.source).unwrap_or(usize::MAX);
        let set = self.sets.get(source).or(self.sets.last());
        set.expect("there is a set").align(record)
    }

    /// Stage `kto`: the row's question with the answer of another row, that before it in the batch
    /// of `preprocessing_batch_size` rows, or for the first the last.
    ///
    /// # Errors
    ///
    /// As [`Encode::encode`].
    pub fn encode_kl(
        &self,
        record: &Record<'_>,
        example: &Example<'_>,
        donor: &Record<'_>,
        out: &mut Pool,
    ) -> Result<(), EncodeError> {
        let (row, donor) = (self.align(record)?, self.align(donor)?);
        let asked = Asked {
            trainer: self,
            row: &row,
            example,
        };
        SCRATCH.with_borrow_mut(|scratch| asked.kl(&donor, scratch, out.add()))
    }

    /// Packs or passes on the rows of a set of `total` rows, which [`Trainer::arrange`] takes to end
    /// with the last row that was kept. It counts where rows are dealt to several workers.
    ///
    /// # Errors
    ///
    /// If there are more rows than can be packed here.
    pub fn arrange_set(&self, rows: Vec<Sequence>, total: u64) -> Result<Vec<Sequence>, EncodeError> {
        let bos = self.kit.facts().token("bos_token").and_then(|bos| bos.id);
        let bos = bos.filter(|_| self.kit.facts().add_bos_token);
        let packed = match self.facts.packing {
            Packing::None => return Ok(rows),
            Packing::Blocks => pack::blocks(rows, &self.batches(), self.facts.cutoff, bos),
            Packing::Plain | Packing::Neat => {
                let total = self.options.max_samples.map_or(total, |most| total.min(most));
                pack::packed(rows, total, &self.batches(), self.facts.cutoff, self.facts.pad_id)
            }
        };
        packed.map_err(|error| unsupported(error.to_string()))
    }

    fn batches(&self) -> Batches {
        let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Batches {
            // Without a size, a batch is all there is.
            rows: match self.options.preprocessing_batch_size {
                0 => u32::MAX,
                rows => narrow(rows),
            },
            shards: self.options.preprocessing_num_workers.map_or(1, narrow),
        }
    }

    /// The attention mask of a sequence before it is padded, shape as its ids: ones, or with neat
    /// packing the number of the row each token is of, from 1 on, and 0 for padding. The collator
    /// makes a mask of blocks of those numbers.
    pub fn attention_mask(&self, sequence: &Sequence) -> Vec<u32> {
        collate::attention_mask(self.facts.packing, sequence)
    }

    fn check_media<'m>(
        &self,
        row: &Aligned<'_>,
        messages: impl Iterator<Item = &'m Message<'m>>,
    ) -> Result<(), EncodeError> {
        row::check_media(row, messages, self.media.as_ref(), self.has_processor)
    }

    /// What a text ends in, in stage `pt`.
    fn end_of_text(&self) -> &str {
        match self.options.template.as_deref() {
            Some("llama3") => "<|end_of_text|>",
            _ => &self.facts.eos,
        }
    }
}

/// The template the options name, or the one the tokenizer's own comes to, with what the options
/// change in it.
fn entry(kit: &Kit, options: &Options) -> Result<Entry, EncodeError> {
    let found = |name: &str| {
        let message = format!("Template {name} does not exist.");
        table::find(name).ok_or_else(|| raise("ValueError", message))
    };
    let mut entry = match &options.template {
        Some(name) => found(name)?,
        None if kit.has_single_template() => jinja::parse(kit)?,
        None => found("empty")?,
    };
    if options.train_on_prompt && entry.efficient_eos {
        let message = "Current template does not support `train_on_prompt`.";
        return Err(raise("ValueError", message));
    }
    if let Some(name) = &options.tool_format {
        if tools::find(name).is_none() {
            return Err(raise("ValueError", format!("Tool utils `{name}` not found.")));
        }
        entry.function = table::default_answer(entry.efficient_eos);
        entry.calls.clone_from(name);
        entry.tools = table::Tools::Format(name.clone());
    }
    if let Some(system) = &options.default_system {
        entry.default_system.clone_from(system);
    }
    Ok(entry)
}

/// Refuses sets the stage is not for, and those whose order is left to chance where it matters.
fn check_sets(options: &Options, sets: &[Set]) -> Result<(), EncodeError> {
    if sets.iter().any(|set| set.attr.ranking != options.is_pairwise()) {
        let message = "The dataset is not applicable in the current training stage.";
        return Err(raise("ValueError", message));
    }
    let together = Packing::of(options) != Packing::None || options.stage == Stage::Kto;
    if !together {
        return Ok(());
    }
    let chance = [
        (options.streaming, "streaming"),
        (options.val_size > 1e-6, "val_size"),
        (sets.iter().any(|set| set.attr.num_samples.is_some()), "num_samples"),
        (
            sets.len() > 1 && options.mix_strategy != MixStrategy::Concat,
            "mix_strategy",
        ),
        (
            sets.len() > 1 && options.max_samples.is_some(),
            "max_samples of several sets",
        ),
    ];
    match chance.into_iter().find(|(is, _)| *is) {
        Some((_, name)) => Err(unsupported(format!("which rows are put together, with {name}"))),
        None => Ok(()),
    }
}

impl Encode for LlamaFactory {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        if let Some(most) = self.options.max_samples.filter(|most| record.place.row >= *most) {
            pool.add().dropped = Some(format!("beyond the first {most} rows {AS_SET}"));
            return Ok(());
        }
        let row = self.align(record)?;
        let asked = Asked {
            trainer: self,
            row: &row,
            example,
        };
        SCRATCH.with_borrow_mut(|scratch| match self.options.stage {
            Stage::Pt => pretrain::encode(self, &row, example, scratch, pool.add()),
            Stage::Sft => supervised::encode(self, &row, example, scratch, pool.add()),
            Stage::Rm | Stage::Dpo => asked.pairwise(scratch, pool),
            Stage::Kto => asked.feedback(scratch, pool.add()),
            Stage::Ppo => Err(unsupported("stage ppo")),
        })
    }

    /// That the run ends where a whole batch of `preprocessing_batch_size` rows was dropped and another was not is
    /// not LLaMA-Factory's intention: the two have different columns, and datasets does not write them to one file.
    fn check_set(&self, sequences: &[Fate], rows: u64) -> Result<(), EncodeError> {
        if self.options.stage == Stage::Pt {
            return Ok(());
        }
        let kept: Vec<u64> = sequences
            .iter()
            .filter(|fate| !fate.dropped)
            .map(|fate| fate.row)
            .collect();
        if kept.is_empty() {
            let message = "Cannot find valid samples, check `data/README.md` for the data format.";
            return Err(raise("RuntimeError", message));
        }
        if self.options.streaming {
            // Nothing is written to a file.
            return Ok(());
        }
        let rows = self.options.max_samples.map_or(rows, |most| rows.min(most));
        let uneven = pack::drops_whole_batches(&kept, rows, &self.batches());
        if uneven.map_err(|error| unsupported(error.to_string()))? {
            let message = "Schema and number of arrays unequal: all rows of a batch were dropped";
            return Err(raise("ValueError", message));
        }
        Ok(())
    }
}

impl Trainer for LlamaFactory {
    fn name(&self) -> String {
        format!("llama_factory@{NEWEST}")
    }

    fn packing_flaws(&self) -> Vec<PackingFlaw> {
        if self.facts.packing != facts::Packing::Plain {
            return Vec::new();
        }
        let advice = "packing without neat_packing lets the rows of a sequence see each other; set neat_packing: true";
        vec![PackingFlaw::CrossesRows(advice.to_owned())]
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        let total = rows.last().and_then(|row| row.rows.last()).map_or(0, |row| row + 1);
        self.arrange_set(rows, total)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        collate::collate(self, sequences)
    }
}
