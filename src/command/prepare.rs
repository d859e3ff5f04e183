//! Settings to a run: the files and their shapes, the tokenizer, the trainer, the rules.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::model::example::Shape;
use crate::model::record::Record;
use crate::model::run::Run;
use crate::model::setup::{Lengths, Origin, Regime, Setting, Setup};
use crate::model::value::Value;
use crate::report::{self, Trainer};
use crate::rule::lane::RuleEntry;
use crate::rules::RULES;
use crate::scan::partial::Shard;
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError, nearest};
use crate::shape::{Columns, Detection, Layout, detect};
use crate::source::{self, Input, Limits, Part, Reader, discover, open};
use crate::trainer::Encode;
use crate::trainer::intended::Intended;

use super::assemble::{self, Header};
use super::model::{self, Found};
use super::run;
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
    pub limits: Limits,
    pub strict: bool,
}

/// # Errors
///
/// If data or model cannot be found or read, or a setting is wrong.
pub fn prepare(settings: Settings, environment: &Environment, shard: Option<Shard>) -> anyhow::Result<Prepared> {
    let limits = limits(&settings);
    let (inputs, eval, mut notes) = inputs(&settings)?;
    let given = Columns::given(settings.columns.iter().cloned());
    let shape = settings.shape.as_ref().map(|shape| shape.value);
    let detected: Vec<Detection> = (0..)
        .zip(&inputs)
        .map(|(source, input)| look(input, source, shape, &given, &limits))
        .collect();
    let asked = Asked::of(&settings, environment)?;
    let found = Found::look(&settings, &inputs, environment)?;
    let generation = asked.as_ref().map_or(Generation::V5, Asked::generation);
    let kit = match &found {
        Some(found) => Some(Arc::new(found.load(&settings, generation)?)),
        None => None,
    };
    if let Some(kit) = &kit {
        notes.extend(model::notes(kit));
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
    let mut setup = setup(&settings, kit.as_deref(), &detected, eval.clone());
    run::complete(&mut setup, &settings, asked.as_ref())?;
    let encoder: Option<Box<dyn Encode>> = match (&kit, asked) {
        (Some(kit), Some(asked)) => {
            let layouts: Vec<_> = detected.iter().map(|detection| detection.layout.clone()).collect();
            let ready = asked.make(kit, &settings, &inputs, &eval, &layouts, &limits)?;
            setup.trainer = Some(ready.name);
            setup.max_length = ready.max_length;
            setup.has_template = ready.has_template;
            setup.markers = ready.encoder.markers();
            setup.tokenizer = ready.tokenizer.or(setup.tokenizer);
            notes.extend(ready.notes);
            Some(Box::new(ready.encoder))
        }
        (Some(kit), None) => {
            let max_length = setup.max_length.as_ref().map(|limit| limit.value);
            Some(Box::new(Intended::new(Arc::clone(kit), max_length)))
        }
        (None, Some(_)) => return Err(UsageError("--trainer needs a tokenizer: give one with -m".to_owned()).into()),
        (None, None) => None,
    };
    let (rules, lacking) = rules(&settings, &setup)?;
    let part = match shard {
        None => Part::Whole,
        Some(shard) => Part::Shard(source::Shard::new(shard.index - 1, shard.count).expect("checked when it was read")),
    };
    let readers = (0..)
        .zip(&inputs)
        .map(|(source, input)| open(input, source, part, &limits))
        .collect();
    if let Some(file) = &settings.file {
        notes.push(format!("settings from {}", file.display()));
    }
    let header = Header {
        sources: sources(&inputs, &eval, &detected),
        tokenizer: tokenizer(&settings, found.as_ref(), kit.as_deref()),
        trainer: Trainer {
            name: setup.trainer.clone(),
            mask: mask(&setup),
        },
        settings: assemble::shown(&setup),
        not_checked: assemble::not_checked(&lacking),
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
        inputs,
        layouts: detected.into_iter().map(|detection| detection.layout).collect(),
        readers,
        encoder,
        kit,
        rules,
        limits,
        strict: settings.strict,
    })
}

fn limits(settings: &Settings) -> Limits {
    let mut limits = Limits::default();
    if let Some(most) = settings.max_row_bytes {
        limits.max_row_bytes = most as u64;
    }
    limits
}

/// Training data first, then evaluation data; whether each is the latter; what was left out.
fn inputs(settings: &Settings) -> anyhow::Result<(Vec<Input>, Vec<bool>, Vec<String>)> {
    let train = discover(&settings.data, &mut std::io::stdin())?;
    let held_out = if settings.eval.is_empty() {
        None
    } else {
        Some(discover(&settings.eval, &mut std::io::empty())?)
    };
    let mut notes = Vec::new();
    let mut eval = vec![false; train.inputs.len()];
    let mut inputs = train.inputs;
    for skipped in train
        .skipped
        .iter()
        .chain(held_out.iter().flat_map(|found| &found.skipped))
    {
        notes.push(format!("left out {}: {}", skipped.name, skipped.reason));
    }
    if let Some(found) = held_out {
        eval.extend(found.inputs.iter().map(|_| true));
        inputs.extend(found.inputs);
    }
    Ok((inputs, eval, notes))
}

/// The shape of a file, from its first rows.
fn look(input: &Input, source: u32, shape: Option<Shape>, given: &Columns, limits: &Limits) -> Detection {
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

fn setup(settings: &Settings, kit: Option<&Kit>, detected: &[Detection], eval: Vec<bool>) -> Setup {
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
        regime: Regime::default(),
        run: Run::default(),
        shapes: detected
            .iter()
            .map(|detection| detection.layout.as_ref().map(|layout| layout.shape))
            .collect(),
        eval,
        spill: None,
    }
}

/// The rules asked for that can be checked, and those that cannot by what they lack.
#[expect(clippy::type_complexity, reason = "read once, in the next line")]
fn rules(
    settings: &Settings,
    setup: &Setup,
) -> Result<(Vec<&'static RuleEntry>, BTreeMap<&'static str, Vec<&'static str>>), UsageError> {
    let given = [&settings.select, &settings.ignore].into_iter().flatten();
    let thresholds = settings.warn_if.iter().chain(&settings.error_if).map(|(rule, _)| rule);
    for name in given.chain(thresholds).chain(settings.options.keys()) {
        if !RULES.iter().any(|entry| matches(entry, name)) {
            let names = RULES.iter().flat_map(|entry| [entry.meta.name, entry.meta.category()]);
            let meant = nearest(name, names).map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
            return Err(UsageError(format!("there is no rule or category `{name}`{meant}")));
        }
    }
    let mut checked = Vec::new();
    let mut lacking: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for entry in RULES {
        let selected = settings.select.is_empty() || settings.select.iter().any(|name| matches(entry, name));
        if !selected || settings.ignore.iter().any(|name| matches(entry, name)) {
            continue;
        }
        match entry.meta.needs.iter().find(|need| !need.met(setup)) {
            None => checked.push(entry),
            Some(need) => lacking.entry(need.missing()).or_default().push(entry.meta.name),
        }
    }
    Ok((checked, lacking))
}

fn matches(entry: &RuleEntry, name: &str) -> bool {
    entry.meta.name == name || entry.meta.category() == name.trim_end_matches('/')
}

fn sources(inputs: &[Input], eval: &[bool], detected: &[Detection]) -> Vec<report::Source> {
    inputs
        .iter()
        .zip(eval)
        .zip(detected)
        .map(|((input, eval), detection)| report::Source {
            name: input.name.clone(),
            format: format(input),
            eval: *eval,
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

fn mask(setup: &Setup) -> String {
    match (&setup.trainer, setup.lengths) {
        (Some(_), _) => "its own mask".to_owned(),
        (None, Lengths::Exact) => {
            "none named: the mask is the intended one, answers only (--trainer for a trainer's own)".to_owned()
        }
        (None, Lengths::Estimated) => "none named".to_owned(),
    }
}

/// What would tell more than this run can.
fn next(settings: &Settings, has_tokenizer: bool, setup: &Setup) -> Vec<String> {
    let data = settings
        .data
        .first()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    let mut next = Vec::new();
    if !has_tokenizer {
        next.push(format!("gonogo {data} -m MODEL   exact lengths and loss masks"));
    } else if setup.max_length.is_none() {
        next.push(format!("gonogo {data} -m … --max-length 2048   what truncation cuts"));
    }
    if !setup.planned() {
        next.push(format!(
            "gonogo {data} --batch-size 8 --max-steps 500   how much of the data the run sees"
        ));
    }
    next
}
