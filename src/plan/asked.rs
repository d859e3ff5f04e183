//! The settings of a plan, read off a run as set up.

use serde_json::Value;
use thiserror::Error;

use crate::model::run::Family;
use crate::model::setup::Setup;

use super::axolotl::Basis;
use super::schedule::{OneCycle, Schedule, ScheduleError};
use super::warmup::{Warmup, WarmupError};
use super::{LARGEST_BATCH, PlanSettings, Trainer, whole};

/// Settings on which the trainer aborts before it plans anything.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AskedError {
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Warmup(#[from] WarmupError),
    /// accelerate: `ValueError` from `BatchSamplerShard`.
    #[error("with split_batches a batch of {batch} has to be a multiple of {world} ranks")]
    Unsplit { batch: u64, world: u64 },
}

impl PlanSettings {
    /// What a run asks for, by its own trainer's meaning of the settings. `packed` says whether its rows are packed.
    ///
    /// # Errors
    ///
    /// If the trainer knows no such schedule or refuses the warmup.
    pub fn of(setup: &Setup, packed: bool) -> Result<Self, AskedError> {
        let run = &setup.run;
        let version = run.transformers.value;
        let (steps, ratio) = (
            run.warmup_steps.as_ref().map(|steps| steps.value),
            run.warmup_ratio.as_ref().map(|ratio| ratio.value),
        );
        let name = run.scheduler.value.as_str();
        let asked = match run.family {
            Family::Transformers => Self {
                warmup: Warmup::transformers(version, steps, ratio)?,
                schedule: if setup.trainer.as_deref().is_some_and(|name| name.starts_with("llama")) {
                    Schedule::llama_factory(name, &run.scheduler_options, version)?
                } else {
                    Schedule::transformers(name, &run.scheduler_options, version)?
                },
                ..Self::transformers(version)
            },
            Family::Axolotl => {
                let drop_last = run.drop_last.value;
                let basis = if packed { Basis::Bins { drop_last } } else { Basis::Rows };
                Self {
                    warmup: Warmup::Axolotl {
                        steps: steps.map(whole),
                        ratio,
                    },
                    schedule: axolotl(setup)?,
                    ..Self::axolotl(version, basis)
                }
            }
            Family::Torchtune => Self {
                trainer: Trainer::Torchtune {
                    max_steps_per_epoch: run.steps_per_epoch.as_ref().map(|steps| steps.value),
                },
                warmup: Warmup::Steps(whole(steps.unwrap_or(0.0))),
                schedule: Schedule::transformers(name, &run.scheduler_options, version)?,
                ..Self::torchtune()
            },
        };
        // Bins are dealt out as full batches only, whatever is said.
        let bins = packed && run.family == Family::Axolotl;
        let mut asked = Self {
            // `Trainer._get_dataloader` passes it on for a set with a length only.
            drop_last: (run.drop_last.value && !run.streamed.value) || bins,
            streamed: run.streamed.value,
            learning_rate: run.learning_rate.value,
            ..asked.for_run(setup)
        };
        asked.counted = run
            .counted_batch
            .as_ref()
            .map(|rows| {
                (
                    rows.value.saturating_mul(asked.world_size),
                    setup.batch_size.value as u64,
                )
            })
            .filter(|(rows, _)| (1..=LARGEST_BATCH).contains(rows));
        asked.even_batches &= run.dealt.even_batches;
        if run.dealt.split_batches.is_some() && asked.world_size > 1 {
            asked.split_batches()?;
        }
        let real = run
            .packing_options
            .get("multipack_real_batches")
            .and_then(Value::as_bool);
        if bins && real != Some(true) {
            // A bin already holds the rows of a batch.
            asked.batch_size = 1;
        }
        Ok(asked)
    }

    /// accelerate 1.15.0 `BatchSamplerShard` with `split_batches`: the batch is shared among the ranks.
    fn split_batches(&mut self) -> Result<(), AskedError> {
        let (batch, world) = (self.batch_size, self.world_size);
        if !batch.is_multiple_of(world) {
            return Err(AskedError::Unsplit { batch, world });
        }
        self.batch_size = batch / world;
        Ok(())
    }
}

/// axolotl 0.19 `core/trainers/mixins/scheduler.py`.
fn axolotl(setup: &Setup) -> Result<Schedule, ScheduleError> {
    let run = &setup.run;
    let number = |name: &str| run.scheduler_options.get(name).and_then(Value::as_f64);
    let min_ratio = number("cosine_min_lr_ratio");
    match run.scheduler.value.as_str() {
        "one_cycle" => {
            let usual = OneCycle::default();
            Ok(Schedule::OneCycle(OneCycle {
                rising: number("pct_start"),
                linear: run.scheduler_options.get("anneal_strategy").and_then(Value::as_str) == Some("linear"),
                div_factor: number("div_factor").unwrap_or(usual.div_factor),
                final_div_factor: number("final_div_factor").unwrap_or(usual.final_div_factor),
            }))
        }
        "rex" => Ok(Schedule::Rex {
            min_ratio: min_ratio.unwrap_or(0.0),
        }),
        "cosine" => {
            let quadratic = run.scheduler_options.get("lr_quadratic_warmup") == Some(&Value::Bool(true));
            let own = Schedule::axolotl_cosine(quadratic, min_ratio, number("cosine_constant_lr_ratio"));
            match own {
                // What axolotl has no own schedule for is transformers', with its options.
                Schedule::Cosine { .. } => {
                    let mut options = run.scheduler_options.clone();
                    options.retain(|name, _| !OWN.contains(&name.as_str()));
                    Schedule::transformers("cosine", &options, run.transformers.value)
                }
                own => Ok(own),
            }
        }
        name => {
            let mut options = run.scheduler_options.clone();
            options.retain(|name, _| !OWN.contains(&name.as_str()));
            Schedule::transformers(name, &options, run.transformers.value)
        }
    }
}

/// Keys of an axolotl config that are no `lr_scheduler_kwargs`.
const OWN: &[&str] = &["cosine_min_lr_ratio", "cosine_constant_lr_ratio", "lr_quadratic_warmup"];
