//! Sizing: what other lengths, ways to pack, batches and numbers of steps would come to, and which to take.
//!
//! Everything is worked out from columns of lengths, by the same plan that `check` judges. [`tables`] tabulates,
//! `recommend` chooses, [`patch`] writes the choice into the user's config.

pub mod case;
mod compare;
pub mod goal;
pub mod patch;
mod recommend;
pub mod tables;

use crate::measure::share;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use case::{Case, Choice, Outcome, Untrained};
pub use goal::Goal;

/// Version of the layout of [`Sizing`].
pub const VERSION: u32 = 1;

/// All that `gonogo fit` has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sizing {
    pub version: u32,
    /// Training rows, their tokens before truncation, and those of them that carry loss.
    pub rows: u64,
    pub tokens: u64,
    pub trained: u64,
    /// What the mask is that of.
    pub trainer: String,
    pub lengths: Vec<LengthRow>,
    pub steps: Vec<StepsRow>,
    pub now: Choice,
    pub now_comes_to: Option<Outcome>,
    /// Why there is no run as set up, if there is none.
    pub now_refused: Option<String>,
    pub recommended: Option<Choice>,
    pub recommended_comes_to: Option<Outcome>,
    /// Why nothing is recommended, if nothing is.
    pub not_recommended: Option<String>,
    /// Figures of both, the better ones first.
    pub compared: Vec<Axis>,
    pub notes: Vec<String>,
}

/// A candidate for max_length, over one epoch. Costs are relative to those of the run as set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LengthRow {
    pub max_length: u64,
    pub is_now: bool,
    /// From here on more length keeps few tokens more.
    pub is_knee: bool,
    pub is_recommended: bool,
    pub rows_cut: u64,
    /// Rows left out for their length, or because nothing of them is trained.
    pub rows_dropped: u64,
    /// Shares of the set's rows and trained tokens, 0 to 1.
    pub cut_share: f64,
    pub lost_share: f64,
    /// Rows that had trained tokens and have none left.
    pub answers_lost: u64,
    /// Shares of the batches that are padding: in the run's order, grouped by length, packed.
    pub padding: f64,
    pub padding_grouped: f64,
    pub padding_packed: Option<f64>,
    pub steps_per_epoch: u64,
    pub packed_sequences: Option<u64>,
    pub packed_steps_per_epoch: Option<u64>,
    pub linear: f64,
    pub linear_packed: Option<f64>,
    pub attention: f64,
    pub attention_packed: Option<f64>,
}

/// A number of steps of the recommended setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepsRow {
    pub steps: u64,
    pub epochs: f64,
    pub is_recommended: bool,
    /// Rows seen at least once, 0 to 1.
    pub share: f64,
    pub trained: u64,
    /// The rate at this step of the schedule recommended, which a run stopped here ends with.
    pub rate: Option<f64>,
    /// At the throughput given.
    pub hours: Option<f64>,
}

/// A figure of the run as set up and of the one recommended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    pub name: String,
    pub now: f64,
    pub recommended: f64,
    pub unit: Unit,
    pub verdict: Compared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// 0 to 1.
    Share,
    Count,
    /// Relative to the run as set up.
    Times,
    Hours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    Better,
    Equal,
    /// What the better figures cost.
    Worse,
}

/// Sizes a run.
pub fn size(case: &Case<'_>, goal: &Goal) -> Sizing {
    let all = case.at(None);
    let now = Choice::of(case.setup, all.full.iter().copied().max().unwrap_or(0));
    let (now_comes_to, now_refused) = match case.outcome(&now, goal) {
        Ok(outcome) => (Some(outcome), None),
        Err(refused) => (None, Some(refused)),
    };
    let mut lengths = tables::lengths(case, &now, &all);
    let mut notes = Vec::new();
    if case.setup.run.drawn.value == crate::model::run::Drawn::Grouped {
        notes.push("rows are grouped by length in an order nobody knows beforehand: padding is ≈".to_owned());
    }
    let (recommended, not_recommended) =
        match recommend::recommend(case, &now, now_comes_to.as_ref(), &mut lengths, goal) {
            Ok(found) => {
                notes.extend(found.notes);
                (Some(found.choice), None)
            }
            Err(why) => (None, Some(why)),
        };
    let comes_to = recommended.as_ref().and_then(|choice| case.outcome(choice, goal).ok());
    let an_epoch = |choice: &Choice| case.outcome(&choice.one_epoch(), goal).ok();
    let compared = match (&now_comes_to, &recommended, &comes_to) {
        (Some(left), Some(choice), Some(right)) => match (an_epoch(&now), an_epoch(choice)) {
            (Some(an_epoch), Some(of_choice)) => compare::compare(left, right, &an_epoch, &of_choice),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    Sizing {
        version: VERSION,
        rows: all.tokens.len() as u64,
        tokens: all.full.iter().map(|tokens| u64::from(*tokens)).sum(),
        trained: all.trained_all,
        trainer: case
            .setup
            .trainer
            .clone()
            .unwrap_or_else(|| "the intended mask".to_owned()),
        steps: recommended
            .as_ref()
            .map_or_else(Vec::new, |choice| tables::steps(case, choice, goal)),
        lengths,
        now,
        now_comes_to,
        now_refused,
        recommended,
        recommended_comes_to: comes_to,
        not_recommended,
        compared,
        notes,
    }
}
