//! `gonogo fit`: lengths, packing, batches and steps, sized to the data.

mod patch;

use std::cell::RefCell;
use std::io::Write;

use crate::fit::{Case, Choice, Goal, Sizing, Untrained, size};
use crate::measure::{Kept, Rows, Side};
use crate::model::config::FaultKind;
use crate::model::example::Shape;
use crate::model::setup::{Origin, Setting, Setup};
use crate::report::{json, sizing};
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
    let prepared = prepare(settings(args, environment)?, environment, None)?
        .made()?
        .rendered()?;
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
    if args.hours.is_some() && args.tokens_per_sec.is_none() && args.step_time.is_none() {
        return Err(UsageError(
            "--hours needs --tokens-per-sec or --step-time to tell how long a step takes".to_owned(),
        )
        .into());
    }
    let quiet = args.quiet;
    let trainer = setup.trainer.clone().unwrap_or_default();
    let name = trainer.split('@').next().unwrap_or_default().to_owned();
    let goal = goal(args, setup);
    let cache = cache::wanted(&args.cache, environment);
    // What the trainer raises where there is no row it takes.
    let raises = RefCell::new(None);
    let looked_at = |rows: Rows| {
        *raises.borrow_mut() = rows.raises().map(str::to_owned);
        rows
    };
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
        let rows = looked_at(rows);
        let side = side(&name, &prepared.trainer_options);
        let at = |limit: Option<u32>| rows.cut_to(limit.unwrap_or(u32::MAX - 1), side);
        sized(setup, &at, &name, &goal)
    } else {
        // These cut a row turn by turn, so each length is encoded anew, by the trainer's own code.
        let candidates = RefCell::new(std::collections::BTreeMap::<Option<u32>, Kept>::new());
        let failure = RefCell::new(None);
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
                let rows = cache::rows(cache.as_ref(), prepared, |prepared| scan(prepared, quiet));
                Ok(looked_at(rows).as_encoded())
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
        return Err(UsageError(no_rows(setup, raises.into_inner())).into());
    }
    let mut out = output::stdout(args.color);
    if args.print_patch {
        let diff = patch::patch(&found, &prepared, &name)?;
        out.write_all(diff.as_bytes())?;
    } else {
        match args.format {
            ShowFormat::Auto => sizing::render(&found, output::width(), &mut out)?,
            ShowFormat::Json => {
                json::pretty(&found, &mut out)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    Ok(if found.recommended.is_some() {
        Outcome::Go
    } else {
        Outcome::NoGo
    })
}

/// Why there are none: what the trainer raises on the first of them, or before it.
fn no_rows(setup: &Setup, raises: Option<String>) -> String {
    let refused = setup.config.as_ref().and_then(|config| {
        let mut refused = config.faults(FaultKind::Refused);
        refused.next().map(|fault| fault.message.clone())
    });
    let raised = || {
        let trainer = setup.trainer.as_deref().unwrap_or("the template");
        raises.map(|words| format!("{trainer} raises {words}"))
    };
    match refused.or_else(raised) {
        Some(why) => format!("there are no rows to size a run for: {why}"),
        None => "there are no rows to size a run for".to_owned(),
    }
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

/// The way to pack that could be switched on, by who trains on what.
fn can_pack(setup: &Setup, trainer: &str, version: (u32, u32)) -> Option<&'static str> {
    if setup.shapes.contains(&Some(Shape::Kto)) {
        return None;
    }
    let config = setup.config.as_ref();
    let program = config.map_or(trainer, |config| config.program.as_str());
    let method = config.map_or("", |config| config.method.as_str());
    match (program, method) {
        ("axolotl", "sft" | "") => Some("multipack"),
        ("llama-factory", "pt") => Some("blocks"),
        ("llama-factory", "sft" | "") => Some("knapsack"),
        ("torchtune", _) => Some("in-order"),
        // Packing in TRL loses the masks before.
        ("trl", "sft" | "") => Some("bfd").filter(|_| version >= (0, 20)),
        ("transformers", _) => Some("bfd").filter(|_| trainer != "transformers"),
        // Trainers on pairs, and on what the model says.
        ("axolotl" | "llama-factory" | "trl", _) => None,
        _ => Some("bfd"),
    }
}

fn sized(setup: &Setup, rows: &dyn Fn(Option<u32>) -> Kept, trainer: &str, goal: &Goal) -> Sizing {
    let version = setup.run.trainer.unwrap_or((1, 16));
    let case = Case {
        setup,
        rows,
        can_pack: can_pack(setup, trainer, version),
        untrained: match trainer {
            "trl" if version >= (1, 0) => Untrained::LeftOutAlone,
            "axolotl" => Untrained::LeftOutPacked,
            _ => Untrained::Kept,
        },
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
