//! What is known of a run before its first row is read, as the report says it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::finding::Level;
use crate::model::config::FaultKind;
use crate::model::setup::{Lengths, Origin, Setting, Setup};
use crate::report::style::rate;
use crate::report::{NotChecked, ShownSetting, Source, Tokenizer, Trainer};
use crate::rule::Need;
use crate::rule::lane::Options;
use crate::settings::threshold::Threshold;
use crate::settings::{Settings, UsageError};
use crate::shape::Detection;
use crate::source::Input;

use super::model::Model;

/// Everything known before the first row is read. Parts of one scan have the same, but for the shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    pub setup: Setup,
    pub sources: Vec<Source>,
    pub tokenizer: Option<Tokenizer>,
    pub trainer: Trainer,
    pub settings: Vec<ShownSetting>,
    pub not_checked: Vec<NotChecked>,
    /// Whether data that the config names could not be looked at.
    pub missing: bool,
    pub notes: Vec<String>,
    pub next: Vec<String>,
    pub warn_if: Vec<(String, Threshold)>,
    pub error_if: Vec<(String, Threshold)>,
    pub fail_on: Option<Level>,
    pub options: Options,
    /// Rows of each source that are looked at, where not all are.
    pub sample: Option<u64>,
    /// Of a part, hashes of what was read, by name: files of one size need not be the same.
    pub content: BTreeMap<String, String>,
}

impl Header {
    /// # Errors
    ///
    /// If there is a rule that was asked for and cannot be checked.
    pub(super) fn all_checked(&self) -> Result<(), UsageError> {
        match self.not_checked.first() {
            None => Ok(()),
            Some(lacking) => Err(UsageError(lacking.to_string())),
        }
    }
}

/// The files as sources whose rows are not counted yet.
pub(super) fn sources(inputs: &[Input], eval: &[bool], detected: &[Detection]) -> Vec<Source> {
    inputs
        .iter()
        .zip(eval)
        .zip(detected)
        .map(|((input, eval), detection)| Source {
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

/// `JSON lines, gzip`
fn format(input: &Input) -> String {
    match input.compression {
        Some(compression) => format!("{}, {}", input.format, compression.name()),
        None => input.format.to_string(),
    }
}

/// The tokenizer, and whose template it renders with.
pub(super) fn tokenizer(settings: &Settings, model: &Model) -> Tokenizer {
    let Model { asked, kit } = model;
    let own = || kit.has_template().then(|| "the model".to_owned());
    let given = settings.chat_template.as_ref();
    Tokenizer {
        name: asked.value.clone(),
        origin: asked.origin.clone(),
        size: kit.facts().size,
        engine: if kit.tokenizer().is_fast() { "fast" } else { "reference" }.to_owned(),
        template: given.map(|path| path.value.display().to_string()).or_else(own),
    }
}

/// The trainer, and whose mask the rows have.
pub(super) fn trainer(setup: &Setup, unchecked: bool) -> Trainer {
    Trainer {
        name: setup.trainer.clone(),
        mask: mask(setup, unchecked),
    }
}

/// Whether the trainer would raise over its config, so that there is none.
fn is_refused(setup: &Setup) -> bool {
    let mut faults = setup.config.iter().flat_map(|config| &config.faults);
    faults.any(|fault| {
        matches!(
            fault.kind,
            FaultKind::Refused | FaultKind::WrongType | FaultKind::Retyped | FaultKind::Invalid
        )
    })
}

fn mask(setup: &Setup, unchecked: bool) -> String {
    match (&setup.trainer, setup.lengths) {
        (Some(_), _) => "its own mask".to_owned(),
        (None, Lengths::Exact) if is_refused(setup) => {
            "refuses its config: the mask is the intended one, answers only".to_owned()
        }
        (None, Lengths::Exact) if unchecked => "not reproduced: the mask is the intended one, answers only".to_owned(),
        (None, Lengths::Exact) => {
            "none named: the mask is the intended one, answers only (--trainer for a trainer's own)".to_owned()
        }
        (None, Lengths::Estimated) => "none named".to_owned(),
    }
}

/// The settings worth showing: those that decide what is fed, and how often.
pub(super) fn settings(setup: &Setup) -> Vec<ShownSetting> {
    let mut shown = Vec::new();
    let mut add = |name: &str, value: String, origin: &Origin| {
        if *origin != Origin::Default {
            shown.push(ShownSetting {
                name: name.to_owned(),
                value,
                origin: origin.clone(),
            });
        }
    };
    let number = |setting: &Setting<usize>| setting.value.to_string();
    if let Some(max_length) = &setup.max_length {
        add("max_length", number(max_length), &max_length.origin);
    }
    if let Some(packing) = &setup.packing {
        add("packing", packing.value.clone(), &packing.origin);
    }
    add("batch_size", number(&setup.batch_size), &setup.batch_size.origin);
    add("grad_accum", number(&setup.grad_accum), &setup.grad_accum.origin);
    add("world_size", number(&setup.world_size), &setup.world_size.origin);
    add("epochs", setup.epochs.value.to_string(), &setup.epochs.origin);
    if let Some(steps) = &setup.max_steps {
        add("max_steps", steps.value.to_string(), &steps.origin);
    }
    let run = &setup.run;
    let mut add_said = |name: &str, value: String, origin: &Origin| {
        // What the trainer does unasked stands in the plan's own lines.
        if !matches!(origin, Origin::TrainerDefault(_)) {
            add(name, value, origin);
        }
    };
    if let Some(warmup) = run.warmup() {
        add_said("warmup", warmup.value.to_string(), &warmup.origin);
    }
    let (major, minor) = run.transformers.value;
    add_said("transformers", format!("{major}.{minor}"), &run.transformers.origin);
    add_said(
        "learning_rate",
        rate(run.learning_rate.value),
        &run.learning_rate.origin,
    );
    add_said("scheduler", run.scheduler.value.clone(), &run.scheduler.origin);
    add_said("drop_last", run.drop_last.value.to_string(), &run.drop_last.origin);
    add_said("seed", run.seed.value.to_string(), &run.seed.origin);
    shown
}

/// Rules by what they lacked. Those that lack a trainer are told why the one asked for is not made.
pub(super) fn not_checked(
    lacking: &BTreeMap<&'static str, Vec<&'static str>>,
    unchecked: Option<&str>,
) -> impl Iterator<Item = NotChecked> {
    lacking.iter().map(move |(reason, rules)| {
        let why = unchecked.filter(|_| *reason == Need::Trainer.missing());
        NotChecked {
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            reason: why.unwrap_or(reason).to_owned(),
        }
    })
}

/// What a hint ends with that is about rows too long for a run.
pub const WHAT_IS_CUT: &str = "what truncation cuts";

/// What would tell more than this run can.
pub(super) fn next(settings: &Settings, has_tokenizer: bool, setup: &Setup) -> Vec<String> {
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
