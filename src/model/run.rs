//! The run as set up: what a plan follows from besides the rows and the sizes in
//! [`Setup`](super::setup::Setup).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::setup::{Origin, Setting};

/// Whose arithmetic counts the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// transformers' `Trainer`: also TRL, LLaMA-Factory, Unsloth.
    #[default]
    Transformers,
    /// Works out the steps itself and hands them to transformers as `max_steps`.
    Axolotl,
    Torchtune,
}

impl Run {
    /// The setting that decides about the warmup: a number of steps where there is one, else a share, which goes first
    /// from transformers 5 on.
    pub fn warmup(&self) -> Option<&Setting<f64>> {
        let (steps, share) = (self.warmup_steps.as_ref(), self.warmup_ratio.as_ref());
        let share_first = self.family == Family::Transformers && self.transformers.value >= (5, 0);
        let counts = |steps: &&Setting<f64>| share.is_none() || steps.value != 0.0 && !share_first;
        steps.filter(counts).or(share)
    }
}

impl Family {
    /// Rows of a batch where nobody says.
    pub fn batch_size(self) -> usize {
        match self {
            Self::Transformers => 8,
            Self::Axolotl => 1,
            Self::Torchtune => 2,
        }
    }

    /// Epochs where nobody says.
    pub fn epochs(self) -> f64 {
        match self {
            Self::Transformers => 3.0,
            Self::Axolotl | Self::Torchtune => 1.0,
        }
    }
}

/// In which order an epoch draws its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawn {
    /// Anew for each epoch, from the seed.
    #[default]
    Shuffled,
    /// As the rows stand.
    Sequential,
    /// Rows of like length together; from which permutation, nobody knows beforehand.
    Grouped,
}

/// What becomes of the set before the sampler draws from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The seed of `Dataset.shuffle` over all rows, before any is left out: axolotl's `merge_datasets`.
    pub shuffled: Option<u64>,
    pub held_out: Option<HeldOut>,
    /// Only so many rows of each set, from its first on, take part: LLaMA-Factory's `max_samples`.
    pub at_most: Option<Setting<u64>>,
    /// What is taken of each training set before that, in their order; nothing is said of those beyond.
    pub parts: Vec<Option<Part>>,
    /// How the sets take turns; they stand one after the other where nothing is said.
    pub turns: Option<Turns>,
    /// Where it is said that of rows with the same tokens and labels only the first that comes is kept: axolotl's
    /// `dataset_exact_deduplication`.
    pub deduplicated: Option<Origin>,
    /// What the trainer does to the order that is not reproduced, by its name for it.
    pub unknown: Option<String>,
    /// What it does to the number of rows that is not reproduced, by its name for it.
    pub uncounted: Vec<String>,
}

/// A part of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The trainer's name of the setting, with where it was set.
    pub name: String,
    pub which: Taken,
}

/// Which rows of a set are taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// So many, drawn with numpy's global generator; some twice where the set has fewer: LLaMA-Factory's `num_samples`.
    Drawn(u64),
    /// `Dataset.shuffle(seed).shard(of, index)`: axolotl's `shards`.
    Shard { of: u64, index: u64, seed: u64 },
    /// The first of `Dataset.shuffle(seed)`, such a share of all: `weight` of a recipe's mixture.
    Share { share: f64, seed: u64 },
}

/// How sets take turns: `interleave_datasets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    /// With which probability each is next; one after the other where there are none.
    pub shares: Option<Vec<f64>>,
    pub until: Until,
    pub seed: u64,
}

/// When sets that take turns end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// With the first that does (`first_exhausted`).
    OneEnds,
    /// With the last; the others begin anew (`all_exhausted`).
    AllEnd,
    /// With the last, and no row comes twice (`all_exhausted_without_replacement`).
    AllAreUsed,
}

/// Rows that the trainer takes out of the training set to evaluate on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// The trainer's name of it.
    pub name: String,
    /// A share of the rows below 1, a number of them from 1 on.
    pub size: Setting<f64>,
    pub which: Which,
}

/// Which rows are held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// `train_test_split(shuffle=True)` before any is left out: the first of a permutation, in whose order the others
    /// come. Without a seed nobody knows them.
    Drawn { seed: Option<u64> },
    /// `train_test_split(shuffle=False)` of the rows that are not left out: the last of them.
    Last,
    /// `take` and `skip` of a stream: the first.
    First,
}

/// How accelerate deals batches out to ranks: `accelerator_config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dealt {
    /// Rows of the epoch's beginning fill the last batches up, so that each rank has as many.
    pub even_batches: bool,
    /// Where `split_batches` is on: the batch size is that of all ranks together.
    pub split_batches: Option<Origin>,
    /// Where `use_seedable_sampler` is off: the order is drawn from torch's global generator.
    pub unseeded: Option<Origin>,
}

impl Default for Dealt {
    fn default() -> Self {
        Self {
            even_batches: true,
            split_batches: None,
            unseeded: None,
        }
    }
}

/// The settings of a run, with where each was set. Where nothing is said they are the trainer's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub family: Family,
    /// `(major, minor)` of transformers, which counts the steps and makes the schedule.
    pub transformers: Setting<(u32, u32)>,
    /// `(major, minor)` of the trainer, which packs; `None` where none is named.
    pub trainer: Option<(u32, u32)>,
    /// axolotl's `batch_size`: rows on a rank that it counts steps by, whatever a step is then made of.
    pub counted_batch: Option<Setting<u64>>,
    /// Whether an epoch's last rows are left out where they make no full batch.
    pub drop_last: Setting<bool>,
    /// Whether the trainer reads the set as a stream, without knowing its length.
    pub streamed: Setting<bool>,
    pub drawn: Setting<Drawn>,
    /// What the order is drawn from: `data_seed`, else `seed`.
    pub seed: Setting<u64>,
    /// What becomes of the set before the sampler draws from it.
    pub arrival: Arrival,
    /// How accelerate deals batches out to ranks.
    pub dealt: Dealt,
    /// `lr_scheduler_type`.
    pub scheduler: Setting<String>,
    /// `lr_scheduler_kwargs`.
    pub scheduler_options: Map<String, Value>,
    /// `warmup_steps`; a share of the steps below 1.
    pub warmup_steps: Option<Setting<f64>>,
    pub warmup_ratio: Option<Setting<f64>>,
    /// The highest rate.
    pub learning_rate: Setting<f64>,
    /// Steps between evaluations; a share of the steps below 1. `None` where nothing is said, or epochs.
    pub eval_steps: Option<Setting<f64>>,
    pub save_steps: Option<Setting<f64>>,
    pub logging_steps: Option<Setting<f64>>,
    /// torchtune's `max_steps_per_epoch`.
    pub steps_per_epoch: Option<Setting<u64>>,
    /// A batch is padded to a multiple of so many tokens.
    pub pad_to_multiple_of: usize,
    /// How the trainer packs, by the names of its own options.
    pub packing_options: Map<String, Value>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            family: Family::Transformers,
            transformers: Setting::of_nobody((5, 23)),
            trainer: None,
            counted_batch: None,
            drop_last: Setting::of_nobody(false),
            streamed: Setting::of_nobody(false),
            drawn: Setting::of_nobody(Drawn::Shuffled),
            seed: Setting::of_nobody(42),
            arrival: Arrival::default(),
            dealt: Dealt::default(),
            scheduler: Setting::of_nobody("linear".to_owned()),
            scheduler_options: Map::new(),
            warmup_steps: None,
            warmup_ratio: None,
            learning_rate: Setting::of_nobody(5e-5),
            eval_steps: None,
            save_steps: None,
            logging_steps: None,
            steps_per_epoch: None,
            pad_to_multiple_of: 1,
            packing_options: Map::new(),
        }
    }
}
