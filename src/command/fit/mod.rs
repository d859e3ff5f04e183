//! `gonogo fit`: lengths, packing, batches and steps, sized to the data.

mod patch;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;

use crate::cache::Cache;
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

use super::bar::with_bar;
use super::prepare::{Prepared, prepare};
use super::run::SIZES;
use super::{Outcome, cache, output};

/// Tokens no row has: encoding with this limit cuts nothing.
const NO_LIMIT: usize = 1 << 30;

pub fn run(args: &FitArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let prepared = ready(args, environment)?;
    let setup = &prepared.header.setup;
    let trainer = setup.trainer.as_deref().unwrap_or_default();
    let trainer = trainer.split('@').next().unwrap_or_default();
    let goal = goal(args, setup);
    let encodings = Encodings {
        args,
        environment,
        cache: cache::wanted(&args.cache, environment),
        raises: RefCell::default(),
    };
    let cuts_up = prepared.encoder.as_ref().is_some_and(|encoder| encoder.cuts_up());
    let found = if prefix(trainer) && !cuts_up {
        let rows = encodings.uncut()?;
        let side = side(trainer, &prepared.trainer_options);
        let at = |limit: Option<u32>| rows.cut_to(limit.unwrap_or(u32::MAX - 1), side);
        sized(setup, &at, trainer, &goal)
    } else {
        encodings.sized_anew(setup, trainer, &goal)?
    };
    if found.rows == 0 {
        return Err(UsageError(no_rows(setup, encodings.raises.into_inner())).into());
    }
    show(&found, &prepared, trainer, args)?;
    Ok(if found.recommended.is_some() {
        Outcome::Go
    } else {
        Outcome::NoGo
    })
}

/// The run that is asked for, if it is one that can be sized.
fn ready(args: &FitArgs, environment: &Environment) -> anyhow::Result<Prepared> {
    let refuse = |why: &str| Err(UsageError(why.to_owned()).into());
    if args.data.data.iter().any(|path| path.as_os_str() == "-") {
        return refuse("fit reads the data more than once, and standard input can be read once");
    }
    let prepared = prepare(settings(args, environment)?, environment, None)?
        .made_as_flagged()?
        .rendered()?;
    if prepared.encoder.is_none() {
        return refuse("fit counts tokens: give the tokenizer with -m");
    }
    if prepared.header.setup.shapes.contains(&Some(Shape::Preference)) {
        return refuse("fit sizes runs over rows of one sequence, and preference rows have two");
    }
    if args.hours.is_some() && args.tokens_per_sec.is_none() && args.step_time.is_none() {
        return refuse("--hours needs --tokens-per-sec or --step-time to tell how long a step takes");
    }
    Ok(prepared)
}

/// The data as it is encoded under other settings than those that were asked for.
struct Encodings<'e> {
    args: &'e FitArgs,
    environment: &'e Environment,
    cache: Option<Cache>,
    /// What the trainer raises where there is no row it takes.
    raises: RefCell<Option<String>>,
}

impl Encodings<'_> {
    fn rows(&self, change: impl FnOnce(&mut Settings)) -> anyhow::Result<Rows> {
        let mut settings = settings(self.args, self.environment)?;
        change(&mut settings);
        let prepared = prepare(settings, self.environment, None)?;
        let marks = prepared.marks.clone();
        let rows = cache::rows(self.cache.as_ref(), prepared, |prepared| {
            scan(prepared, self.args.quiet)
        });
        marks.hold()?;
        *self.raises.borrow_mut() = rows.raises().map(str::to_owned);
        Ok(rows)
    }

    /// The rows encoded without a limit, from which follows what any limit cuts.
    fn uncut(&self) -> anyhow::Result<Rows> {
        self.rows(|settings| {
            settings.max_length = Some(limit(NO_LIMIT));
            settings.packing = None;
            settings.set.retain(|(key, _)| !SIZES.contains(&key.as_str()));
        })
    }

    /// Sizes a run of a trainer that cuts a row turn by turn, or makes several rows of it: each length is encoded anew, by
    /// the trainer's own code.
    fn sized_anew(&self, setup: &Setup, trainer: &str, goal: &Goal) -> anyhow::Result<Sizing> {
        let candidates = RefCell::new(BTreeMap::<Option<u32>, Kept>::new());
        let failure = RefCell::new(None);
        let at = |most: Option<u32>| {
            if let Some(kept) = candidates.borrow().get(&most) {
                return kept.clone();
            }
            let tokens = most.map_or(NO_LIMIT, |most| most as usize);
            let rows = self.rows(|settings| settings.max_length = Some(limit(tokens)));
            let kept = match rows {
                Ok(rows) => rows.as_encoded(),
                Err(error) => {
                    failure.borrow_mut().get_or_insert(error);
                    Kept::default()
                }
            };
            candidates.borrow_mut().insert(most, kept.clone());
            kept
        };
        let found = sized(setup, &at, trainer, goal);
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }
}

/// A `max_length` that nobody asked for.
fn limit(value: usize) -> Setting<usize> {
    Setting {
        value,
        origin: Origin::Default,
    }
}

/// Prints what was found, or what it changes in the config.
fn show(found: &Sizing, prepared: &Prepared, trainer: &str, args: &FitArgs) -> anyhow::Result<()> {
    let mut out = output::stdout(args.color);
    if args.print_patch {
        let diff = patch::patch(found, prepared, trainer)?;
        out.write_all(diff.as_bytes())?;
    } else {
        match args.format {
            ShowFormat::Auto => sizing::render(found, output::width(), &mut out)?,
            ShowFormat::Json => {
                json::pretty(found, &mut out)?;
                writeln!(out)?;
            }
        }
    }
    Ok(out.flush()?)
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
        holdout: None,
        ..prepared.scan(&progress, None)
    };
    let sets = vec![Rows::default(); scan.workers];
    let mut rows = with_bar(&progress, prepared.size(), quiet, || scan.gather(readers, sets));
    rows.sort();
    rows
}
