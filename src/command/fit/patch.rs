//! `gonogo fit --print-patch`: the recommended sizes, by the keys of the config's own program.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::command::prepare::Prepared;
use crate::fit::patch::{Change, Format, unified};
use crate::fit::{Outcome, Sizing};
use crate::model::setup::{Origin, Setting, Setup};
use crate::settings::UsageError;
use crate::trainer::trl::versions;

/// What the sizes are called.
struct Keys {
    /// `None` where the program has no such key: the user's own script decides.
    length: Option<&'static str>,
    packing: Option<&'static str>,
    batch: &'static str,
    accum: &'static str,
    epochs: &'static str,
    steps: &'static str,
    warmup: &'static str,
}

/// TRL's config classes that have a max_length.
const LENGTHS: &[&str] = &["sft", "dpo", "kto", "reward", "cpo", "orpo", "gkd", "online_dpo"];

impl Keys {
    const TOML: Self = Self {
        length: Some("max-length"),
        packing: Some("packing"),
        batch: "batch-size",
        accum: "grad-accum",
        epochs: "epochs",
        steps: "max-steps",
        warmup: "warmup",
    };
    const TRANSFORMERS: Self = Self {
        length: None,
        packing: None,
        batch: "per_device_train_batch_size",
        accum: "gradient_accumulation_steps",
        epochs: "num_train_epochs",
        steps: "max_steps",
        warmup: "warmup_steps",
    };

    /// Those of a config's program.
    fn of(program: &str, setup: &Setup) -> Self {
        let config = setup.config.as_ref();
        let written = |key: &str| config.is_some_and(|config| config.get(key).is_some());
        let method = config.map_or("", |config| config.method.as_str());
        match program {
            "axolotl" => Self {
                length: Some("sequence_len"),
                packing: Some("sample_packing"),
                batch: "micro_batch_size",
                epochs: "num_epochs",
                ..Self::TRANSFORMERS
            },
            "torchtune" => Self {
                length: Some("tokenizer.max_seq_len"),
                packing: Some("dataset.packed"),
                batch: "batch_size",
                epochs: "epochs",
                steps: "max_steps_per_epoch",
                warmup: "lr_scheduler.num_warmup_steps",
                ..Self::TRANSFORMERS
            },
            "llama-factory" => Self {
                length: Some("cutoff_len"),
                packing: Some("packing"),
                ..Self::TRANSFORMERS
            },
            "transformers" => Self::TRANSFORMERS,
            _ if !method.is_empty() && !LENGTHS.contains(&method) => Self::TRANSFORMERS,
            _ => Self {
                length: Some(if written("max_seq_length") {
                    "max_seq_length"
                } else {
                    "max_length"
                }),
                packing: Some("packing"),
                ..Self::TRANSFORMERS
            },
        }
    }
}

/// The file to change, and the changes to it.
struct Patch<'p> {
    setup: &'p Setup,
    path: PathBuf,
    is_toml: bool,
    changes: Vec<Change>,
}

impl Patch<'_> {
    fn change(&mut self, key: &str, value: String, set: Option<&Origin>) {
        self.replace(key, None, value, set);
    }

    /// A key in place of another, which `set` says where it stands.
    fn replace(&mut self, key: &str, instead_of: Option<&str>, value: String, set: Option<&Origin>) {
        let own = instead_of.unwrap_or(key);
        let written = self.setup.config.as_ref().and_then(|config| config.get(own));
        let line = written
            .map(|found| &found.origin)
            .and_then(|origin| self.line(origin))
            .or_else(|| self.line(set?));
        self.changes.push(Change {
            key: key.to_owned(),
            instead_of: instead_of.map(str::to_owned),
            value,
            line,
        });
    }

    /// The line an origin names, if it is of this file.
    fn line(&self, origin: &Origin) -> Option<usize> {
        let (path, line) = place(origin)?;
        (path == self.path).then_some(line)
    }
}

/// The choice as a diff of the file the present one was read from.
pub(super) fn patch(sizing: &Sizing, prepared: &Prepared, trainer: &str) -> anyhow::Result<String> {
    let setup = &prepared.header.setup;
    let Some(choice) = &sizing.recommended else {
        let why = sizing.not_recommended.as_deref().unwrap_or("no run");
        return Err(UsageError(format!("there is nothing to recommend, and so nothing to patch: {why}")).into());
    };
    let path = file(setup)?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let ends = |ending: &str| path.extension().is_some_and(|own| own == ending);
    if ends("json") {
        return Err(UsageError(format!(
            "{} is JSON, and only YAML and TOML are patched",
            path.display()
        ))
        .into());
    }
    let is_toml = ends("toml");
    let program = setup.config.as_ref().map_or(trainer, |config| config.program.as_str());
    let keys = if is_toml { Keys::TOML } else { Keys::of(program, setup) };
    let mut patch = Patch {
        setup,
        path,
        is_toml,
        changes: Vec::new(),
    };
    let now = &sizing.now;
    // LLaMA-Factory's packed sequences keep a token free.
    let free = u64::from(trainer == "llama-factory" && choice.packing.is_some());
    if choice.max_length != now.max_length || free > 0 && now.packing.is_none() {
        let set = setup.max_length.as_ref().map(|setting| &setting.origin);
        let length = choice.max_length + free;
        match keys.length {
            Some(key) => patch.change(key, length.to_string(), set),
            None => tell(&format!(
                "TrainingArguments have no max_length: {length} is for the script to set"
            )),
        }
    }
    if choice.packing != now.packing {
        let set = setup.packing.as_ref().map(|setting| &setting.origin);
        match (keys.packing, &choice.packing) {
            (Some(key), Some(strategy)) if is_toml => patch.change(key, format!("\"{strategy}\""), set),
            (Some(key), packing) => patch.change(key, packing.is_some().to_string(), set),
            (None, _) => tell("the config has no key for packing: it is for the script to switch on"),
        }
        if let (Some(strategy), "trl", false) = (&choice.packing, program, is_toml) {
            self::strategy(&mut patch, strategy);
        }
    }
    if choice.batch_size != now.batch_size {
        patch.change(
            keys.batch,
            choice.batch_size.to_string(),
            Some(&setup.batch_size.origin),
        );
    }
    if choice.grad_accum != now.grad_accum {
        let other = setup.config.as_ref().and_then(|config| config.get("batch_size"));
        if let (Some(other), "axolotl", false) = (other, program, is_toml) {
            return Err(UsageError(format!(
                "gradient_accumulation_steps is to be {}, and axolotl stops where batch_size ({}) stands beside it: \
                 take that out first",
                choice.grad_accum, other.origin
            ))
            .into());
        }
        patch.change(
            keys.accum,
            choice.grad_accum.to_string(),
            Some(&setup.grad_accum.origin),
        );
    }
    if let Some(outcome) = &sizing.recommended_comes_to {
        length(&mut patch, &keys, sizing, outcome);
        intervals(&mut patch, sizing, outcome);
    }
    warmup(&mut patch, &keys, sizing, program);
    // A nested key that is not there yet would need a place of its own.
    let missing = patch
        .changes
        .iter()
        .find(|change| change.line.is_none() && change.key.contains('.'));
    if let Some(first) = missing {
        return Err(UsageError(format!(
            "{} has no {}, which is to be {}: add it by hand",
            patch.path.display(),
            first.key,
            first.value
        ))
        .into());
    }
    let format = if is_toml { Format::Toml } else { Format::Yaml };
    let named = named(&patch.path);
    let diff = unified(&named, &text, &patch.changes, format).map_err(UsageError)?;
    Ok(diff)
}

/// The file the sizes were read from; the config, where none of them stands in a file.
fn file(setup: &Setup) -> Result<PathBuf, UsageError> {
    let run = &setup.run;
    let origins = [
        setup.max_length.as_ref().map(|setting| &setting.origin),
        setup.packing.as_ref().map(|setting| &setting.origin),
        Some(&setup.batch_size.origin),
        Some(&setup.grad_accum.origin),
        Some(&setup.epochs.origin),
        setup.max_steps.as_ref().map(|setting| &setting.origin),
        run.warmup_steps.as_ref().map(|setting| &setting.origin),
        run.warmup_ratio.as_ref().map(|setting| &setting.origin),
    ];
    let first = origins.into_iter().flatten().find_map(place).map(|(path, _)| path);
    first
        .or_else(|| Some(PathBuf::from(&setup.config.as_ref()?.path)))
        .ok_or_else(|| {
            UsageError(
                "--print-patch needs a config: none of the sizes was read from a file (name the trainer's YAML, or \
                 write a gonogo.toml)"
                    .to_owned(),
            )
        })
}

/// `packing_strategy`, where another stands there, or is TRL's own choice.
fn strategy(patch: &mut Patch<'_>, strategy: &str) {
    let Some(config) = &patch.setup.config else { return };
    let written = config.get("packing_strategy");
    let usual = versions::features(config.version).map_or("bfd", |features| features.packing);
    let stands = written.and_then(|found| found.value.as_str()).unwrap_or(usual);
    if stands != strategy {
        patch.change("packing_strategy", strategy.to_owned(), None);
    }
}

/// How long the run is: steps, and the epochs they come to where a number of epochs stands beside them.
fn length(patch: &mut Patch<'_>, keys: &Keys, sizing: &Sizing, outcome: &Outcome) {
    let setup = patch.setup;
    let epochs = Some(&setup.epochs.origin);
    let Some(choice) = &sizing.recommended else { return };
    let Some(steps) = choice.max_steps else {
        // torchtune has no max_steps for the whole run.
        if (choice.epochs - sizing.now.epochs).abs() > f64::EPSILON {
            patch.change(keys.epochs, choice.epochs.to_string(), epochs);
        }
        return;
    };
    if Some(steps) != sizing.now.max_steps {
        let set = setup.max_steps.as_ref().map(|setting| &setting.origin);
        patch.change(keys.steps, steps.to_string(), set);
    }
    // They would be said to be ignored.
    let stands = patch.line(&setup.epochs.origin).is_some();
    if stands && (outcome.epochs - setup.epochs.value).abs() > 0.01 * setup.epochs.value {
        let text = format!("{:.4}", outcome.epochs);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        patch.change(keys.epochs, text.to_owned(), epochs);
    }
}

/// Evaluations, checkpoints and lines of the log that a shorter run would not come to: once, at its end.
fn intervals(patch: &mut Patch<'_>, sizing: &Sizing, outcome: &Outcome) {
    let run = &patch.setup.run;
    let intervals = [
        ("eval_steps", &run.eval_steps),
        ("save_steps", &run.save_steps),
        ("logging_steps", &run.logging_steps),
    ];
    #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
    let (steps, before) = (
        outcome.steps as f64,
        sizing.now_comes_to.as_ref().map_or(0.0, |now| now.steps as f64),
    );
    for (name, interval) in intervals {
        let Some(Setting { value, origin }) = interval else {
            continue;
        };
        let stands = patch.line(origin).is_some();
        if *value > steps && (stands || *value <= before) {
            let key = if patch.is_toml {
                name.replace('_', "-")
            } else {
                name.to_owned()
            };
            patch.change(&key, outcome.steps.to_string(), Some(origin));
        }
    }
}

fn warmup(patch: &mut Patch<'_>, keys: &Keys, sizing: &Sizing, program: &str) {
    let run = &patch.setup.run;
    let said = |setting: &&Setting<f64>| !matches!(setting.origin, Origin::TrainerDefault(_) | Origin::Default);
    let set = run
        .warmup_steps
        .as_ref()
        .filter(said)
        .or(run.warmup_ratio.as_ref().filter(said));
    let is_ratio = set.is_some() && !run.warmup_steps.as_ref().is_some_and(|steps| said(&steps));
    let warms = sizing.now_comes_to.as_ref().map(|outcome| outcome.warmup_steps);
    let choice = sizing.recommended.as_ref();
    let of = sizing.recommended_comes_to.as_ref().map(|outcome| outcome.steps);
    let Some((steps, of)) = choice.and_then(|choice| choice.warmup_steps).zip(of) else {
        return;
    };
    let origin = set.map(|setting| &setting.origin);
    if Some(steps) == warms && Some(of) == sizing.now_comes_to.as_ref().map(|now| now.steps) {
        return;
    }
    if Some(steps) == warms && !is_ratio {
        return;
    }
    // From transformers 5.15 on there is no ratio.
    if is_ratio && (program == "axolotl" || run.transformers.value < (5, 15)) && !patch.is_toml {
        match ratio(steps, of, program == "axolotl") {
            Some(ratio) => patch.change("warmup_ratio", ratio, origin),
            None => patch.replace(keys.warmup, Some("warmup_ratio"), steps.to_string(), origin),
        }
    } else if is_ratio && !patch.is_toml {
        patch.replace(keys.warmup, Some("warmup_ratio"), steps.to_string(), origin);
    } else {
        patch.change(keys.warmup, steps.to_string(), origin);
    }
}

/// The shortest ratio that comes to so many steps: transformers rounds up, axolotl down.
#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
fn ratio(steps: u64, of: u64, rounds_down: bool) -> Option<String> {
    let (steps, of) = (steps as f64, of.max(1) as f64);
    let comes_to = |ratio: f64| {
        let exact = ratio * of;
        let rounded = if rounds_down { exact.floor() } else { exact.ceil() };
        (rounded - steps).abs() < 0.5
    };
    (1..=12).find_map(|digits: u8| {
        let unit = 10f64.powi(i32::from(digits));
        let near = (steps / of * unit).round();
        [near, near - 1.0, near + 1.0]
            .into_iter()
            .map(|units| format!("{:.*}", usize::from(digits), units / unit))
            .find(|text| text.parse().is_ok_and(|ratio| ratio >= 0.0 && comes_to(ratio)))
    })
}

/// What a diff cannot say, for whoever watches.
fn tell(words: &str) {
    let _ = writeln!(anstream::stderr(), "note: {words}");
}

/// `patch` refuses names that lead out of the folder it runs in.
fn named(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(PathBuf::from));
    below.unwrap_or_else(|| path.to_owned()).display().to_string()
}

/// The file and the line of a setting that was read from one.
fn place(origin: &Origin) -> Option<(PathBuf, usize)> {
    let Origin::File(at) = origin else { return None };
    let (path, line) = at.rsplit_once(':')?;
    Some((PathBuf::from(path), line.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_comes_to_the_very_steps() {
        // 20.1 rounded up.
        assert_eq!(ratio(21, 201, false).as_deref(), Some("0.1"));
        assert_eq!(ratio(21, 201, true).as_deref(), Some("0.105"));
        assert_eq!(ratio(30, 1000, false).as_deref(), Some("0.03"));
        assert_eq!(ratio(0, 10, false).as_deref(), Some("0.0"));
        for steps in 2..200u32 {
            for of in [201u32, 999, 1407] {
                let text = ratio(u64::from(steps), u64::from(of), false).expect("a ratio");
                let ratio: f64 = text.parse().expect("a number");
                let comes_to = (ratio * f64::from(of)).ceil();
                assert!((comes_to - f64::from(steps)).abs() < 0.5, "{steps} of {of}: {text}");
            }
        }
    }
}
