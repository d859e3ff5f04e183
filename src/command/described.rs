//! The run a training config describes: read at the version it will run with, and put under the flags.

use std::path::PathBuf;

use crate::model::config::{Fault, FaultKind};
use crate::model::setup::{Origin, Setting, Setup};
use crate::model::version::Version;
use crate::settings::config::{Method, Program, Run, Versions};
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError};
use crate::trainer::SitePackages;

use super::data::Data;
use super::trainers::Asked;

/// The newest transformers whose arguments were read.
const TRANSFORMERS: Version = Version::new(5, 23, 0);

/// Reads the config, if there is one, and fills in what no flag, variable or settings file says.
///
/// # Errors
///
/// If another trainer is asked for than the config's.
pub fn read(
    settings: &mut Settings,
    asked: Option<&Asked>,
    environment: &Environment,
) -> Result<Option<Run>, UsageError> {
    let Some(mut config) = settings.config.take() else {
        if settings.world_size.is_none() && asked.is_some() {
            settings.world_size = world(environment);
        }
        return Ok(None);
    };
    let own = config.program.name();
    if let Some(asked) = asked.filter(|asked| asked.family.name != own) {
        let unsloth = config.program == Program::Transformers || matches!(config.program, Program::Trl(_));
        if !(unsloth && matches!(asked.family.name, "unsloth" | "trl" | "transformers")) {
            return Err(UsageError(format!(
                "{} is a config of {own}, and the trainer asked for is {}",
                config.path.display(),
                asked.family.name
            )));
        }
    }
    if let (Program::Trl(_), Some(named)) = (config.program, named(settings)?) {
        config.program = Program::Trl(named);
    }
    let run = config.at(
        versions(config.program, &Given::from(&*settings), asked, environment),
        &settings.set,
    );
    settings.config = Some(config);
    fill(settings, &run, environment);
    Ok(Some(run))
}

/// The one of TRL's trainers that `--set trainer_type` names.
fn named(settings: &Settings) -> Result<Option<Method>, UsageError> {
    let Some((_, name)) = settings.set.iter().rev().find(|(key, _)| key == "trainer_type") else {
        return Ok(None);
    };
    let method = Method::named(name);
    method.map(Some).ok_or_else(|| {
        UsageError(format!(
            "--set trainer_type={name}: TRL has no such trainer; it is one of sft, dpo, kto, reward"
        ))
    })
}

/// Reads the config as that of the trainer its rows are for, where it may be of several; `unfilled` are the settings as
/// they were before it was read first.
///
/// # Errors
///
/// As [`read`].
pub fn follow_rows(
    settings: &mut Settings,
    mut unfilled: Settings,
    data: &Data,
    asked: Option<&Asked>,
    environment: &Environment,
) -> Result<Option<(Run, String)>, UsageError> {
    let (Some(layout), Some(config), None) = (data.trained(), &mut unfilled.config, named(settings)?) else {
        return Ok(None);
    };
    if !config.follow(layout.shape) {
        return Ok(None);
    }
    let run = read(&mut unfilled, asked, environment)?;
    *settings = unfilled;
    Ok(run.map(|run| {
        let note = format!(
            "{} may be of several of TRL's trainers, and the columns are those of {}: another is named by \
             --set trainer_type=sft|dpo|kto|reward",
            run.facts.path, run.facts.method
        );
        (run, note)
    }))
}

/// What a user said of the libraries.
#[derive(Default)]
pub(super) struct Given {
    site_packages: Option<PathBuf>,
    transformers: Option<Version>,
}

impl From<&Settings> for Given {
    fn from(settings: &Settings) -> Self {
        let transformers = settings.transformers.as_ref();
        Self {
            site_packages: settings.site_packages.clone(),
            transformers: transformers.and_then(|given| given.value.parse().ok()),
        }
    }
}

/// The versions asked for or installed, else those that go together.
pub(super) fn versions(program: Program, given: &Given, asked: Option<&Asked>, environment: &Environment) -> Versions {
    let packages = SitePackages::of(given.site_packages.clone(), |key| environment.get(key).cloned());
    let given = given.transformers;
    let known = given.or_else(|| packages.version("transformers"));
    let (version, transformers) = match program {
        Program::Axolotl => (Version::new(0, 19, 0), Version::new(5, 16, 1)),
        Program::LlamaFactory => (Version::new(0, 9, 5), Version::new(5, 6, 0)),
        Program::Trl(_) => (Version::new(1, 16, 0), TRANSFORMERS),
        Program::Transformers => (TRANSFORMERS, TRANSFORMERS),
        Program::Torchtune => (Version::new(0, 6, 1), TRANSFORMERS),
    };
    let program = asked.map_or(version, |asked| asked.version);
    // TRL of 2025 ran with transformers 4.
    let transformers = if program.major == 0 && version.major == 1 {
        Version::new(4, 53, 3)
    } else {
        transformers
    };
    Versions {
        program,
        transformers: known.unwrap_or(transformers),
    }
}

fn fill(settings: &mut Settings, run: &Run, environment: &Environment) {
    fn or<T: Clone>(slot: &mut Option<T>, value: &Option<T>) {
        if slot.is_none() {
            slot.clone_from(value);
        }
    }
    or(&mut settings.model, &run.model);
    or(&mut settings.max_length, &run.max_length);
    or(&mut settings.batch_size, &run.batch_size);
    or(&mut settings.grad_accum, &run.grad_accum);
    or(&mut settings.epochs, &run.epochs);
    or(&mut settings.max_steps, &run.max_steps);
    or(&mut settings.world_size, &run.world_size);
    or(&mut settings.world_size, &world(environment));
    if let (None, Some(template)) = (&settings.chat_template, &run.template) {
        let beside = settings.config.as_ref().and_then(|config| config.path.parent());
        let own = PathBuf::from(&template.value);
        let path = beside
            .map(|folder| folder.join(&own))
            .filter(|path| !own.is_file() && path.is_file());
        let path = path.unwrap_or(own);
        if template.value.contains(['{', '\n']) {
            settings.chat_template_text = Some(template.clone());
        } else if path.is_file() {
            settings.chat_template = Some(Setting {
                value: path,
                origin: template.origin.clone(),
            });
        }
    }
}

/// The number of processes, as launchers tell the programs they start.
fn world(environment: &Environment) -> Option<Setting<usize>> {
    let value = environment.get("WORLD_SIZE")?.trim().parse().ok()?;
    Some(Setting {
        value,
        origin: Origin::Environment("WORLD_SIZE".to_owned()),
    })
}

/// Puts what the config says of the run into the setup.
pub fn complete(setup: &mut Setup, run: &Run) {
    setup.regime = run.regime.clone();
    setup.packing.clone_from(&run.packing);
    setup.config = Some(run.facts.clone());
}

/// Adds something the trainer raises before the first row.
pub fn refused(setup: &mut Setup, message: String) {
    if let Some(facts) = &mut setup.config {
        let told = |fault: &Fault| {
            matches!(
                fault.kind,
                FaultKind::WrongType | FaultKind::Retyped | FaultKind::Invalid
            )
        };
        // A value of a wrong type is refused for what it is, and said to be; so is what a validator refuses.
        if facts.faults.iter().any(told) {
            return;
        }
        facts.faults.push(Fault {
            kind: FaultKind::Refused,
            key: String::new(),
            at: facts.path.clone(),
            message,
        });
    }
}
