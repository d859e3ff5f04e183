//! What every program around transformers' `Trainer` shares: the length of a run and its learning rate.

use serde_json::{Map, Value as Json};

use crate::model::setup::{Regime, Setting};
use crate::model::version::Version;

use super::reader::Reader;

/// The number of steps where one is set, which then wins over the epochs: not -1, nor 0.
pub(super) fn max_steps(reader: &Reader<'_>) -> Option<Setting<u64>> {
    let found = reader.get::<f64>("max_steps")?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and far below 2^53"
    )]
    (found.value > 0.0).then_some(Setting {
        value: found.value as u64,
        origin: found.origin,
    })
}

pub(super) fn regime(reader: &Reader<'_>, transformers: Version) -> Regime {
    let by_steps = |strategy: &str, steps: &str| {
        let is = reader.text(strategy).is_some_and(|strategy| strategy == "steps");
        is.then(|| reader.get(steps)).flatten()
    };
    Regime {
        transformers: Some((transformers.major, transformers.minor)),
        learning_rate: reader.get("learning_rate"),
        scheduler: reader.get("lr_scheduler_type"),
        scheduler_kwargs: reader.get("lr_scheduler_kwargs"),
        warmup_steps: reader.get("warmup_steps"),
        warmup_ratio: reader.get("warmup_ratio"),
        drop_last: reader.get("dataloader_drop_last"),
        seed: reader.get("seed"),
        data_seed: reader.get("data_seed"),
        shuffle: None,
        streaming: None,
        max_steps_per_epoch: None,
        held_out: None,
        eval_batch_size: reader.get("per_device_eval_batch_size"),
        group_by_length: reader.get("group_by_length"),
        eval_steps: by_steps("eval_strategy", "eval_steps"),
        save_steps: by_steps("save_strategy", "save_steps"),
        logging_steps: by_steps("logging_strategy", "logging_steps"),
        pad_to_multiple_of: reader.get("pad_to_multiple_of").map(|found| found.value),
        packing_options: given(reader, &["preprocessing_batch_size", "preprocessing_num_workers"]),
    }
}

/// Options that were given, by their names.
pub(super) fn given(reader: &Reader<'_>, keys: &[&str]) -> Map<String, Json> {
    let found = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), reader.given(key)?.value)));
    found.filter(|(_, value)| !value.is_null()).collect()
}

/// Defaults worth showing with every config of a `Trainer`.
pub(super) const DEFAULTS: &[&str] = &[
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "num_train_epochs",
    "max_steps",
    "learning_rate",
    "lr_scheduler_type",
    "warmup_steps",
    "warmup_ratio",
    "dataloader_drop_last",
    "seed",
];
