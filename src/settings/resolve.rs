//! Flags, environment and files to one set of settings, each with its origin.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use toml::Spanned;

use crate::finding::Level;
use crate::model::example::Shape;
use crate::model::setup::{Origin, Setting};
use crate::rule::lane::Options;

pub use super::environment::Environment;

use super::UsageError;
use super::cli::{DataArgs, FailArgs, FailOn, FileArgs, ModelArgs, RuleArgs, TrainArgs};
use super::config::{Config, Opened};
use super::environment;
use super::file::{File, Values};
use super::threshold::Threshold;

/// Everything the flags, environment and files say. `None` is for the trainer or the program to fill.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data: Vec<PathBuf>,
    /// The training config among what was named.
    pub config: Option<Box<Config>>,
    pub eval: Vec<PathBuf>,
    pub against: Vec<PathBuf>,
    pub shape: Option<Setting<Shape>>,
    pub columns: Vec<(String, String)>,
    pub max_row_bytes: Option<usize>,
    pub model: Option<Setting<String>>,
    pub chat_template: Option<Setting<PathBuf>>,
    /// The text of one, where a config holds it.
    pub chat_template_text: Option<Setting<String>>,
    pub now: Option<String>,
    pub verify_tokenizer: bool,
    pub trainer: Option<Setting<String>>,
    pub max_length: Option<Setting<usize>>,
    pub batch_size: Option<Setting<usize>>,
    pub grad_accum: Option<Setting<usize>>,
    pub world_size: Option<Setting<usize>>,
    pub epochs: Option<Setting<f64>>,
    pub max_steps: Option<Setting<u64>>,
    pub packing: Option<Setting<String>>,
    pub drop_last: Option<Setting<bool>>,
    pub scheduler: Option<Setting<String>>,
    pub warmup: Option<Setting<f64>>,
    pub learning_rate: Option<Setting<f64>>,
    pub seed: Option<Setting<u64>>,
    /// Version of transformers.
    pub transformers: Option<Setting<String>>,
    pub eval_steps: Option<Setting<f64>>,
    pub save_steps: Option<Setting<f64>>,
    /// A trainer's own options, by their own names.
    pub set: Vec<(String, String)>,
    pub site_packages: Option<PathBuf>,
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub warn_if: Vec<(String, Threshold)>,
    pub error_if: Vec<(String, Threshold)>,
    pub options: Options,
    /// File and line of each rule's options.
    pub option_places: BTreeMap<String, String>,
    /// The settings file, if one was read.
    pub file: Option<PathBuf>,
    pub strict: bool,
    pub fail_on: Option<Level>,
}

impl Settings {
    /// Every setting that was set, as name, value and origin, in the order of the help.
    pub fn lines(&self) -> Vec<(&'static str, String, String)> {
        fn line<T>(
            name: &'static str,
            setting: Option<&Setting<T>>,
            show: impl Fn(&T) -> String,
        ) -> Option<(&'static str, String, String)> {
            setting.map(|setting| (name, show(&setting.value), setting.origin.to_string()))
        }
        [
            line("shape", self.shape.as_ref(), |shape| shape.name().to_owned()),
            line("model", self.model.as_ref(), Clone::clone),
            line("chat-template", self.chat_template.as_ref(), |path| {
                path.display().to_string()
            }),
            line("trainer", self.trainer.as_ref(), Clone::clone),
            line("max-length", self.max_length.as_ref(), ToString::to_string),
            line("batch-size", self.batch_size.as_ref(), ToString::to_string),
            line("grad-accum", self.grad_accum.as_ref(), ToString::to_string),
            line("world-size", self.world_size.as_ref(), ToString::to_string),
            line("epochs", self.epochs.as_ref(), ToString::to_string),
            line("max-steps", self.max_steps.as_ref(), ToString::to_string),
            line("packing", self.packing.as_ref(), Clone::clone),
            line("drop-last", self.drop_last.as_ref(), ToString::to_string),
            line("scheduler", self.scheduler.as_ref(), Clone::clone),
            line("warmup", self.warmup.as_ref(), ToString::to_string),
            line("learning-rate", self.learning_rate.as_ref(), ToString::to_string),
            line("seed", self.seed.as_ref(), ToString::to_string),
            line("transformers", self.transformers.as_ref(), Clone::clone),
            line("eval-steps", self.eval_steps.as_ref(), ToString::to_string),
            line("save-steps", self.save_steps.as_ref(), ToString::to_string),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The flags of a command that reads data.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    pub data: &'a DataArgs,
    pub model: &'a ModelArgs,
    pub train: &'a TrainArgs,
    pub rules: Option<&'a RuleArgs>,
    pub fail: Option<&'a FailArgs>,
    pub files: &'a FileArgs,
    pub strict: bool,
}

impl<'a> Typed<'a> {
    /// Those of a command that checks no rules.
    pub fn without_rules(data: &'a DataArgs, model: &'a ModelArgs, train: &'a TrainArgs, files: &'a FileArgs) -> Self {
        Self {
            data,
            model,
            train,
            rules: None,
            fail: None,
            files,
            strict: false,
        }
    }
}

/// Flag, then environment, then file.
///
/// # Errors
///
/// If the settings file is at fault, or a value in the environment cannot be read.
pub fn resolve(typed: Typed<'_>, environment: &Environment) -> Result<Settings, UsageError> {
    let file = file(typed.files)?;
    let pick = Pick {
        environment,
        file: file.as_ref(),
    };
    let Typed { data, model, train, .. } = typed;
    let no_rules = RuleArgs::default();
    let rules = typed.rules.unwrap_or(&no_rules);
    let (paths, config) = configs(&data.data, environment)?;
    Ok(Settings {
        data: paths,
        eval: pick.list(&data.eval, |values| &values.eval),
        against: pick.list(&data.against, |values| &values.against),
        shape: pick.value(data.shape, "shape", |values| &values.shape, |_| None)?,
        columns: columns(&data.columns, pick.values()),
        max_row_bytes: data.max_row_bytes,
        model: pick.word(model.model.as_ref(), "model", |values| &values.model)?,
        chat_template: pick.path(model.chat_template.as_ref(), "chat-template", |values| {
            &values.chat_template
        })?,
        chat_template_text: None,
        now: model.now.clone(),
        verify_tokenizer: model.verify_tokenizer,
        trainer: pick
            .word(train.trainer.as_ref(), "trainer", |values| &values.trainer)?
            .or_else(|| config.as_deref().map(of_config)),
        config,
        max_length: pick.count(train.max_length, "max-length", |values| &values.max_length)?,
        batch_size: pick.count(train.batch_size, "batch-size", |values| &values.batch_size)?,
        grad_accum: pick.count(train.grad_accum, "grad-accum", |values| &values.grad_accum)?,
        world_size: pick.count(train.world_size, "world-size", |values| &values.world_size)?,
        epochs: pick.number(train.epochs, "epochs", |values| &values.epochs)?,
        max_steps: pick.number(train.max_steps, "max-steps", |values| &values.max_steps)?,
        packing: pick.word(train.packing.as_ref(), "packing", |values| &values.packing)?,
        drop_last: pick.number(train.drop_last.then_some(true), "drop-last", |values| &values.drop_last)?,
        scheduler: pick.word(train.scheduler.as_ref(), "scheduler", |values| &values.scheduler)?,
        warmup: pick.number(train.warmup, "warmup", |values| &values.warmup)?,
        learning_rate: sound(
            pick.number(train.learning_rate, "learning-rate", |values| &values.learning_rate)?,
            "learning-rate",
            |rate| *rate >= 0.0,
            "0 or more",
        )?,
        seed: pick.number(train.seed, "seed", |values| &values.seed)?,
        transformers: pick.word(train.transformers.as_ref(), "transformers", |values| {
            &values.transformers
        })?,
        eval_steps: pick.number(train.eval_steps, "eval-steps", |values| &values.eval_steps)?,
        save_steps: pick.number(train.save_steps, "save-steps", |values| &values.save_steps)?,
        set: train.set.clone(),
        site_packages: train.site_packages.clone(),
        select: pick.list(&rules.select, |values| &values.select),
        ignore: pick.list(&rules.ignore, |values| &values.ignore),
        warn_if: thresholds(&rules.warn_if, pick.values().map(|values| &values.warn_if))?,
        error_if: thresholds(&rules.error_if, pick.values().map(|values| &values.error_if))?,
        options: rules_of(pick.values())
            .map(|(rule, given)| (rule, given.get_ref().clone()))
            .collect(),
        option_places: file.as_ref().map_or_else(BTreeMap::new, option_places),
        strict: typed.strict || pick.values().is_some_and(|values| values.strict),
        fail_on: fail_on(typed.fail, &pick)?,
        file: file.map(|file| file.path),
    })
}

/// The settings file that is named, else the nearest.
fn file(args: &FileArgs) -> Result<Option<File>, UsageError> {
    match (&args.config, args.isolated) {
        (Some(path), _) => File::read(path).map(Some),
        (None, true) => Ok(None),
        (None, false) => match std::env::current_dir() {
            Ok(folder) => File::nearest(&folder),
            Err(_) => Ok(None),
        },
    }
}

/// The trainer that a config is one of.
fn of_config(config: &Config) -> Setting<String> {
    Setting {
        value: config.program.name().to_owned(),
        origin: Origin::File(config.path.display().to_string()),
    }
}

/// Tells the training config from the data.
fn configs(named: &[PathBuf], environment: &Environment) -> Result<(Vec<PathBuf>, Option<Box<Config>>), UsageError> {
    let (mut data, mut config) = (Vec::new(), None::<Box<Config>>);
    for path in named {
        match Config::open(path, &|name| environment.get(name).cloned())? {
            Opened::Data => data.push(path.clone()),
            Opened::Other(what) => {
                let path = path.display();
                return Err(UsageError(format!(
                    "{path} is {what}: it is neither data nor a training config"
                )));
            }
            Opened::Config(found) => {
                if let Some(first) = &config {
                    let (first, second) = (first.path.display(), path.display());
                    return Err(UsageError(format!(
                        "{first} and {second} are both training configs; name one"
                    )));
                }
                config = Some(found);
            }
        }
    }
    Ok((data, config))
}

/// The lowest level that fails; `None` where none does.
fn fail_on(args: Option<&FailArgs>, pick: &Pick<'_>) -> Result<Option<Level>, UsageError> {
    let typed = args.and_then(|args| args.fail_on).map(|level| match level {
        FailOn::Error => "error".to_owned(),
        FailOn::Warning => "warning".to_owned(),
        FailOn::Never => "never".to_owned(),
    });
    let word = pick.word(typed.as_ref(), "fail-on", |values| &values.fail_on)?;
    if args.is_some_and(|args| args.exit_zero) {
        return Ok(None);
    }
    match word.as_ref().map_or("error", |word| word.value.as_str()) {
        "error" => Ok(Some(Level::Error)),
        "warning" => Ok(Some(Level::Warning)),
        "never" => Ok(None),
        other => Err(UsageError(format!(
            "fail-on is `{other}`; it is one of error, warning, never"
        ))),
    }
}

fn columns(typed: &[(String, String)], file: Option<&Values>) -> Vec<(String, String)> {
    match file {
        Some(values) if typed.is_empty() => values.columns.clone().into_iter().collect(),
        _ => typed.to_vec(),
    }
}

/// The rules that a file has options for.
fn rules_of(values: Option<&Values>) -> impl Iterator<Item = (String, &Spanned<serde_json::Value>)> {
    let rules = values.into_iter().flat_map(|values| &values.rules);
    rules.map(|(rule, given)| (rule.clone(), given))
}

/// File and line of each rule's options.
fn option_places(file: &File) -> BTreeMap<String, String> {
    rules_of(Some(&file.values))
        .map(|(rule, given)| (rule, file.at(given.span())))
        .collect()
}

fn thresholds(
    typed: &[(String, String)],
    file: Option<&BTreeMap<String, String>>,
) -> Result<Vec<(String, Threshold)>, UsageError> {
    let file = file.into_iter().flatten();
    // The last of a rule wins, so the file comes first.
    file.chain(typed.iter().map(|(rule, threshold)| (rule, threshold)))
        .map(|(rule, threshold)| Ok((rule.clone(), threshold.parse().map_err(UsageError)?)))
        .collect()
}

/// Where a value may come from besides its flag.
struct Pick<'p> {
    environment: &'p Environment,
    file: Option<&'p File>,
}

impl<'p> Pick<'p> {
    fn values(&self) -> Option<&'p Values> {
        self.file.map(|file| &file.values)
    }

    /// What was typed, else what the file lists.
    fn list<T: Clone>(&self, typed: &[T], file: impl Fn(&Values) -> &Vec<T>) -> Vec<T> {
        match self.values() {
            Some(values) if typed.is_empty() => file(values).clone(),
            _ => typed.to_vec(),
        }
    }

    fn value<T: Clone>(
        &self,
        flag: Option<T>,
        key: &str,
        file: impl Fn(&Values) -> &Option<Spanned<T>>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Setting<T>>, UsageError> {
        if let Some(value) = flag {
            return Ok(Some(Setting {
                value,
                origin: Origin::Flag(format!("--{key}")),
            }));
        }
        let name = environment::variable(key);
        if let Some(text) = self.environment.get(&name) {
            let value =
                parse(text).ok_or_else(|| UsageError(format!("${name} is `{text}`, which is no value for {key}")))?;
            return Ok(Some(Setting {
                value,
                origin: Origin::Environment(name),
            }));
        }
        let Some(from) = self.file else { return Ok(None) };
        Ok(file(&from.values).as_ref().map(|value| Setting {
            value: value.get_ref().clone(),
            origin: Origin::File(from.at(value.span())),
        }))
    }

    fn number<T: Clone + FromStr>(
        &self,
        flag: Option<T>,
        key: &str,
        file: impl Fn(&Values) -> &Option<Spanned<T>>,
    ) -> Result<Option<Setting<T>>, UsageError> {
        self.value(flag, key, file, |text| text.trim().parse().ok())
    }

    /// A count that is no count where it is 0.
    fn count(
        &self,
        flag: Option<usize>,
        key: &str,
        file: impl Fn(&Values) -> &Option<Spanned<usize>>,
    ) -> Result<Option<Setting<usize>>, UsageError> {
        let count = self.number(flag, key, file)?;
        sound(count, key, |count| *count > 0, "at least 1")
    }

    fn word(
        &self,
        flag: Option<&String>,
        key: &str,
        file: impl Fn(&Values) -> &Option<Spanned<String>>,
    ) -> Result<Option<Setting<String>>, UsageError> {
        self.value(flag.cloned(), key, file, |text| Some(text.to_owned()))
    }

    fn path(
        &self,
        flag: Option<&PathBuf>,
        key: &str,
        file: impl Fn(&Values) -> &Option<Spanned<PathBuf>>,
    ) -> Result<Option<Setting<PathBuf>>, UsageError> {
        self.value(flag.cloned(), key, file, |text| Some(text.into()))
    }
}

fn sound<T: std::fmt::Display>(
    setting: Option<Setting<T>>,
    key: &str,
    is_sound: fn(&T) -> bool,
    must_be: &str,
) -> Result<Option<Setting<T>>, UsageError> {
    match setting {
        Some(Setting { value, origin }) if !is_sound(&value) => Err(UsageError(format!(
            "{key} is {value} ({origin}), and must be {must_be}"
        ))),
        setting => Ok(setting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(train: &TrainArgs, environment: &[(&str, &str)], toml: &str) -> Result<Settings, UsageError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("gonogo.toml");
        std::fs::write(&path, toml).expect("written");
        let environment = environment
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let files = FileArgs {
            config: Some(path),
            isolated: false,
        };
        let (data, model) = (DataArgs::default(), ModelArgs::default());
        resolve(Typed::without_rules(&data, &model, train, &files), &environment)
    }

    #[test]
    fn flag_beats_environment_beats_file() {
        let typed = TrainArgs {
            max_length: Some(1),
            ..TrainArgs::default()
        };
        let environment = [("GONOGO_MAX_LENGTH", "2"), ("GONOGO_BATCH_SIZE", "3")];
        let found = settings(&typed, &environment, "max-length = 4\nbatch-size = 5\nepochs = 6.0\n").expect("valid");
        let max_length = found.max_length.expect("set");
        assert_eq!(
            (max_length.value, max_length.origin),
            (1, Origin::Flag("--max-length".into()))
        );
        let batch_size = found.batch_size.expect("set");
        assert_eq!(
            (batch_size.value, batch_size.origin),
            (3, Origin::Environment("GONOGO_BATCH_SIZE".into()))
        );
        let Origin::File(at) = found.epochs.expect("set").origin else {
            panic!("from the file")
        };
        assert!(at.ends_with("gonogo.toml:3"), "{at}");
    }

    #[test]
    fn nonsense_in_the_environment_is_an_error() {
        let error = settings(&TrainArgs::default(), &[("GONOGO_MAX_LENGTH", "many")], "").expect_err("no number");
        assert!(error.0.contains("$GONOGO_MAX_LENGTH is `many`"), "{error}");
    }

    #[test]
    fn thresholds_are_shares_or_rows() {
        assert_eq!(">0.5%".parse(), Ok(Threshold::Share(0.005)));
        assert_eq!("> 20".parse(), Ok(Threshold::Rows(20)));
        assert!("20".parse::<Threshold>().is_err());
        assert!(Threshold::Rows(20).exceeded(21, 21) && !Threshold::Share(0.5).exceeded(1, 2));
    }
}
