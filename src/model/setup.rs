//! What is the same for every row of a run: the tokenizer's facts, the trainer's choices, the plan.
//!
//! Rules read it instead of importing tokenizers or trainers. It holds facts, not machinery.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::PartTaken;
use super::config::ConfigFacts;
use super::dumped::DumpFacts;
use super::example::Shape;
use super::run::Run;
use crate::place::Place;

/// A value and where it was set, so that a finding can name the line to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value that nobody set.
    pub fn of_nobody(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }
}

/// Where a setting came from, from the strongest to the weakest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "from", content = "at")]
pub enum Origin {
    /// A command-line flag, by its name.
    Flag(String),
    /// An environment variable, by its name.
    Environment(String),
    /// A line of a file: `gonogo.toml:3`, `axolotl.yaml:33`.
    File(String),
    /// What the trainer does when nothing is said, by the trainer's name and version.
    TrainerDefault(String),
    /// Read off the model folder.
    Model(String),
    /// What this program does when nothing is said.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Environment(name) => write!(f, "${name}"),
            Self::File(at) => f.write_str(at),
            Self::TrainerDefault(trainer) => write!(f, "default of {trainer}"),
            Self::Model(file) => f.write_str(file),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A named special token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Special {
    pub text: String,
    /// `None` where the vocabulary does not hold it.
    pub id: Option<u32>,
}

/// What rules may know of the tokenizer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerFacts {
    pub bos: Option<Special>,
    pub eos: Option<Special>,
    pub pad: Option<Special>,
    pub unk: Option<Special>,
    /// Every special token, text and id, in order of id.
    pub specials: Vec<(String, u32)>,
    /// Ids in the tokenizer, added tokens included: one past the highest.
    pub size: usize,
    /// `vocab_size` of the model's config.json, if there is one.
    pub model_vocab: Option<usize>,
    /// Whether the trainer gives the model a row for every id of the tokenizer.
    pub resized: bool,
    /// `eos_token_id` of config.json, and of generation_config.json; each may list several.
    pub model_eos: Vec<u32>,
    pub generation_eos: Vec<u32>,
    /// Ids of `<0x00>`..`<0xFF>`, where the model falls back to bytes.
    pub byte_tokens: Vec<u32>,
    /// Whether a plain text gets a BOS from the post-processor.
    pub adds_bos: bool,
    /// Whether a plain text gets an EOS from the post-processor.
    pub adds_eos: bool,
    /// Whether the model's own chat template writes a BOS, be it used or not.
    pub template_has_bos: bool,
    /// What stands in angle or square brackets in the model's own chat templates, in order.
    pub template_marks: Vec<String>,
    /// How many positions the model has, where its config says so.
    pub positions: Option<Positions>,
}

/// The positions of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    pub count: usize,
    /// The key of config.json: `max_position_embeddings`.
    pub key: String,
    /// Whether they stand in a table, which has none beyond; else they are worked out for any length.
    pub is_table: bool,
}

impl TokenizerFacts {
    /// The ids at which the model stops when it generates, and the file that says so; none where nobody does.
    pub fn stops(&self) -> (&'static str, &[u32]) {
        if self.generation_eos.is_empty() {
            ("config.json", &self.model_eos)
        } else {
            ("generation_config.json", &self.generation_eos)
        }
    }

    /// The text of a special token; `None` for any other id.
    pub fn special(&self, id: u32) -> Option<&str> {
        let found = self.specials.binary_search_by_key(&id, |(_, special)| *special).ok()?;
        Some(self.specials[found].0.as_str())
    }
}

/// Tokens a trainer looks for to tell what is trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The option that names it: `response_template`.
    pub name: String,
    /// As the user gave it; `None` where that was ids.
    pub text: Option<String>,
    pub ids: Vec<u32>,
}

/// What a trainer's way of packing does that is not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackingFlaw {
    /// Masks are gone once rows are packed, so that prompts are trained; what to do instead.
    LosesMask(String),
    /// Rows of a sequence are seen by each other, or are cut; what to do instead.
    CrossesRows(String),
}

/// How a row's tokens are made, in words a rule can ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lengths {
    /// Counted with the tokenizer.
    Exact,
    /// Estimated from bytes, because there is no tokenizer.
    Estimated,
}

/// What the run's settings say of its learning rate and of the order and number of its batches, beside
/// the sizes in [`Setup`]. `None` is what nobody said: the trainer's default, for whoever plans the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// `(major, minor)` of the transformers that runs the training, where that is known.
    pub transformers: Option<(u32, u32)>,
    /// The highest learning rate.
    pub learning_rate: Option<Setting<f64>>,
    /// `lr_scheduler_type`, `lr_scheduler`: the trainer's own name of the schedule.
    pub scheduler: Option<Setting<String>>,
    /// `lr_scheduler_kwargs`, and what axolotl and LLaMA-Factory make of keys of their own.
    pub scheduler_kwargs: Option<Setting<serde_json::Map<String, serde_json::Value>>>,
    /// Steps; below 1 a share of them, from transformers 5 on.
    pub warmup_steps: Option<Setting<f64>>,
    /// A share of the steps.
    pub warmup_ratio: Option<Setting<f64>>,
    /// Whether the rows of a last batch that is not full are left out.
    pub drop_last: Option<Setting<bool>>,
    pub seed: Option<Setting<u64>>,
    /// The sampler's seed, where it is another.
    pub data_seed: Option<Setting<u64>>,
    /// Whether the order of rows is drawn anew for each epoch.
    pub shuffle: Option<Setting<bool>>,
    /// Whether the set is read as a stream, without knowing its length.
    pub streaming: Option<Setting<bool>>,
    /// torchtune.
    pub max_steps_per_epoch: Option<Setting<u64>>,
    /// Share or number of rows held out for evaluation (`val_set_size`, `val_size`).
    pub held_out: Option<Setting<f64>>,
    pub eval_batch_size: Option<Setting<usize>>,
    pub group_by_length: Option<Setting<bool>>,
    /// Steps between evaluations, checkpoints and lines of the log; below 1 a share of the steps. `None` too where
    /// it is done by epochs, or not at all.
    pub eval_steps: Option<Setting<f64>>,
    pub save_steps: Option<Setting<f64>>,
    pub logging_steps: Option<Setting<f64>>,
    pub pad_to_multiple_of: Option<usize>,
    /// `sample_packing_bin_size`, `preprocessing_batch_size`, `dataset.split_across_pack`, …: how rows are packed, by
    /// the names of the trainer's options.
    pub packing_options: serde_json::Map<String, serde_json::Value>,
}

/// Everything a rule may know besides the row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    pub lengths: Lengths,
    pub tokenizer: Option<TokenizerFacts>,
    /// Whether conversations can be rendered.
    pub has_template: bool,
    /// `trl@1.16`; `None` where no trainer was named and the mask is the intended one.
    pub trainer: Option<String>,
    pub max_length: Option<Setting<usize>>,
    /// Rows per device and step.
    pub batch_size: Setting<usize>,
    pub grad_accum: Setting<usize>,
    pub world_size: Setting<usize>,
    /// Passes over the data; fractional in some trainers.
    pub epochs: Setting<f64>,
    pub max_steps: Option<Setting<u64>>,
    /// The trainer's name of its way to pack rows; `None` where they are not packed.
    pub packing: Option<Setting<String>>,
    /// What the trainer looks for in a row's tokens.
    pub markers: Vec<Marker>,
    pub packing_flaws: Vec<PackingFlaw>,
    /// The training config, as its program reads it.
    pub config: Option<ConfigFacts>,
    /// What the loader raises over the rows, where a trainer would load them.
    #[serde(default)]
    pub load_error: Option<LoadError>,
    /// What the trainer that a flag names raises before the first row.
    #[serde(default)]
    pub refused: Option<String>,
    /// What was said of the run.
    pub regime: Regime,
    /// What a plan follows from, with the trainer's defaults for what was not said.
    pub run: Run,
    /// The shape of each source, as detected or given; `None` where nothing could be read.
    pub shapes: Vec<Option<Shape>>,
    /// Whether each source is evaluation data.
    pub eval: Vec<bool>,
    /// The set each source belongs to: files of a set are loaded as one, and read alike.
    pub sets: Vec<usize>,
    /// Shards that are missing among those of a folder, in words.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Parts of splits that are trained on (`train[:10%]`), which settings name.
    pub slices: Vec<PartTaken>,
    /// Rows held out from training: evaluation data and benchmarks.
    pub held_out: u64,
    /// The batches that are looked at, where it is those and no data.
    pub dump: Option<DumpFacts>,
    /// Where state that outgrows memory goes. It changes no result, so parts need not agree on it.
    #[serde(skip)]
    pub spill: Option<Spill>,
}

/// What `datasets` raises over the rows, before the trainer sees one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadError {
    /// The first row to blame, where one is.
    pub place: Option<Place>,
    /// The exception, and what it says.
    pub message: String,
}

/// A folder for what outgrows memory (`--tmp-dir`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spill {
    pub folder: PathBuf,
    /// Bytes that one worker's state of one rule may keep in memory.
    pub most: usize,
}

/// Whether a way to pack cuts nothing from a row, which goes on in the next sequence.
pub fn goes_on(packing: &str) -> bool {
    matches!(packing, "bfd_split" | "bfd-requeue" | "wrapped" | "blocks")
}

impl Setup {
    /// Whether rows longer than a sequence go on in the next.
    pub fn splits_rows(&self) -> bool {
        self.packing.as_ref().is_some_and(|packing| goes_on(&packing.value))
    }

    /// What of it is about the data: not the tokenizer, the trainer and its limit, nor the planned run.
    #[must_use]
    pub fn of_data(&self) -> Self {
        Self {
            lengths: Lengths::Estimated,
            tokenizer: None,
            has_template: false,
            trainer: None,
            max_length: None,
            packing: None,
            markers: Vec::new(),
            packing_flaws: Vec::new(),
            config: None,
            load_error: None,
            refused: None,
            dump: None,
            ..self.unplanned()
        }
    }

    /// The same without what only the plan of the run follows from.
    #[must_use]
    pub fn unplanned(&self) -> Self {
        Self {
            batch_size: Setting::of_nobody(1),
            grad_accum: Setting::of_nobody(1),
            world_size: Setting::of_nobody(1),
            epochs: Setting::of_nobody(1.0),
            max_steps: None,
            regime: Regime::default(),
            run: Run::default(),
            ..self.clone()
        }
    }

    /// The shape of a source, if it has one known here.
    pub fn shape(&self, source: u32) -> Option<Shape> {
        self.shapes.get(source as usize).copied().flatten()
    }

    /// Whether a source is evaluation data.
    pub fn is_eval(&self, source: u32) -> bool {
        self.eval.get(source as usize).copied().unwrap_or(false)
    }

    /// The folder and size a state is given.
    pub fn spill(&self) -> Option<(&Path, usize)> {
        self.spill.as_ref().map(|spill| (spill.folder.as_path(), spill.most))
    }

    /// The set of a source.
    pub fn set(&self, source: u32) -> usize {
        self.sets.get(source as usize).copied().unwrap_or(0)
    }

    /// Rows per optimizer step.
    pub fn effective_batch(&self) -> usize {
        let rows = self.batch_size.value.saturating_mul(self.grad_accum.value);
        rows.saturating_mul(self.world_size.value)
    }

    /// The limit rows are cut to, by the trainer's own name, and who set it: `cutoff_len 1024 (--set cutoff_len)`.
    pub fn limit(&self) -> Option<String> {
        let limit = self.max_length.as_ref()?;
        let trainer = self.trainer.as_deref().unwrap_or_default();
        let name = match trainer.split('@').next().unwrap_or_default() {
            "axolotl" => "sequence_len",
            "llama-factory" => "cutoff_len",
            "unsloth" => "max_seq_length",
            "torchtune" => "max_seq_len",
            _ => "max_length",
        };
        Some(format!("{name} {} ({})", limit.value, limit.origin))
    }

    /// Whether a trainer of this name, at whatever version, makes the tokens and the mask.
    pub fn is_of(&self, trainer: &str) -> bool {
        let made = self.trainer.as_deref().and_then(|name| name.split('@').next());
        made == Some(trainer)
    }

    /// The id of the padding token.
    pub fn pad(&self) -> Option<u32> {
        self.tokenizer.as_ref()?.pad.as_ref()?.id
    }

    /// Whether rows are of two sides, or of one that is judged: what nobody packs.
    pub fn has_pairs(&self) -> bool {
        let pairs = |shape: &Option<Shape>| matches!(shape, Some(Shape::Preference | Shape::Kto));
        self.shapes.iter().any(pairs)
    }

    /// Whether anything was said about how long the run will be.
    pub fn planned(&self) -> bool {
        self.max_steps.is_some() || self.epochs.origin != Origin::Default
    }
}
