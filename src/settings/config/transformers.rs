//! What every program around transformers' `Trainer` shares: the length of a run and its learning rate.

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
    (found.value > 0.0).then(|| Setting {
        value: found.value as u64,
        origin: found.origin,
    })
}

pub(super) fn regime(reader: &Reader<'_>, transformers: Version) -> Regime {
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
    }
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
