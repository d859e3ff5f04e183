//! Settings to a run: the files and their shapes, the tokenizer, the trainer, the rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::holdout::Holdout;
use crate::model::config::FaultKind;
use crate::model::example::Shape;
use crate::model::run::Run;
use crate::model::setup::{Lengths, Origin, Regime, Setting, Setup, Spill};
use crate::rule::lane::RuleEntry;
use crate::scan::partial::NthShard;
use crate::scan::{Progress, Scan};
use crate::settings::config;
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError};
use crate::shape::Layout;
use crate::source::{self, Input, Limits, Part, Reader, open_later};
use crate::trainer::Encode;

use super::data::Data;
use super::described;
use super::foreign_tokenizer;
use super::header::{self, Header};
use super::holdout::HeldOut;
use super::inputs;
use super::masks::{self, Masks, Unmade};
use super::model::Model;
use super::run;
use super::selected;
use super::trainers::Asked;
use super::unchanged::Marks;

/// Bytes that one worker's state of one rule keeps in memory where there is a folder for the rest.
const IN_MEMORY: usize = 32 << 20;

/// A run, ready to scan.
pub struct Prepared {
    pub header: Header,
    pub inputs: Vec<Input>,
    pub layouts: Vec<Option<Layout>>,
    pub readers: Vec<Box<dyn Reader>>,
    /// The shard of each file that they read; `None` for all of it.
    pub shard: Option<NthShard>,
    pub encoder: Option<Box<dyn Encode>>,
    pub kit: Option<Arc<Kit>>,
    pub rules: Vec<&'static RuleEntry>,
    pub holdout: Option<Holdout>,
    pub limits: Limits,
    pub strict: bool,
    /// What the tokens of a row follow from besides the row and the model's files.
    pub identity: String,
    /// What the tokens of a text follow from besides the text and the model's files, which is not where rows are cut.
    pub of_any_length: String,
    /// Benchmarks that training rows are compared with.
    pub against: Vec<Input>,
    /// The options of the trainer, under its own names; empty without one.
    pub trainer_options: serde_json::Map<String, serde_json::Value>,
    /// Why the trainer of the run is not made; the mask is the intended one then.
    pub unmade: Option<Unmade>,
    /// Files that were read besides the data and the model's: those that flags name, and the settings file.
    pub named: Vec<PathBuf>,
    /// All data as they were before the first row was read.
    pub marks: Marks,
}

impl Prepared {
    /// The same, for a command that has nothing to say without the trainer of the run.
    ///
    /// # Errors
    ///
    /// If it is not made.
    pub fn made(self) -> Result<Self, UsageError> {
        match self.unmade {
            None => Ok(self),
            Some(Unmade { why, .. }) => Err(UsageError(why)),
        }
    }

    /// The same, for a command whose answer is not the one asked for without the trainer that a flag names.
    ///
    /// # Errors
    ///
    /// If it is not made.
    pub fn made_as_flagged(self) -> Result<Self, UsageError> {
        match &self.unmade {
            Some(unmade) if unmade.flagged => Err(UsageError(unmade.why.clone())),
            _ => Ok(self),
        }
    }

    /// The same, for a command that writes or counts the tokens of conversations.
    ///
    /// # Errors
    ///
    /// If nothing renders them: neither the model's template nor a trainer's own.
    pub fn rendered(self) -> Result<Self, UsageError> {
        let setup = &self.header.setup;
        let chat = |shape: &Option<Shape>| matches!(shape, Some(Shape::Messages | Shape::Sharegpt));
        let bare = self.kit.is_some() && !setup.has_template && setup.trainer.is_none();
        if bare && setup.shapes.iter().any(chat) {
            let message =
                "the rows are conversations, and the model has no chat template: give one with --chat-template";
            return Err(UsageError(message.to_owned()));
        }
        Ok(self)
    }

    /// Gives rules a folder for what outgrows memory.
    ///
    /// # Errors
    ///
    /// If nothing can be written there, which is tried before it is needed.
    pub fn spill_to(&mut self, folder: Option<&Path>) -> Result<(), UsageError> {
        let Some(folder) = folder else { return Ok(()) };
        tempfile::tempfile_in(folder)
            .map_err(|error| UsageError(format!("--tmp-dir {}: {error}", folder.display())))?;
        self.header.setup.spill = Some(Spill {
            folder: folder.to_owned(),
            most: IN_MEMORY,
        });
        Ok(())
    }

    /// A scan of its rows, by so many workers or one for each core.
    pub fn scan<'p>(&'p self, progress: &'p Progress, jobs: Option<usize>) -> Scan<'p> {
        Scan {
            setup: &self.header.setup,
            layouts: &self.layouts,
            encoder: self.encoder.as_deref(),
            holdout: self.holdout.as_ref(),
            progress,
            workers: jobs.unwrap_or_else(workers),
            limit: self.header.sample,
        }
    }

    /// Bytes of all its files.
    pub fn size(&self) -> u64 {
        self.header.sources.iter().map(|source| source.bytes).sum()
    }
}

/// # Errors
///
/// If data or model cannot be found or read, or a setting is wrong.
pub fn prepare(mut settings: Settings, environment: &Environment, shard: Option<NthShard>) -> anyhow::Result<Prepared> {
    let limits = limits(&settings);
    let asked = Asked::of(&settings, environment)?;
    let unfilled = settings.clone();
    let mut described = described::read(&mut settings, asked.as_ref(), environment)?;
    let mut files = inputs::gather(&settings, described.as_ref(), environment)?;
    let marks = Marks::of(&files.inputs);
    let mut notes = std::mem::take(&mut files.notes);
    let mut faults = std::mem::take(&mut files.faults);
    let is_sft = described.as_ref().is_none_or(|run| run.facts.method == "sft");
    let data = Data::look(files, &settings, &limits, !is_sft)?;
    if let Some((run, note)) = described::follow_rows(&mut settings, unfilled, &data, asked.as_ref(), environment)? {
        notes.push(note);
        described = Some(run);
    }
    if let (None, Some(asked)) = (&described, &asked) {
        notes.extend(asked.follow_rows(&mut settings, &data));
    }
    if let Some(run) = &mut described {
        run.facts.faults.append(&mut faults);
    }
    let generation = asked.as_ref().map_or(Generation::V5, Asked::generation);
    let model = Model::of(
        &settings,
        described.as_ref(),
        &data,
        generation,
        environment,
        &mut notes,
    )?;
    if let (Some(run), Some(model)) = (&mut described, &model) {
        run.facts
            .faults
            .extend(foreign_tokenizer::fault(&run.facts, &model.kit));
    }
    // A trainer may have templates of its own.
    if let (Some(model), None) = (&model, &asked) {
        model.renders(&data)?;
    }
    let mut setup = setup(&settings, model.as_ref().map(|model| &*model.kit), &data);
    if let Some(run) = &described {
        described::complete(&mut setup, run);
    }
    run::complete(&mut setup, &settings, asked.as_ref(), &data.files.entries)?;
    let masks = masks::of(
        &masks::Given {
            settings: &settings,
            kit: model.as_ref().map(|model| &model.kit),
            asked: asked.as_ref(),
            described: described.as_ref(),
            data: &data,
            limits: &limits,
        },
        &mut setup,
        &mut notes,
    )?;
    let (rules, lacking) = selected::rules(&settings, &setup)?;
    let held_out = HeldOut::read(&settings, &data, &limits, &mut notes)?;
    setup.held_out = held_out.rows();
    if let Some(file) = &settings.file {
        notes.push(format!("settings from {}", file.display()));
    }
    let template = settings.chat_template.iter().map(|path| path.value.clone());
    let config = settings.config.iter().map(|config| config.path.clone());
    let named = template.chain(config).chain(settings.file.clone()).collect();
    let (identity, of_any_length) = identities(&settings, &setup, generation, &masks);
    let own = header::sources(&data.files.inputs, &data.files.eval, &data.detected);
    let missing = &data.files.missing;
    let header = Header {
        sources: own.into_iter().chain(held_out.sources).collect(),
        tokenizer: model.as_ref().map(|model| header::tokenizer(&settings, model)),
        trainer: header::trainer(&setup, masks.unchecked.is_some()),
        settings: header::settings(&setup),
        not_checked: header::not_checked(&lacking, masks.unchecked.as_deref())
            .chain(missing.iter().cloned())
            .collect(),
        missing: !missing.is_empty() || described.as_ref().is_some_and(lacks_data),
        next: header::next(&settings, model.is_some(), &setup),
        notes,
        warn_if: settings.warn_if,
        error_if: settings.error_if,
        fail_on: settings.fail_on,
        options: settings.options,
        sample: None,
        content: BTreeMap::new(),
        setup,
    };
    Ok(Prepared {
        header,
        layouts: data.layouts(),
        readers: readers(&data.files.inputs, shard, &limits),
        inputs: data.files.inputs,
        shard,
        encoder: masks.encoder,
        kit: model.map(|model| model.kit),
        rules,
        holdout: held_out.holdout,
        limits,
        strict: settings.strict,
        identity,
        of_any_length,
        against: held_out.benchmarks,
        trainer_options: masks.options,
        unmade: masks.unmade,
        named,
        marks,
    })
}

/// [`Prepared::identity`] and [`Prepared::of_any_length`].
fn identities(settings: &Settings, setup: &Setup, generation: Generation, masks: &Masks) -> (String, String) {
    let template = settings
        .chat_template
        .as_ref()
        .map(|path| std::fs::read_to_string(&path.value).ok());
    // A template may print the date; the hour it does not.
    let now = settings
        .now
        .clone()
        .unwrap_or_else(|| jiff::Zoned::now().date().to_string());
    let of = |made_of: &str| {
        format!(
            "{:?} {made_of} {template:?} {now} {generation:?} {:?} {:?}",
            setup.trainer, settings.columns, setup.shapes
        )
    };
    let limit = setup.max_length.as_ref().map(|limit| limit.value);
    (
        of(&format!("{} {limit:?}", masks.made_of)),
        of(&masks.made_of_any_length),
    )
}

/// Whether the config names data that is not there.
fn lacks_data(run: &config::Run) -> bool {
    run.facts.faults(FaultKind::MissingData).next().is_some()
}

/// One for each core.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn limits(settings: &Settings) -> Limits {
    let mut limits = Limits::default();
    if let Some(most) = settings.max_row_bytes {
        limits.max_row_bytes = most as u64;
    }
    limits
}

/// A reader of each file, or of the shard of it that is looked at.
fn readers(inputs: &[Input], shard: Option<NthShard>, limits: &Limits) -> Vec<Box<dyn Reader>> {
    let part = match shard {
        None => Part::Whole,
        Some(shard) => Part::Shard(source::Shard::new(shard.index - 1, shard.count).expect("checked when it was read")),
    };
    let inputs = (0..).zip(inputs);
    inputs
        .map(|(source, input)| open_later(input, source, part, limits))
        .collect()
}

/// What flags and files say of the run, and of its data and model what is known before a trainer is made.
pub(super) fn setup(settings: &Settings, kit: Option<&Kit>, data: &Data) -> Setup {
    let or = |setting: &Option<Setting<usize>>, default| {
        setting.clone().unwrap_or(Setting {
            value: default,
            origin: Origin::Default,
        })
    };
    Setup {
        lengths: if kit.is_some() {
            Lengths::Exact
        } else {
            Lengths::Estimated
        },
        tokenizer: kit.map(Kit::for_rules),
        has_template: kit.is_some_and(Kit::has_template),
        trainer: None,
        max_length: settings.max_length.clone(),
        batch_size: or(&settings.batch_size, 8),
        grad_accum: or(&settings.grad_accum, 1),
        world_size: or(&settings.world_size, 1),
        epochs: settings.epochs.clone().unwrap_or(Setting {
            value: 1.0,
            origin: Origin::Default,
        }),
        max_steps: settings.max_steps.clone(),
        packing: None,
        markers: Vec::new(),
        packing_flaws: Vec::new(),
        config: None,
        load_error: None,
        refused: None,
        regime: Regime::default(),
        run: Run::default(),
        shapes: data
            .detected
            .iter()
            .map(|detection| detection.layout.as_ref().map(|layout| layout.shape))
            .collect(),
        eval: data.files.eval.clone(),
        sets: data.files.set_of.clone(),
        absent: data.files.absent.clone(),
        slices: data.files.slices.clone(),
        held_out: 0,
        dump: None,
        spill: None,
    }
}
