//! The trainer's own options about the run, by its own names.

use serde_json::{Map, Value};

use crate::command::trainers::value;
use crate::model::config::ConfigFacts;
use crate::model::run::Family;
use crate::model::setup::{Origin, Setting};
use crate::settings::{Settings, UsageError};

/// What a setting is called by transformers and what is built on it, by axolotl and by torchtune.
pub(super) struct Names([&'static [&'static str]; 3]);

pub(super) const BATCH_SIZE: Names = Names([&["per_device_train_batch_size"], &["micro_batch_size"], &["batch_size"]]);
pub(super) const COUNTED_BATCH: Names = Names([&[], &["batch_size"], &[]]);
pub(super) const GRAD_ACCUM: Names = Names([&["gradient_accumulation_steps"]; 3]);
pub(super) const EPOCHS: Names = Names([&["num_train_epochs"], &["num_epochs"], &["epochs"]]);
pub(super) const MAX_STEPS: Names = Names([&["max_steps"], &["max_steps"], &[]]);
pub(super) const STEPS_PER_EPOCH: Names = Names([&[], &[], &["max_steps_per_epoch"]]);
pub(super) const DROP_LAST: Names = Names([&["dataloader_drop_last"], &["dataloader_drop_last"], &[]]);
pub(super) const SCHEDULER: Names = Names([&["lr_scheduler_type"], &["lr_scheduler"], &[]]);
pub(super) const SCHEDULER_OPTIONS: Names = Names([&["lr_scheduler_kwargs"], &["lr_scheduler_kwargs"], &[]]);
pub(super) const WARMUP_STEPS: Names =
    Names([&["warmup_steps"], &["warmup_steps"], &["lr_scheduler.num_warmup_steps"]]);
pub(super) const WARMUP_RATIO: Names = Names([&["warmup_ratio"], &["warmup_ratio"], &[]]);
pub(super) const LEARNING_RATE: Names = Names([&["learning_rate"], &["learning_rate"], &["optimizer.lr"]]);
pub(super) const SEED: Names = Names([&["seed"]; 3]);
/// The sampler's own, where it has one.
pub(super) const DATA_SEED: Names = Names([&["data_seed"], &[], &[]]);
pub(super) const EVAL_STEPS: Names = Names([&["eval_steps"], &["eval_steps"], &[]]);
pub(super) const SAVE_STEPS: Names = Names([&["save_steps"], &["save_steps"], &[]]);
pub(super) const LOGGING_STEPS: Names = Names([&["logging_steps"], &["logging_steps"], &["log_every_n_steps"]]);
/// axolotl's own, which it passes to schedules of its own.
pub(super) const SCHEDULE_KEYS: &[&str] = &["cosine_min_lr_ratio", "cosine_constant_lr_ratio", "lr_quadratic_warmup"];

/// Whether an option decides about the run and not about its rows, so that who makes the rows does not know it.
pub(in crate::command) fn is_about_the_run(name: &str) -> bool {
    let of_the_run = [
        &GRAD_ACCUM,
        &EPOCHS,
        &MAX_STEPS,
        &STEPS_PER_EPOCH,
        &DROP_LAST,
        &SCHEDULER,
        &SCHEDULER_OPTIONS,
        &WARMUP_STEPS,
        &WARMUP_RATIO,
        &LEARNING_RATE,
        &SEED,
        &DATA_SEED,
        &EVAL_STEPS,
        &SAVE_STEPS,
        &LOGGING_STEPS,
    ];
    let others = ["group_by_length", "train_sampling_strategy", "curriculum_sampling"];
    if name == "accelerator_config" || name.starts_with("accelerator_config.") {
        return true;
    }
    let among = |names: &Names| names.0.iter().any(|names| names.contains(&name));
    of_the_run.into_iter().any(among) || SCHEDULE_KEYS.contains(&name) || others.contains(&name)
}

/// The options given.
pub(super) struct Own<'s> {
    pub(super) settings: &'s Settings,
    pub(super) family: Family,
    /// The config, if there is one.
    pub(super) config: Option<&'s ConfigFacts>,
    /// What it says of each set, under its program's own keys.
    pub(super) entries: &'s [Map<String, Value>],
}

impl Own<'_> {
    /// The first of the names that is set.
    pub(super) fn value(&self, names: &Names) -> Option<Setting<Value>> {
        let names = names.0[self.family as usize];
        names.iter().find_map(|name| self.named(name))
    }

    /// `null` counts as not set.
    pub(super) fn named(&self, name: &str) -> Option<Setting<Value>> {
        let given = self.settings.set.iter().rev().find(|(key, _)| key == name);
        let value = value(&given?.1);
        (!value.is_null()).then(|| Setting {
            value,
            origin: Origin::Flag(format!("--set {name}")),
        })
    }

    /// As the config has it, or its program by default.
    pub(super) fn configured(&self, name: &str) -> Option<Setting<Value>> {
        let found = self.config?.get(name)?;
        Some(Setting {
            value: found.value.clone(),
            origin: found.origin.clone(),
        })
    }

    /// By `--set`, else in the config. `null` counts as not set.
    pub(super) fn said(&self, name: &str) -> Option<Setting<Value>> {
        let given = self.named(name).or_else(|| self.configured(name))?;
        (!given.value.is_null()).then_some(given)
    }

    /// What stands under a key of an option that is an object.
    pub(super) fn within(&self, name: &str, key: &str) -> Option<Setting<Value>> {
        let whole = self.named(name);
        let inner = whole.and_then(|given| {
            Some(Setting {
                value: given.value.get(key)?.clone(),
                origin: given.origin,
            })
        });
        self.named(&format!("{name}.{key}"))
            .or(inner)
            .or_else(|| self.configured(&format!("{name}.{key}")))
    }

    /// Whether a switch is on, and where it was set.
    pub(super) fn on(&self, name: &str) -> Option<Origin> {
        let given = self.said(name)?;
        (given.value == Value::Bool(true)).then_some(given.origin)
    }

    /// A setting as the type it is to have.
    pub(super) fn read<T>(
        &self,
        names: &Names,
        wanted: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Setting<T>>, UsageError> {
        let Some(Setting { value, origin }) = self.value(names) else {
            return Ok(None);
        };
        match read(&value) {
            Some(value) => Ok(Some(Setting { value, origin })),
            None => Err(UsageError(format!("{origin} is {value}, which is no {wanted}"))),
        }
    }

    pub(super) fn count(&self, names: &Names) -> Result<Option<Setting<u64>>, UsageError> {
        self.read(names, "whole number", Value::as_u64)
    }

    pub(super) fn size(&self, names: &Names) -> Result<Option<Setting<usize>>, UsageError> {
        let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
        self.read(names, "whole number", size)
    }

    pub(super) fn number(&self, names: &Names) -> Result<Option<Setting<f64>>, UsageError> {
        // PyYAML reads `2e-5` as a string, and transformers then makes a number of it.
        self.read(names, "number", |value| match value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        })
    }
}
