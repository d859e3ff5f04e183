//! The planned run: flags first, then the trainer's own options, then what its config said, then its defaults.

mod method;
mod order;
mod own;
mod packing;

use serde_json::{Map, Value};

use crate::model::run::{Family, Run};
use crate::model::setup::{Origin, Regime, Setting, Setup};
use crate::settings::{Settings, UsageError};
use crate::trainer::version::Version;

use super::trainers::Asked;

use method::Method;
use own::Own;
pub(super) use own::is_about_the_run;
pub(super) use packing::{SIZES, pack};

/// The newest transformers whose arithmetic was read.
const NEWEST: (u32, u32) = (5, 23);

/// Fills in what was not said as a flag: the sizes in the setup, and its run. `entries` are what the config says of each
/// set.
///
/// # Errors
///
/// If an option of the trainer has a value of the wrong type, or the version of transformers is none.
pub fn complete(
    setup: &mut Setup,
    settings: &Settings,
    asked: Option<&Asked>,
    entries: &[Map<String, Value>],
) -> Result<(), UsageError> {
    let family = match asked.map(|asked| asked.family.name) {
        Some("axolotl") => Family::Axolotl,
        Some("torchtune") => Family::Torchtune,
        _ => Family::Transformers,
    };
    let config = setup.config.clone();
    let own = Own {
        settings,
        family,
        config: config.as_ref(),
        entries,
    };
    let default = || default(asked);
    if !flagged(&setup.batch_size)
        && let Some(given) = own.size(&own::BATCH_SIZE)?
    {
        setup.batch_size = given;
    } else if setup.batch_size.origin == Origin::Default {
        setup.batch_size = set(family.batch_size(), default());
    }
    if !flagged(&setup.grad_accum)
        && let Some(given) = own.size(&own::GRAD_ACCUM)?
    {
        setup.grad_accum = given;
    }
    if !flagged(&setup.epochs)
        && let Some(given) = own.number(&own::EPOCHS)?
    {
        setup.epochs = given;
    } else if setup.epochs.origin == Origin::Default && asked.is_some() {
        setup.epochs = set(family.epochs(), default());
    }
    if !setup.max_steps.as_ref().is_some_and(flagged)
        && let Some(given) = own.read(&own::MAX_STEPS, "whole number", Value::as_i64)?
    {
        // -1 is transformers' word for none.
        let steps = u64::try_from(given.value).ok().filter(|steps| *steps > 0);
        setup.max_steps = steps.map(|steps| set(steps, given.origin));
    }
    setup.packing = packing::packing(setup, settings, &own, asked)?;
    // What a config says is for the rules about configs.
    if let Some(packing) = setup.packing.as_ref().filter(|packing| flagged(packing))
        && setup.has_pairs()
    {
        let (word, origin) = (&packing.value, &packing.origin);
        return Err(UsageError(format!(
            "packing is {word} ({origin}), and no trainer packs preference rows"
        )));
    }
    setup.run = run(setup, settings, &own, asked)?;
    Ok(())
}

/// Without a trainer the defaults are those of this program, and nothing is said about them.
fn default(asked: Option<&Asked>) -> Origin {
    asked.map_or(Origin::Default, |asked| {
        Origin::TrainerDefault(format!("{} {}", asked.family.name, asked.version))
    })
}

/// Whether a value was set by a flag, which nothing else overrides.
fn flagged<T>(setting: &Setting<T>) -> bool {
    matches!(setting.origin, Origin::Flag(_))
}

fn set<T>(value: T, origin: Origin) -> Setting<T> {
    Setting { value, origin }
}

/// A setting from the first that has it.
macro_rules! first {
    ($default:expr, $($given:expr),+) => {
        None$(.or($given))+.unwrap_or_else(|| $default)
    };
}

fn run(setup: &Setup, settings: &Settings, own: &Own<'_>, asked: Option<&Asked>) -> Result<Run, UsageError> {
    let said = &setup.regime;
    let name = asked.map(|asked| asked.family.name);
    let default = || default(asked);
    let plain = Run::default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let transformers = transformers(said, settings, asked)?;
    let (warmup_steps, warmup_ratio) = warmup(said, settings, own, transformers.value)?;
    let drop_last = own.read(&own::DROP_LAST, "true or false", Value::as_bool)?;
    let method = Method::of(setup, own, asked);
    let method = method.zip(
        asked
            .map(|asked| asked.version)
            .or(own.config.map(|config| config.version)),
    );
    let usual_rate = method.map_or(plain.learning_rate.value, |(method, version)| {
        method.learning_rate(version)
    });
    // `data_seed` wins over `seed`, wherever each was set.
    let seed = settings
        .seed
        .clone()
        .or(own.count(&own::SEED)?)
        .or_else(|| said.seed.clone());
    let data_seed = own.count(&own::DATA_SEED)?.or_else(|| said.data_seed.clone());
    let data_seed = settings.seed.clone().or(data_seed);
    let mut arrival = order::arrival(
        setup,
        own,
        own.config.map(|config| config.program.as_str()).or(name),
        seed.as_ref().map_or(42, |seed| seed.value),
    );
    arrival.unknown = arrival.unknown.or_else(|| order::undealt(own));
    let usual_schedule = if own.family == Family::Transformers {
        "linear"
    } else {
        "cosine"
    };
    Ok(Run {
        family: own.family,
        trainer: asked.map(|asked| (asked.version.major, asked.version.minor)),
        counted_batch: own.count(&own::COUNTED_BATCH)?.or_else(|| order::counted_batch(own)),
        drop_last: first!(
            set(false, default()),
            settings.drop_last.clone(),
            drop_last,
            said.drop_last.clone()
        ),
        streamed: first!(plain.streamed, said.streaming.clone()),
        drawn: order::drawn(setup, own, method, transformers.value, default)?,
        seed: first!(set(42, default()), data_seed, seed),
        arrival,
        dealt: order::dealt(own),
        scheduler: first!(
            set(usual_schedule.to_owned(), default()),
            settings.scheduler.clone(),
            own.read(&own::SCHEDULER, "name", text)?,
            said.scheduler.clone()
        ),
        scheduler_options: scheduler_options(said, own)?,
        warmup_steps,
        warmup_ratio,
        learning_rate: first!(
            set(usual_rate, default()),
            settings.learning_rate.clone(),
            own.number(&own::LEARNING_RATE)?,
            said.learning_rate.clone()
        ),
        eval_steps: settings
            .eval_steps
            .clone()
            .or(own.number(&own::EVAL_STEPS)?)
            .or_else(|| said.eval_steps.clone()),
        save_steps: settings
            .save_steps
            .clone()
            .or(own.number(&own::SAVE_STEPS)?)
            .or_else(|| said.save_steps.clone()),
        logging_steps: own.number(&own::LOGGING_STEPS)?.or_else(|| said.logging_steps.clone()),
        steps_per_epoch: own
            .count(&own::STEPS_PER_EPOCH)?
            .or_else(|| said.max_steps_per_epoch.clone()),
        pad_to_multiple_of: own
            .named("pad_to_multiple_of")
            .and_then(|given| usize::try_from(given.value.as_u64()?).ok())
            .or(said.pad_to_multiple_of)
            .unwrap_or(1),
        packing_options: packing::options(said, own),
        transformers,
    })
}

/// `warmup_steps` and `warmup_ratio`. The one flag for both is steps from 1 on, else a share.
fn warmup(
    said: &Regime,
    settings: &Settings,
    own: &Own<'_>,
    transformers: (u32, u32),
) -> Result<(Option<Setting<f64>>, Option<Setting<f64>>), UsageError> {
    if let Some(given) = settings.warmup.clone() {
        // transformers 5 takes a share as warmup_steps.
        let is_share = given.value > 0.0 && given.value < 1.0;
        let as_steps = !is_share || own.family == Family::Transformers && transformers >= (5, 0);
        return Ok(if as_steps {
            (Some(given), None)
        } else {
            (None, Some(given))
        });
    }
    Ok((
        own.number(&own::WARMUP_STEPS)?.or_else(|| said.warmup_steps.clone()),
        own.number(&own::WARMUP_RATIO)?.or_else(|| said.warmup_ratio.clone()),
    ))
}

fn scheduler_options(said: &Regime, own: &Own<'_>) -> Result<Map<String, Value>, UsageError> {
    let mut options = match own.value(&own::SCHEDULER_OPTIONS) {
        Some(Setting {
            value: Value::Object(options),
            ..
        }) => options,
        Some(Setting { value, origin }) => {
            return Err(UsageError(format!("{origin} is {value}, which is no object")));
        }
        None => said
            .scheduler_kwargs
            .clone()
            .map_or_else(Map::new, |options| options.value),
    };
    if own.family == Family::Axolotl {
        for key in own::SCHEDULE_KEYS {
            if let Some(given) = own.named(key) {
                options.insert((*key).to_owned(), given.value);
            }
        }
    }
    Ok(options)
}

/// The version asked for, else the one known, else the one installed, else that which the trainer was made with.
fn transformers(said: &Regime, settings: &Settings, asked: Option<&Asked>) -> Result<Setting<(u32, u32)>, UsageError> {
    if let Some(given) = &settings.transformers {
        let version: Version = given.value.parse().map_err(UsageError)?;
        return Ok(set((version.major, version.minor), given.origin.clone()));
    }
    let installed = asked.and_then(Asked::transformers);
    let installed = installed.map(|version| (version.major, version.minor));
    if let Some(version) = said.transformers.or(installed) {
        return Ok(set(version, Origin::TrainerDefault("what is installed".to_owned())));
    }
    let version = match asked.map(|asked| (asked.family.name, asked.version.major)) {
        Some(("trl", 0)) => (4, 53),
        Some(("axolotl", _)) => (5, 16),
        Some(("llama-factory", _)) => (5, 6),
        _ => NEWEST,
    };
    Ok(set(version, Origin::Default))
}
