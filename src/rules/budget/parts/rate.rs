//! What a learning rate is for: the optimizer it is given to, the weights it moves, and where the schedule takes it.

use crate::model::config::ConfigFacts;
use crate::model::setup::Setup;

/// The weights that are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules::budget) enum Trained {
    All,
    /// By a method that compares answers: DPO, KTO, ORPO and their like.
    AllOnPreferences,
    Adapter,
    /// A script's own choice, or a model trained from the start.
    Unknown,
}

impl Trained {
    pub(in crate::rules::budget) fn of(setup: &Setup) -> Self {
        let Some(config) = &setup.config else {
            return Self::Unknown;
        };
        let text = |key: &str| {
            config
                .get(key)
                .and_then(|found| found.value.as_str())
                .unwrap_or_default()
        };
        let adapted = match config.program.as_str() {
            "axolotl" => config.on("adapter").is_some() || config.on("relora").is_some(),
            // `lora` is the default.
            "llama-factory" => !matches!(text("finetuning_type"), "full" | "freeze"),
            "trl" => config.on("use_peft").is_some(),
            "torchtune" => text("model._component_").contains("lora"),
            // `TrainingArguments` say nothing of it.
            _ => return Self::Unknown,
        };
        let from_the_start = ["pretraining_dataset", "train_from_scratch"]
            .iter()
            .any(|key| config.on(key).is_some());
        match adapted {
            true => Self::Adapter,
            false if from_the_start || text("stage") == "pt" => Self::Unknown,
            false if on_preferences(config) => Self::AllOnPreferences,
            false => Self::All,
        }
    }
}

fn on_preferences(config: &ConfigFacts) -> bool {
    const METHODS: &[&str] = &["dpo", "ipo", "kto", "orpo", "simpo", "cpo"];
    let loss = config.get("loss._component_").and_then(|loss| loss.value.as_str());
    METHODS.contains(&config.method.as_str()) || loss.is_some_and(|loss| loss.contains(".DPOLoss"))
}

/// Whether weights move by about the rate in each step, so that rates can be compared: Adam and what is made after it.
pub(in crate::rules::budget) fn is_adam(setup: &Setup) -> bool {
    let Some(config) = &setup.config else { return true };
    // LLaMA-Factory's optimizers, which read the rate in ways of their own.
    let others = ["use_muon", "use_galore", "use_apollo", "use_badam"];
    if others.iter().any(|key| config.on(key).is_some()) {
        return false;
    }
    let names = ["optim", "optimizer", "optimizer._component_"];
    let named = names.iter().find_map(|key| config.get(key)?.value.as_str());
    named.is_none_or(|name| {
        let name = name.to_lowercase();
        // Schedule-free optimizers are given several times the rate.
        name.contains("adam") && !name.contains("schedule_free")
    })
}

/// The lowest rate that the schedule is told to end at, and the option that says so.
pub(in crate::rules::budget) fn lowest(setup: &Setup) -> Option<(&'static str, f64)> {
    let run = &setup.run;
    let number = |key: &str| run.scheduler_options.get(key)?.as_f64();
    let of_share = |name, share: f64| (name, share * run.learning_rate.value);
    match run.scheduler.value.as_str() {
        "cosine_with_min_lr" | "cosine_warmup_with_min_lr" => number("min_lr")
            .map(|rate| ("min_lr", rate))
            .or_else(|| number("min_lr_rate").map(|share| of_share("min_lr_rate", share))),
        "cosine" => number("cosine_min_lr_ratio").map(|share| of_share("cosine_min_lr_ratio", share)),
        _ => None,
    }
}
