//! Whose config a file is, by the keys only that program has.

use crate::model::example::Shape;

use super::schema::knows;
use super::tree::{Node, Value};

/// A program with configs of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Axolotl,
    LlamaFactory,
    /// Arguments of `trl sft`, `trl dpo` and their like, and of scripts that parse them the same way.
    Trl(Method),
    /// `TrainingArguments` alone, for a script of the user's own.
    Transformers,
    Torchtune,
}

/// Which of TRL's trainers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Sft,
    Dpo,
    Kto,
    Reward,
    Orpo,
    Cpo,
    Grpo,
    Rloo,
    Gkd,
    OnlineDpo,
}

impl Method {
    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, own)| *own == name)
            .map(|(method, _)| *method)
    }

    /// Those that train on rows of a shape.
    fn of_rows(shape: Shape) -> &'static [Self] {
        match shape {
            Shape::Preference => &[Self::Dpo, Self::Reward, Self::Orpo, Self::Cpo, Self::Kto],
            Shape::Kto => &[Self::Kto],
            _ => &[],
        }
    }

    const ALL: &[(Self, &'static str)] = &[
        (Self::Sft, "sft"),
        (Self::Dpo, "dpo"),
        (Self::Kto, "kto"),
        (Self::Reward, "reward"),
        (Self::Orpo, "orpo"),
        (Self::Cpo, "cpo"),
        (Self::Grpo, "grpo"),
        (Self::Rloo, "rloo"),
        (Self::Gkd, "gkd"),
        (Self::OnlineDpo, "online_dpo"),
    ];

    /// Its group in the table of keys, which is also its command.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(method, _)| *method == self)
            .map_or("sft", |(_, name)| *name)
    }
}

impl Program {
    /// As `--trainer` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axolotl => "axolotl",
            Self::LlamaFactory => "llama-factory",
            Self::Trl(_) => "trl",
            Self::Transformers => "transformers",
            Self::Torchtune => "torchtune",
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    Training(Program),
    /// Some other file, in words: `a DeepSpeed config`.
    Other(&'static str),
    Unknown,
}

/// Files that are no training configs, by keys of which all are there.
const OTHERS: &[(&[&str], &str)] = &[
    (&["zero_optimization"], "a DeepSpeed config"),
    (&["train_micro_batch_size_per_gpu"], "a DeepSpeed config"),
    (&["compute_environment"], "an accelerate launcher config"),
    (&["distributed_type", "num_processes"], "an accelerate launcher config"),
    (&["peft_type"], "a saved adapter's config"),
    (
        &[
            "lora_r",
            "lora_alpha",
            "lora_target_modules",
            "!datasets",
            "!dataset_name",
            "!dataset_mixture",
        ],
        "a LoRA config",
    ),
    (&["log_history"], "a trainer's saved state"),
    (&["model_type", "architectures"], "a model's config"),
    (&["tokenizer_class"], "a tokenizer's config"),
    (
        &["finetuning_type", "lora_rank", "!model_name_or_path"],
        "arguments saved by an older LLaMA-Factory",
    ),
    (&["instruct_data"], "a mistral-finetune config, which is not covered"),
    (
        &["seq_len", "model_id_or_path"],
        "a mistral-finetune config, which is not covered",
    ),
    (
        &["train_dataset", "model_class"],
        "a config of LLaMA-Factory v1, which is not covered",
    ),
    (
        &["sample_backend"],
        "a config of LLaMA-Factory v1, which is not covered",
    ),
    (
        &["model", "peft_config"],
        "a config of LLaMA-Factory v1, which is not covered",
    ),
    (
        &["train_dataset", "model"],
        "a config of LLaMA-Factory v1, which is not covered",
    ),
    (&["infer_backend", "!do_train"], "a LLaMA-Factory config for inference"),
    (
        &["export_dir", "model_name_or_path", "!do_train"],
        "a LLaMA-Factory config for merging",
    ),
    (&["provider", "gpu_count"], "an axolotl config for a cloud"),
    (&["gpu", "gpu_count", "!base_model"], "an axolotl config for a cloud"),
    (
        &["config", "env", "!base_model", "!model_name_or_path"],
        "a recorded run of a test",
    ),
];

/// Keys that only axolotl's schema asks for.
const AXOLOTL: &[&str] = &[
    "base_model",
    "sequence_len",
    "micro_batch_size",
    "sample_packing",
    "val_set_size",
];

/// Keys that LLaMA-Factory has and TRL's scripts have not.
const LLAMA_FACTORY: &[&str] = &[
    "finetuning_type",
    "cutoff_len",
    "template",
    "dataset_dir",
    "stage",
    "val_size",
];

/// Keys of the recipes of alignment-handbook and open-r1, which parse TRL's arguments with some of their own.
pub(super) const RECIPES: &[&str] = &[
    "dataset_mixture",
    "dataset_mixer",
    "dataset_splits",
    "dataset_configs",
    "preprocessing_num_workers",
    "auto_insert_empty_system_msg",
    "benchmarks",
    "callbacks",
    "chat_template",
    "hub_model_revision",
    "overwrite_hub_revision",
    "push_to_hub_revision",
    "system_prompt",
    "wandb_entity",
    "wandb_project",
    "wandb_run_group",
    "num_completions_to_print",
    "dataset_prompt_column",
    "reward_weights",
    "cosine_min_value_wrong",
    "cosine_max_value_wrong",
    "cosine_min_value_correct",
    "cosine_max_value_correct",
    "cosine_max_len",
    "repetition_n_grams",
    "repetition_max_penalty",
    "code_language",
    "code_provider",
    "e2b_router_url",
    "morph_router_url",
    "pass_rate_min",
    "pass_rate_max",
    "parallel_code_exec_per_proc",
    "piston_endpoint",
    "decontaminate",
];

/// What a file is, by what it holds; `name` is its path, which may say which of TRL's trainers it is for.
pub fn recognise(root: &Node, name: &str) -> Recognised {
    let Value::Map(entries) = &root.value else {
        return Recognised::Unknown;
    };
    if entries.is_empty() {
        return Recognised::Unknown;
    }
    let has = |key: &str| root.entry(key).is_some();
    let count = |keys: &[&str]| keys.iter().filter(|key| has(key)).count();
    let components = entries.iter().any(|entry| has_component(&entry.value));
    if components {
        return if has("optimizer") || has("epochs") {
            Recognised::Training(Program::Torchtune)
        } else {
            Recognised::Other("a torchtune config that trains nothing")
        };
    }
    let described = |entry: &super::tree::Entry| {
        ["file_name", "hf_hub_url", "ms_hub_url", "script_url", "cloud_file_name"]
            .iter()
            .any(|key| entry.value.entry(key).is_some())
    };
    if entries.iter().all(described) {
        return Recognised::Other("a dataset_info.json of LLaMA-Factory");
    }
    if has("base_model") && count(AXOLOTL) >= 2 || count(AXOLOTL) >= 3 || has("base_model") && has("datasets") {
        return Recognised::Training(Program::Axolotl);
    }
    for (keys, what) in OTHERS {
        let fits = |key: &&str| match key.strip_prefix('!') {
            Some(key) => !has(key),
            None => has(key),
        };
        if keys.iter().all(fits) {
            return Recognised::Other(what);
        }
    }
    let trained = count(&[
        "do_train",
        "dataset",
        "num_train_epochs",
        "max_steps",
        "per_device_train_batch_size",
    ]);
    if count(LLAMA_FACTORY) >= 2 {
        return if trained > 0 {
            Recognised::Training(Program::LlamaFactory)
        } else {
            Recognised::Other("a LLaMA-Factory config that trains nothing")
        };
    }
    let is_argument = |key: &str| knows("transformers", &["TrainingArguments"], key);
    let arguments = entries.iter().filter(|entry| is_argument(&entry.key)).count();
    let of_trl = |key: &str| {
        let groups = Method::ALL.iter().map(|(_, name)| *name);
        let groups: Vec<&str> = groups.chain(["script", "model", "mixture"]).collect();
        knows("trl", &groups, key) || RECIPES.contains(&key)
    };
    let own = entries
        .iter()
        .filter(|entry| of_trl(&entry.key) && !is_argument(&entry.key))
        .count();
    let scripts = count(&[
        "model_name_or_path",
        "dataset_name",
        "datasets",
        "dataset_mixture",
        "dataset_mixer",
    ]);
    // Half of the keys, so that a stray `seed` or `output_dir` makes no trainer of a file.
    let mostly = |number: usize| number * 2 >= entries.len();
    if own > 0 && mostly(own + arguments) && (scripts > 0 || arguments >= 2) && own + arguments >= 3 {
        return Recognised::Training(Program::Trl(method(root, name)));
    }
    if arguments >= 3 && mostly(arguments) {
        return Recognised::Training(Program::Transformers);
    }
    Recognised::Unknown
}

/// Whether an object names a component, at any depth.
fn has_component(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .any(|entry| entry.key == "_component_" || has_component(&entry.value)),
        Value::List(items) => items.iter().any(has_component),
        _ => false,
    }
}

/// The trainer a config of TRL's is for: `trl sft` and `trl dpo` read the same kind of file, so that only
/// keys that one of them has alone can tell, or the names of the file and its folders.
fn method(root: &Node, name: &str) -> Method {
    by_name(name).unwrap_or_else(|| by_keys(root))
}

/// Which of TRL's trainers rows of a shape are for, where the config was taken for another's, and neither its name nor
/// its keys say so.
pub(super) fn by_rows(root: &Node, name: &str, taken: Method, shape: Shape) -> Option<Method> {
    let fitting = Method::of_rows(shape);
    if by_name(name).is_some() || fitting.contains(&taken) {
        return None;
    }
    let of_any = |key: &str| Method::ALL.iter().any(|(_, method)| knows("trl", &[method], key));
    let has_all = |method: &&Method| {
        let keys = root.entries().iter().map(|entry| entry.key.as_str());
        let mut own = keys.filter(|key| of_any(key) && !knows("transformers", &["TrainingArguments"], key));
        own.all(|key| knows("trl", &[method.name(), "script", "model"], key))
    };
    fitting.iter().find(has_all).copied()
}

/// The trainer that the names of the file and its folders have.
fn by_name(name: &str) -> Option<Method> {
    let name = name.to_lowercase();
    // The name of the file counts most, then that of its folder, and so on.
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    (0..words.len()).rev().find_map(|at| {
        // `online_dpo` is none of the methods that its words name.
        let pair = at
            .checked_sub(1)
            .map(|before| format!("{}_{}", words[before], words[at]));
        pair.and_then(|pair| Method::named(&pair))
            .or_else(|| Method::named(words[at]))
    })
}

/// The trainer that alone has most of the keys.
fn by_keys(root: &Node) -> Method {
    let known = |method: &str, key: &str| knows("trl", &[method], key);
    let score = |method: &'static str| {
        root.entries()
            .iter()
            .filter(|entry| known(method, &entry.key) && !known("sft", &entry.key))
            .filter(|entry| !knows("transformers", &["TrainingArguments"], &entry.key))
            .count()
    };
    let sft = root
        .entries()
        .iter()
        .filter(|entry| known("sft", &entry.key) && !known("dpo", &entry.key))
        .filter(|entry| !knows("transformers", &["TrainingArguments"], &entry.key))
        .count();
    let best = Method::ALL
        .iter()
        .skip(1)
        .map(|(method, name)| (score(name), *method))
        .rev()
        .max_by_key(|(score, _)| *score);
    match best {
        Some((score, method)) if score > sft => method,
        _ => Method::Sft,
    }
}
