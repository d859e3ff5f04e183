//! Schedules by the names and options transformers knows them by.
//!
//! Source: transformers `optimization.py` `get_scheduler` and the functions it calls, in the releases named in
//! [`steps`](crate::plan::steps).

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Curve, Least, Schedule, Stages, WarmupStableDecay};

/// A schedule on which the trainer aborts.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScheduleError {
    #[error("this version of transformers knows no lr_scheduler_type `{0}`")]
    Unknown(String),
    #[error("lr_scheduler_type `{schedule}` takes no `{option}`")]
    NoOption { schedule: &'static str, option: String },
    #[error("lr_scheduler_type `{schedule}` needs `{option}` in lr_scheduler_kwargs")]
    Missing {
        schedule: &'static str,
        option: &'static str,
    },
    #[error("lr_scheduler_kwargs has `{option}: {value}`, which is not {wanted}")]
    Not {
        option: &'static str,
        value: String,
        wanted: &'static str,
    },
    #[error("min_lr and min_lr_rate are both set, and only one of them may be")]
    TwoMinima,
    #[error("lr_end ({end}) is not below the learning rate ({peak})")]
    EndAbovePeak { end: f64, peak: f64 },
    #[error("warmup takes all {0} steps, and this schedule then divides by 0")]
    AllWarmup(u64),
    #[error("warmup takes {warmup} of {steps} steps, which this schedule refuses")]
    WarmupBeyondEnd { warmup: u64, steps: u64 },
    #[error("warmup takes 1 step, and this schedule then divides by 0")]
    WarmupOfOne,
}

impl Schedule {
    /// The schedule that transformers of version `(major, minor)` makes of `lr_scheduler_type` and
    /// `lr_scheduler_kwargs`.
    ///
    /// # Errors
    ///
    /// If it raises on them.
    pub fn transformers(name: &str, options: &Map<String, Value>, version: (u32, u32)) -> Result<Self, ScheduleError> {
        let given = |schedule| Given { schedule, options };
        match name {
            // These two are made without the options, whatever they are.
            "constant" => Ok(Self::Constant),
            "constant_with_warmup" => Ok(Self::ConstantWithWarmup),
            "linear" => given("linear").only(&[]).map(|_| Self::Linear),
            "cosine" => {
                let given = given("cosine").only(&["num_cycles"])?;
                Ok(Self::Cosine {
                    cycles: given.number("num_cycles")?.unwrap_or(0.5),
                })
            }
            "cosine_with_restarts" => {
                let given = given("cosine_with_restarts").only(&["num_cycles"])?;
                Ok(Self::CosineWithRestarts {
                    cycles: given.number("num_cycles")?.unwrap_or(1.0),
                })
            }
            "polynomial" => {
                let given = given("polynomial").only(&["lr_end", "power"])?;
                Ok(Self::Polynomial {
                    end: given.number("lr_end")?.unwrap_or(1e-7),
                    power: given.number("power")?.unwrap_or(1.0),
                })
            }
            // Its options are passed on since 5.4, and were ignored before.
            "inverse_sqrt" if version < (5, 4) => Ok(Self::InverseSqrt { timescale: None }),
            "inverse_sqrt" => {
                let timescale = given("inverse_sqrt").only(&["timescale"])?.number("timescale")?;
                match timescale {
                    Some(scale) if scale <= 0.0 => Err(not("timescale", &scale, "a number above 0")),
                    timescale => Ok(Self::InverseSqrt { timescale }),
                }
            }
            "cosine_with_min_lr" => {
                let given = given("cosine_with_min_lr").only(&["num_cycles", "min_lr", "min_lr_rate"])?;
                Ok(Self::CosineWithMin {
                    min: given.least()?,
                    cycles: given.number("num_cycles")?.unwrap_or(0.5),
                })
            }
            "cosine_warmup_with_min_lr" if version >= (4, 54) => {
                let given = given("cosine_warmup_with_min_lr").only(&[
                    "num_cycles",
                    "min_lr",
                    "min_lr_rate",
                    "warmup_lr_rate",
                ])?;
                Ok(Self::CosineWarmupWithMin {
                    min: given.least()?,
                    cycles: given.number("num_cycles")?.unwrap_or(0.5),
                    first: given.number("warmup_lr_rate")?,
                })
            }
            "warmup_stable_decay" => given("warmup_stable_decay").stable(version),
            "reduce_lr_on_plateau" => Ok(Self::ByMetric),
            "greedy" if version >= (5, 4) => Ok(Self::ByMetric),
            other => Err(ScheduleError::Unknown(other.to_owned())),
        }
    }

    /// The same as LLaMA-Factory 0.9.5 makes it (`train/trainer_utils.py` `create_custom_scheduler`), which fills in
    /// the lengths of `warmup_stable_decay` that are not given.
    ///
    /// # Errors
    ///
    /// If it raises on them.
    pub fn llama_factory(name: &str, options: &Map<String, Value>, version: (u32, u32)) -> Result<Self, ScheduleError> {
        if name != "warmup_stable_decay" {
            return Self::transformers(name, options, version);
        }
        let given = Given {
            schedule: "warmup_stable_decay",
            options,
        };
        let stages = Stages::Thirds {
            stable: given.steps("num_stable_steps")?,
            decay: given.steps("num_decay_steps")?,
        };
        given.stable_in(stages, version >= (4, 49))
    }
}

fn not(option: &'static str, value: &impl ToString, wanted: &'static str) -> ScheduleError {
    ScheduleError::Not {
        option,
        value: value.to_string(),
        wanted,
    }
}

/// The options given for a schedule.
#[derive(Clone, Copy)]
struct Given<'a> {
    schedule: &'static str,
    options: &'a Map<String, Value>,
}

impl Given<'_> {
    /// Refuses any option but these, as a Python function refuses a keyword it has no parameter for.
    fn only(self, known: &[&str]) -> Result<Self, ScheduleError> {
        match self.options.keys().find(|option| !known.contains(&option.as_str())) {
            Some(option) => Err(ScheduleError::NoOption {
                schedule: self.schedule,
                option: option.clone(),
            }),
            None => Ok(self),
        }
    }

    /// `None` where the option is not given, or is null.
    fn number(self, option: &'static str) -> Result<Option<f64>, ScheduleError> {
        match self.options.get(option) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => Err(not(option, value, "a number")),
            },
        }
    }

    fn steps(self, option: &'static str) -> Result<Option<u64>, ScheduleError> {
        match self.options.get(option) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(steps) => Ok(Some(steps)),
                None => Err(not(option, value, "a number of steps")),
            },
        }
    }

    fn needed(self, option: &'static str) -> Result<u64, ScheduleError> {
        self.steps(option)?.ok_or(ScheduleError::Missing {
            schedule: self.schedule,
            option,
        })
    }

    fn curve(self, option: &'static str, default: Curve) -> Result<Curve, ScheduleError> {
        match self.options.get(option) {
            None => Ok(default),
            Some(value) => match value.as_str() {
                Some("linear") => Ok(Curve::Linear),
                Some("cosine") => Ok(Curve::Cosine),
                Some("1-sqrt") => Ok(Curve::Root),
                _ => Err(not(option, value, "one of linear, cosine, 1-sqrt")),
            },
        }
    }

    fn least(self) -> Result<Least, ScheduleError> {
        match (self.number("min_lr")?, self.number("min_lr_rate")?) {
            (Some(_), Some(_)) => Err(ScheduleError::TwoMinima),
            (Some(rate), None) => Ok(Least::Rate(rate)),
            (None, Some(share)) => Ok(Least::Share(share)),
            (None, None) => Err(ScheduleError::Missing {
                schedule: self.schedule,
                option: "min_lr_rate",
            }),
        }
    }

    /// Before 4.49 both lengths were needed, and each part had one shape only.
    fn stable(self, version: (u32, u32)) -> Result<Schedule, ScheduleError> {
        let shapes = version >= (4, 49);
        let stages = match (self.steps("num_stable_steps")?, self.needed("num_decay_steps")?) {
            (Some(stable), decay) => Stages::Both { stable, decay },
            (None, decay) if shapes => Stages::Decay(decay),
            (None, _) => {
                return Err(ScheduleError::Missing {
                    schedule: self.schedule,
                    option: "num_stable_steps",
                });
            }
        };
        self.stable_in(stages, shapes)
    }

    fn stable_in(self, stages: Stages, shapes: bool) -> Result<Schedule, ScheduleError> {
        let known = [
            "num_decay_steps",
            "num_stable_steps",
            "min_lr_ratio",
            "num_cycles",
            "warmup_type",
            "decay_type",
        ];
        let given = self.only(if shapes { &known } else { &known[..4] })?;
        Ok(Schedule::WarmupStableDecay(WarmupStableDecay {
            stages,
            warmup: given.curve("warmup_type", Curve::Linear)?,
            decay: given.curve("decay_type", Curve::Cosine)?,
            min_ratio: given.number("min_lr_ratio")?.unwrap_or(0.0),
            rises_from_min: shapes,
            cycles: given.number("num_cycles")?.unwrap_or(0.5),
        }))
    }
}
