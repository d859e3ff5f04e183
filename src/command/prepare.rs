//! Settings to a run: the files and their shapes, the tokenizer, the trainer, the rules.

use std::path::Path;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::holdout::Holdout;
use crate::model::config::FaultKind;
use crate::model::example::Shape;
use crate::model::record::Record;
use crate::model::run::Run;
use crate::model::setup::{Lengths, Origin, Regime, Setting, Setup};
use crate::model::value::Value;
use crate::report::{self, NotChecked, Trainer};
use crate::rule::Need;
use crate::rule::lane::RuleEntry;
use crate::scan::partial::Shard;
use crate::settings::config;
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError};
use crate::shape::{Columns, Detection, Layout, detect, is_known, is_of};
use crate::source::{self, Input, Limits, Part, Reader, open};
use crate::trainer::Encode;

use super::assemble::{self, Header, WHAT_IS_CUT};
use super::described;
use super::holdout;
use super::inputs;
use super::masks::{self, Unmade};
use super::model::{self, Found};
use super::run;
use super::selected;
use super::trainers::Asked;

/// Rows by which the shape of a file is told.
const FIRST_ROWS: usize = 200;

/// A run, ready to scan.
pub struct Prepared {
    pub header: Header,
    pub inputs: Vec<Input>,
    pub layouts: Vec<Option<Layout>>,
    pub readers: Vec<Box<dyn Reader>>,
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
    /// Why the trainer a flag names is not made; the mask is the intended one then.
    pub unmade: Option<Unmade>,
}

impl Prepared {
    /// The same, for a command that has nothing to say without the trainer that was asked for.
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
}

/// # Errors
///
/// If data or model cannot be found or read, or a setting is wrong.
pub fn prepare(mut settings: Settings, environment: &Environment, shard: Option<Shard>) -> anyhow::Result<Prepared> {
    let limits = limits(&settings);
    let asked = Asked::of(&settings, environment)?;
    let mut described = described::read(&mut settings, asked.as_ref(), environment)?;
    let mut gathered = inputs::gather(&settings, described.as_ref(), environment)?;
    let mut notes = std::mem::take(&mut gathered.notes);
    if let Some(run) = &mut described {
        run.facts.faults.append(&mut gathered.faults);
    }
    let given = Columns::given(settings.columns.iter().cloned());
    let shape = settings.shape.as_ref().map(|shape| shape.value);
    let detected: Vec<Detection> = (0..)
        .zip(&gathered.inputs)
        .map(|(source, input)| look(input, source, shape, &given, &limits))
        .collect();
    columns_exist(&settings, &detected)?;
    let inputs = &gathered.inputs;
    let found = match Found::look(&settings, inputs, environment) {
        // A model that only the config names is not asked for.
        Err(error) if from_config(settings.model.as_ref(), described.as_ref()) => {
            notes.push(format!("no tokenizer: {error:#}"));
            None
        }
        found => found?,
    };
    let generation = asked.as_ref().map_or(Generation::V5, Asked::generation);
    let kit = if let Some(found) = &found {
        Some(Arc::new(found.load(&settings, generation)?))
    } else {
        notes.extend(model::unused(&settings)?);
        None
    };
    if let Some(kit) = &kit {
        notes.extend(model::notes(kit));
        notes.extend(found.as_ref().and_then(|found| found.other_ids(kit)));
        let chats = |detection: &Detection| {
            let layout = detection.layout.as_ref();
            layout.is_some_and(|layout| matches!(layout.shape, Shape::Messages | Shape::Sharegpt))
        };
        // A trainer may have templates of its own.
        if let Some(error) = kit
            .not_reproduced()
            .filter(|_| asked.is_none() && detected.iter().any(chats))
        {
            return Err(UsageError(format!("the chat template cannot be checked: {}", error.message)).into());
        }
    }
    let mut setup = setup(&settings, kit.as_deref(), &detected, gathered.eval.clone());
    setup.sets.clone_from(&gathered.set_of);
    if let Some(run) = &described {
        described::complete(&mut setup, run);
    }
    run::complete(&mut setup, &settings, asked.as_ref())?;
    let layouts: Vec<_> = detected.iter().map(|detection| detection.layout.clone()).collect();
    let masks = masks::of(
        &masks::Given {
            settings: &settings,
            kit: kit.as_ref(),
            asked: asked.as_ref(),
            described: described.as_ref(),
            gathered: &gathered,
            layouts: &layouts,
            limits: &limits,
        },
        &mut setup,
        &mut notes,
    )?;
    let (rules, lacking) = selected::rules(&settings, &setup)?;
    let mut listed = sources(inputs, &gathered.eval, &detected);
    let benchmarks = holdout::benchmarks(&settings, &mut notes)?;
    let own = (inputs.as_slice(), gathered.eval.as_slice(), detected.as_slice());
    let holdout = holdout::held_out(own, &benchmarks, &given, &limits, &mut listed);
    setup.held_out = holdout.as_ref().map_or(0, |holdout| holdout.len() as u64);
    notes.extend(holdout.as_ref().and_then(holdout::too_short));
    let part = match shard {
        None => Part::Whole,
        Some(shard) => Part::Shard(source::Shard::new(shard.index - 1, shard.count).expect("checked when it was read")),
    };
    let readers = (0..)
        .zip(inputs)
        .map(|(source, input)| open(input, source, part, &limits))
        .collect();
    if let Some(file) = &settings.file {
        notes.push(format!("settings from {}", file.display()));
    }
    let limit = setup.max_length.as_ref().map(|limit| limit.value);
    let identity = |made_of: &str| identity(&settings, &setup, generation, made_of);
    let own = format!("{} {limit:?}", masks.made_of);
    let (identity, of_any_length) = (identity(&own), identity(&masks.made_of_any_length));
    let header = Header {
        sources: listed,
        tokenizer: tokenizer(&settings, found.as_ref(), kit.as_deref()),
        trainer: Trainer {
            name: setup.trainer.clone(),
            mask: mask(&setup, masks.unchecked.is_some()),
        },
        settings: assemble::shown(&setup),
        not_checked: assemble::not_checked(&lacking)
            .into_iter()
            .map(|lacking| match &masks.unchecked {
                Some(reason) if lacking.reason == Need::Trainer.missing() => NotChecked {
                    reason: reason.clone(),
                    ..lacking
                },
                _ => lacking,
            })
            .chain(gathered.missing.iter().cloned())
            .collect(),
        missing: !gathered.missing.is_empty() || described.as_ref().is_some_and(lacks_data),
        next: next(&settings, kit.is_some(), &setup),
        notes,
        warn_if: settings.warn_if,
        error_if: settings.error_if,
        fail_on: settings.fail_on,
        options: settings.options,
        sample: None,
        setup,
    };
    Ok(Prepared {
        header,
        inputs: gathered.inputs,
        layouts: detected.into_iter().map(|detection| detection.layout).collect(),
        readers,
        encoder: masks.encoder,
        kit,
        rules,
        holdout,
        limits,
        strict: settings.strict,
        identity,
        of_any_length,
        against: benchmarks,
        trainer_options: masks.options,
        unmade: masks.unmade,
    })
}

/// See [`Prepared::identity`] and [`Prepared::of_any_length`].
fn identity(settings: &Settings, setup: &Setup, generation: Generation, made_of: &str) -> String {
    let template = settings
        .chat_template
        .as_ref()
        .map(|path| std::fs::read_to_string(&path.value).ok());
    // A template may print the date; the hour it does not.
    let now = settings
        .now
        .clone()
        .unwrap_or_else(|| jiff::Zoned::now().date().to_string());
    format!(
        "{:?} {made_of} {template:?} {now} {generation:?} {:?} {:?}",
        setup.trainer, settings.columns, setup.shapes
    )
}

/// Whether the config names data that is not there.
fn lacks_data(run: &config::Run) -> bool {
    run.facts.faults(FaultKind::MissingData).next().is_some()
}

/// Whether a setting is as the config has it.
fn from_config(setting: Option<&Setting<String>>, run: Option<&config::Run>) -> bool {
    match (setting, run.and_then(|run| run.model.as_ref())) {
        (Some(setting), Some(own)) => setting == own,
        _ => false,
    }
}

fn limits(settings: &Settings) -> Limits {
    let mut limits = Limits::default();
    if let Some(most) = settings.max_row_bytes {
        limits.max_row_bytes = most as u64;
    }
    limits
}

/// The shape of a file, from its first rows.
pub(super) fn look(input: &Input, source: u32, shape: Option<Shape>, given: &Columns, limits: &Limits) -> Detection {
    let mut first: Vec<Value<'static>> = Vec::new();
    let mut reader = open(input, source, Part::Whole, limits);
    while first.len() < FIRST_ROWS {
        let Some(batch) = reader.next() else { break };
        batch.rows(&mut |read| {
            if let (Ok(Record { value, .. }), true) = (read, first.len() < FIRST_ROWS) {
                first.push(value.into_owned());
            }
        });
    }
    detect(&first, shape, given)
}

pub(super) fn setup(settings: &Settings, kit: Option<&Kit>, detected: &[Detection], eval: Vec<bool>) -> Setup {
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
        shapes: detected
            .iter()
            .map(|detection| detection.layout.as_ref().map(|layout| layout.shape))
            .collect(),
        eval,
        sets: Vec::new(),
        held_out: 0,
        dump: None,
        spill: None,
    }
}

pub(super) fn sources(inputs: &[Input], eval: &[bool], detected: &[Detection]) -> Vec<report::Source> {
    inputs
        .iter()
        .zip(eval)
        .zip(detected)
        .map(|((input, eval), detection)| report::Source {
            name: input.name.clone(),
            format: format(input),
            eval: *eval,
            against: false,
            settings: false,
            split: input.split.clone(),
            bytes: input.bytes,
            rows: 0,
            unreadable: 0,
            misfit: 0,
            shape: detection.layout.as_ref().map(|layout| layout.shape),
            columns: detection.layout.as_ref().map_or_else(Vec::new, |layout| {
                layout
                    .columns
                    .renamed()
                    .map(|(column, name)| (column.to_owned(), name.to_owned()))
                    .collect()
            }),
            found_columns: detection.columns.clone(),
            notes: input.notes.clone(),
        })
        .collect()
}

/// # Errors
///
/// If `--columns` names a column that no shape has, or one that no row looked at has.
fn columns_exist(settings: &Settings, detected: &[Detection]) -> Result<(), UsageError> {
    for (column, name) in &settings.columns {
        let wrong = |why: String| Err(UsageError(format!("--columns {column}={name}: {why}")));
        if !is_known(column) {
            return wrong(format!(
                "no shape has a column `{column}`; it is the shape's name that stands first"
            ));
        }
        if !detected.is_empty() && detected.iter().all(|detection| detection.absent.contains(name)) {
            return wrong(format!("none of the first rows has a column `{name}`"));
        }
        let shapes = detected
            .iter()
            .filter_map(|detection| Some(detection.layout.as_ref()?.shape));
        let mut others = shapes.filter(|shape| !is_of(column, *shape));
        // A trainer may read columns that the shape does not.
        let own = settings.trainer.is_none();
        if let Some(shape) = others.next().filter(|_| own && 1 + others.count() == detected.len()) {
            return wrong(format!(
                "these are rows of {}, which are read from no such column: name their other columns too",
                shape.name()
            ));
        }
    }
    Ok(())
}

/// `JSON lines, gzip`
fn format(input: &Input) -> String {
    match input.compression {
        Some(compression) => format!("{}, {}", input.format, compression.name()),
        None => input.format.to_string(),
    }
}

fn tokenizer(settings: &Settings, found: Option<&Found>, kit: Option<&Kit>) -> Option<report::Tokenizer> {
    let (model, kit) = (&found?.asked, kit?);
    let own = || kit.has_template().then(|| "the model".to_owned());
    Some(report::Tokenizer {
        name: model.value.clone(),
        origin: model.origin.clone(),
        size: kit.facts().size,
        engine: if kit.tokenizer().is_fast() { "fast" } else { "reference" }.to_owned(),
        template: settings
            .chat_template
            .as_ref()
            .map(|path| shown(&path.value))
            .or_else(own),
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn mask(setup: &Setup, unchecked: bool) -> String {
    match (&setup.trainer, setup.lengths) {
        (Some(_), _) => "its own mask".to_owned(),
        (None, Lengths::Exact) if unchecked => "not reproduced: the mask is the intended one, answers only".to_owned(),
        (None, Lengths::Exact) => {
            "none named: the mask is the intended one, answers only (--trainer for a trainer's own)".to_owned()
        }
        (None, Lengths::Estimated) => "none named".to_owned(),
    }
}

/// What would tell more than this run can.
fn next(settings: &Settings, has_tokenizer: bool, setup: &Setup) -> Vec<String> {
    let named = settings.config.as_ref().map(|config| &config.path);
    let data: Vec<String> = named
        .into_iter()
        .chain(&settings.data)
        .map(|path| quoted(path))
        .collect();
    let data = Some(data.join(" ")).filter(|data| data.len() <= LONGEST);
    let data = data.unwrap_or_else(|| "DATA".to_owned());
    let model = settings
        .model
        .as_ref()
        .map(|model| format!(" -m {}", quoted(Path::new(&model.value))));
    let model = model.filter(|_| has_tokenizer).unwrap_or_default();
    let mut next = Vec::new();
    if !has_tokenizer {
        next.push(format!("gonogo {data} -m MODEL   exact lengths and loss masks"));
    } else if setup.max_length.is_none() {
        next.push(format!("gonogo {data}{model} --max-length 2048   {WHAT_IS_CUT}"));
    }
    if !setup.planned() {
        next.push(format!(
            "gonogo {data}{model} --batch-size 8 --max-steps 500   how much of the data the run sees"
        ));
    }
    next
}

/// The longest names of data that are said again, in bytes.
const LONGEST: usize = 60;

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=@%,:~".contains(c);
    if path.chars().all(plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}
