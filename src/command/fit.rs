//! `gonogo fit`: lengths, packing, batches and steps, sized to the data.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use crate::fit::patch::{Change, Format, unified};
use crate::fit::{Case, Choice, Goal, Sizing, size};
use crate::measure::{Kept, Rows, Side};
use crate::model::example::Shape;
use crate::model::setup::{Origin, Setting, Setup};
use crate::report::sizing;
use crate::scan::{Progress, Scan};
use crate::settings::cli::{FitArgs, ShowFormat};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::settings::{Settings, UsageError};

use super::prepare::{Prepared, prepare};
use super::run::SIZES;
use super::{Outcome, cache, check, output};

/// Tokens no row has: encoding with this limit cuts nothing.
const NO_LIMIT: usize = 1 << 30;

pub fn run(args: &FitArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    if args.data.data.iter().any(|path| path.as_os_str() == "-") {
        return Err(
            UsageError("fit reads the data more than once, and standard input can be read once".to_owned()).into(),
        );
    }
    let prepared = prepare(settings(args, environment)?, environment, None)?;
    if prepared.encoder.is_none() {
        return Err(UsageError("fit counts tokens: give the tokenizer with -m".to_owned()).into());
    }
    let setup = &prepared.header.setup;
    if setup
        .shapes
        .iter()
        .any(|shape| matches!(shape, Some(Shape::Preference)))
    {
        return Err(
            UsageError("fit sizes runs over rows of one sequence, and preference rows have two".to_owned()).into(),
        );
    }
    let quiet = args.quiet;
    let trainer = setup.trainer.clone().unwrap_or_default();
    let name = trainer.split('@').next().unwrap_or_default().to_owned();
    let goal = goal(args, setup);
    let cache = cache::wanted(&args.cache, environment);
    let found = if prefix(&name) {
        // What any limit cuts follows from the rows encoded without one.
        let mut unlimited = settings(args, environment)?;
        unlimited.max_length = Some(Setting {
            value: NO_LIMIT,
            origin: Origin::Default,
        });
        unlimited.packing = None;
        unlimited.set.retain(|(key, _)| !SIZES.contains(&key.as_str()));
        let rows = cache::rows(cache.as_ref(), prepare(unlimited, environment, None)?, |prepared| {
            scan(prepared, quiet)
        });
        let side = side(&name, &prepared.trainer_options);
        let at = |limit: Option<u32>| rows.cut_to(limit.unwrap_or(u32::MAX - 1), side);
        sized(setup, &at, &name, &goal)
    } else {
        // These cut a row turn by turn, so each length is encoded anew, by the trainer's own code.
        let candidates = std::cell::RefCell::new(std::collections::BTreeMap::<Option<u32>, Kept>::new());
        let failure = std::cell::RefCell::new(None);
        let at = |limit: Option<u32>| {
            if let Some(kept) = candidates.borrow().get(&limit) {
                return kept.clone();
            }
            let encoded = || -> anyhow::Result<Kept> {
                let mut limited = settings(args, environment)?;
                limited.max_length = Some(Setting {
                    value: limit.map_or(NO_LIMIT, |limit| limit as usize),
                    origin: Origin::Default,
                });
                let prepared = prepare(limited, environment, None)?;
                Ok(cache::rows(cache.as_ref(), prepared, |prepared| scan(prepared, quiet)).as_encoded())
            };
            let kept = encoded().unwrap_or_else(|error| {
                failure.borrow_mut().get_or_insert(error);
                Kept::default()
            });
            candidates.borrow_mut().insert(limit, kept.clone());
            kept
        };
        let found = sized(setup, &at, &name, &goal);
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        found
    };
    if found.rows == 0 {
        return Err(UsageError("there are no rows to size a run for".to_owned()).into());
    }
    let mut out = output::stdout(args.color);
    if args.print_patch {
        let diff = patch(&found, &prepared, &name)?;
        out.write_all(diff.as_bytes())?;
    } else {
        match args.format {
            ShowFormat::Auto => sizing::render(&found, output::width(), &mut out)?,
            ShowFormat::Json => {
                serde_json::to_writer_pretty(&mut out, &found)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Go)
}

fn settings(args: &FitArgs, environment: &Environment) -> anyhow::Result<Settings> {
    let typed = Typed::without_rules(&args.data, &args.model, &args.train, &args.files);
    Ok(resolve(typed, environment)?)
}

/// Trainers that cut a row at one end or leave it out.
fn prefix(trainer: &str) -> bool {
    matches!(trainer, "" | "trl" | "axolotl")
}

/// Which side of a row too long is kept, by the trainer's options.
fn side(trainer: &str, options: &serde_json::Map<String, serde_json::Value>) -> Side {
    let is = |key: &str, value: &str| options.get(key).is_some_and(|set| set == value);
    match trainer {
        "axolotl" if is("excess_length_strategy", "truncate") => Side::Start,
        "axolotl" => Side::Neither,
        _ if is("truncation_mode", "keep_end") => Side::End,
        _ => Side::Start,
    }
}

fn sized(setup: &Setup, rows: &dyn Fn(Option<u32>) -> Kept, trainer: &str, goal: &Goal) -> Sizing {
    let version = setup.run.trainer.unwrap_or((1, 16));
    let pairs = |shape: &Option<Shape>| matches!(shape, Some(Shape::Kto));
    let case = Case {
        setup,
        rows,
        can_pack: match trainer {
            _ if setup.shapes.iter().any(pairs) => None,
            "axolotl" => Some("multipack"),
            "llama-factory" => Some("knapsack"),
            "torchtune" => Some("in-order"),
            // Packing in TRL loses the masks there.
            "trl" if version < (0, 20) => None,
            _ => Some("bfd"),
        },
        drops_untrained: trainer == "trl" && version >= (1, 0),
    };
    let mut goal = goal.clone();
    if let Some((seconds, 0.0)) = goal.step_time {
        let longest = case.at(None).full.iter().copied().max().unwrap_or(0);
        let now = case.outcome(&Choice::of(setup, longest), &Goal::default());
        #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
        let tokens = now.map_or(0.0, |now| now.positions / now.steps_per_epoch.max(1) as f64);
        goal.step_time = Some((seconds, tokens));
    }
    size(&case, &goal)
}

fn goal(args: &FitArgs, setup: &Setup) -> Goal {
    let flagged = matches!(setup.epochs.origin, Origin::Flag(_)) && setup.max_steps.is_none();
    Goal {
        epochs: flagged.then_some(setup.epochs.value),
        coverage: args.coverage,
        hours: args.hours,
        tokens_per_second: args.tokens_per_sec,
        // The tokens of such a step are worked out with the run.
        step_time: args.step_time.map(|seconds| (seconds, 0.0)),
    }
}

fn scan(mut prepared: Prepared, quiet: bool) -> Rows {
    let progress = Progress::default();
    let readers = std::mem::take(&mut prepared.readers);
    let scan = Scan {
        setup: &prepared.header.setup,
        layouts: &prepared.layouts,
        encoder: prepared.encoder.as_deref(),
        holdout: None,
        progress: &progress,
        workers: check::workers(),
        limit: None,
    };
    let size = prepared.header.sources.iter().map(|source| source.bytes).sum();
    let sets = vec![Rows::default(); check::workers()];
    let mut rows = check::with_bar(&progress, size, quiet, || scan.gather(readers, sets));
    rows.sort();
    rows
}

/// Keys of the sizes in the trainer's own config: length, packing, batch, accumulation, epochs, steps, warmup.
fn keys(trainer: &str, is_toml: bool) -> [&'static str; 7] {
    if is_toml {
        return [
            "max-length",
            "packing",
            "batch-size",
            "grad-accum",
            "epochs",
            "max-steps",
            "warmup",
        ];
    }
    let transformers = |length| {
        [
            length,
            "packing",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
            "num_train_epochs",
            "max_steps",
            "warmup_steps",
        ]
    };
    match trainer {
        "axolotl" => [
            "sequence_len",
            "sample_packing",
            "micro_batch_size",
            "gradient_accumulation_steps",
            "num_epochs",
            "max_steps",
            "warmup_steps",
        ],
        "torchtune" => [
            "tokenizer.max_seq_len",
            "dataset.packed",
            "batch_size",
            "gradient_accumulation_steps",
            "epochs",
            "max_steps_per_epoch",
            "lr_scheduler.num_warmup_steps",
        ],
        "llama-factory" => transformers("cutoff_len"),
        _ => transformers("max_length"),
    }
}

/// The choice as a diff of the file the present one was read from.
fn patch(sizing: &Sizing, prepared: &Prepared, trainer: &str) -> anyhow::Result<String> {
    let setup = &prepared.header.setup;
    let Some(choice) = &sizing.recommended else {
        return Err(UsageError("there is nothing to recommend, and so nothing to patch".to_owned()).into());
    };
    let said = |setting: &&Setting<f64>| !matches!(setting.origin, Origin::TrainerDefault(_) | Origin::Default);
    let (steps, ratio) = (&setup.run.warmup_steps, &setup.run.warmup_ratio);
    let warmup = steps.as_ref().filter(said).or(ratio.as_ref().filter(said));
    let is_ratio = warmup.is_some() && !steps.as_ref().is_some_and(|steps| said(&steps));
    let origins = [
        setup.max_length.as_ref().map(|setting| &setting.origin),
        setup.packing.as_ref().map(|setting| &setting.origin),
        Some(&setup.batch_size.origin),
        Some(&setup.grad_accum.origin),
        Some(&setup.epochs.origin),
        setup.max_steps.as_ref().map(|setting| &setting.origin),
        warmup.map(|setting| &setting.origin),
    ];
    let places: Vec<Option<(PathBuf, usize)>> = origins.iter().map(|origin| place((*origin)?)).collect();
    let Some(path) = places.iter().flatten().map(|(path, _)| path.clone()).next() else {
        return Err(UsageError(
            "--print-patch needs a config: none of the sizes was read from a file (name the trainer's YAML, or write \
             a gonogo.toml)"
                .to_owned(),
        )
        .into());
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    let keys = keys(trainer, is_toml);
    let mut changes = Vec::new();
    let now = &sizing.now;
    let mut change = |at: usize, key: &str, value: String| {
        let instead_of = (is_ratio && at == 6 && key != "warmup_ratio").then(|| "warmup_ratio".to_owned());
        let line = places[at]
            .as_ref()
            .filter(|(file, _)| *file == path)
            .map(|(_, line)| *line);
        changes.push(Change {
            key: key.to_owned(),
            instead_of,
            value,
            line,
        });
    };
    // LLaMA-Factory's packed sequences keep a token free.
    let free = u64::from(trainer == "llama-factory" && choice.packing.is_some());
    if choice.max_length != now.max_length || free > 0 && now.packing.is_none() {
        change(0, keys[0], (choice.max_length + free).to_string());
    }
    if choice.packing != now.packing {
        let value = match &choice.packing {
            Some(strategy) if is_toml => format!("\"{strategy}\""),
            packing => packing.is_some().to_string(),
        };
        change(1, keys[1], value);
    }
    if choice.batch_size != now.batch_size {
        change(2, keys[2], choice.batch_size.to_string());
    }
    if choice.grad_accum != now.grad_accum {
        change(3, keys[3], choice.grad_accum.to_string());
    }
    let whole = sizing
        .recommended_comes_to
        .as_ref()
        .filter(|outcome| outcome.steps.is_multiple_of(outcome.steps_per_epoch));
    if trainer == "torchtune" {
        // It has no max_steps for the whole run.
        if let Some(outcome) = whole {
            let epochs = outcome.steps / outcome.steps_per_epoch;
            change(4, keys[4], epochs.to_string());
        }
    } else if choice.max_steps != now.max_steps {
        change(5, keys[5], choice.max_steps.unwrap_or_default().to_string());
    }
    let warms = sizing.now_comes_to.as_ref().map(|outcome| outcome.warmup_steps);
    if choice.warmup_steps != warms
        && let Some(steps) = choice.warmup_steps
    {
        // From transformers 5.15 on there is no ratio.
        if is_ratio && setup.run.transformers.value < (5, 15) {
            #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
            let ratio = steps as f64 / choice.max_steps.unwrap_or(1).max(1) as f64;
            change(6, "warmup_ratio", format!("{ratio:.4}"));
        } else {
            change(6, keys[6], steps.to_string());
        }
    }
    // A nested key that is not there yet would need a place of its own.
    let (missing, changes): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|change| change.line.is_none() && change.key.contains('.'));
    if let Some(first) = missing.first() {
        return Err(UsageError(format!(
            "{} has no {}, which is to be {}: add it by hand",
            path.display(),
            first.key,
            first.value
        ))
        .into());
    }
    let format = if is_toml { Format::Toml } else { Format::Yaml };
    // `patch` refuses names that lead out of the folder it runs in.
    let here = std::env::current_dir().ok();
    let named = here.and_then(|here| path.strip_prefix(here).ok().map(PathBuf::from));
    let named = named.unwrap_or_else(|| path.clone());
    Ok(unified(&named.display().to_string(), &text, &changes, format))
}

/// The file and the line of a setting that was read from one.
fn place(origin: &Origin) -> Option<(PathBuf, usize)> {
    let Origin::File(at) = origin else { return None };
    let (path, line) = at.rsplit_once(':')?;
    Some((PathBuf::from(path), line.parse().ok()?))
}
