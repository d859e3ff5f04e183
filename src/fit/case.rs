//! A set and a run as set up, to be asked what other choices come to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::{Kept, rows_of_sets};
use crate::model::budget::Budget;
use crate::model::run::Drawn;
use crate::model::setup::{Origin, Setting, Setup, goes_on};
use crate::plan::outlook::{Fed, outlook};

use super::Goal;
use super::share;

/// The set, as its trainer would cut it to any length.
pub struct Case<'c> {
    pub setup: &'c Setup,
    /// Rows at a length; at no limit where there is none.
    pub rows: &'c dyn Fn(Option<u32>) -> Kept,
    /// The way to pack that could be switched on.
    pub can_pack: Option<&'static str>,
    /// When rows without a trained token are left out.
    pub untrained: Untrained,
}

/// When a trainer leaves rows out that have no trained token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrained {
    Kept,
    /// TRL from 1.0 on, after truncation.
    LeftOutAlone,
    /// axolotl, before it packs.
    LeftOutPacked,
}

/// The sizes of a run that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// Tokens; the longest row where there is no limit.
    pub max_length: u64,
    pub packing: Option<String>,
    pub batch_size: u64,
    pub grad_accum: u64,
    pub world_size: u64,
    pub epochs: f64,
    /// Wins over the epochs.
    pub max_steps: Option<u64>,
    /// Steps of warmup where they are chosen; as set up where not.
    pub warmup_steps: Option<u64>,
}

/// What a choice comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    pub steps: u64,
    pub steps_per_epoch: u64,
    pub epochs: f64,
    /// Rows of a step on average; of the sequences in it, where they are packed.
    pub rows_per_step: f64,
    /// Share of the rows fed that are seen at least once, 0 to 1, as `check` has it: those left out are in
    /// [`Self::rows_dropped`].
    pub share: f64,
    /// Rows fed to it that it never comes to.
    pub never_seen: Option<u64>,
    pub lost_share: f64,
    pub answers_lost: u64,
    pub rows_dropped: u64,
    pub padding: f64,
    /// Tokens, padding counted, and pairs of tokens that attention looks at, in one epoch.
    pub positions: f64,
    pub pairs: f64,
    pub trained_per_step: f64,
    pub warmup_steps: u64,
    pub last_rate: Option<f64>,
    pub peak_rate: f64,
    pub hours: Option<f64>,
}

impl Choice {
    /// The run as set up.
    pub fn of(setup: &Setup, longest: u32) -> Self {
        Self {
            max_length: setup
                .max_length
                .as_ref()
                .map_or(u64::from(longest), |limit| limit.value as u64),
            packing: setup.packing.as_ref().map(|packing| packing.value.clone()),
            batch_size: setup.batch_size.value as u64,
            grad_accum: setup.grad_accum.value as u64,
            world_size: setup.world_size.value as u64,
            epochs: setup.epochs.value,
            max_steps: setup.max_steps.as_ref().map(|steps| steps.value),
            warmup_steps: None,
        }
    }

    /// An epoch of the same sizes. A warmup that the trainer refuses says nothing about them.
    #[must_use]
    pub fn one_epoch(&self) -> Self {
        Self {
            epochs: 1.0,
            max_steps: None,
            warmup_steps: Some(0),
            ..self.clone()
        }
    }

    /// The setup with these sizes. Of a stream, which has no epochs, they are those of the rows as they stand.
    pub fn applied(&self, setup: &Setup) -> Setup {
        fn to<T>(value: T) -> Setting<T> {
            Setting {
                value,
                origin: Origin::Flag("fit".to_owned()),
            }
        }
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let mut setup = setup.clone();
        setup.max_length = Some(to(size(self.max_length)));
        setup.packing = self.packing.clone().map(to);
        setup.batch_size = to(size(self.batch_size));
        setup.grad_accum = to(size(self.grad_accum));
        setup.world_size = to(size(self.world_size));
        setup.epochs = to(self.epochs);
        setup.max_steps = self.max_steps.map(to);
        if setup.run.streamed.value && self.max_steps.is_none() {
            setup.run.streamed = to(false);
            setup.run.drawn = to(Drawn::Sequential);
            setup.run.drop_last = to(false);
        }
        if let Some(steps) = self.warmup_steps {
            #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
            let steps = steps as f64;
            setup.run.warmup_steps = Some(to(steps));
            setup.run.warmup_ratio = None;
        }
        setup
    }
}

impl Case<'_> {
    /// The rows at a length, not packed.
    pub fn at(&self, limit: Option<u32>) -> Kept {
        let kept = (self.rows)(limit);
        if self.untrained == Untrained::LeftOutAlone && limit.is_some() {
            kept.without_untrained()
        } else {
            kept
        }
    }

    /// The rows of a choice, as they come to be packed or batched.
    pub fn rows_of(&self, choice: &Choice) -> Kept {
        let limit = u32::try_from(choice.max_length).unwrap_or(u32::MAX);
        match choice.packing.as_deref() {
            None => self.at(Some(limit)),
            Some(packing) if goes_on(packing) => (self.rows)(None),
            Some(_) if self.untrained == Untrained::LeftOutPacked => (self.rows)(Some(limit)).without_untrained(),
            Some(_) => (self.rows)(Some(limit)),
        }
    }

    /// The plan of a choice.
    pub fn plan(&self, choice: &Choice, kept: &Kept) -> Budget {
        let sets = rows_of_sets(&kept.of_source, self.setup);
        let fed = Fed {
            tokens: &kept.tokens,
            trained: &kept.trained,
            counted: true,
            sets: &sets,
            ..Fed::default()
        };
        outlook(&choice.applied(self.setup), fed)
    }

    /// What a choice comes to.
    ///
    /// # Errors
    ///
    /// Why the trainer would make no step of it.
    pub fn outcome(&self, choice: &Choice, goal: &Goal) -> Result<Outcome, String> {
        let kept = self.rows_of(choice);
        let budget = self.plan(choice, &kept);
        let plan = budget.plan.as_ref().ok_or_else(|| {
            let refused = budget.refused.clone();
            refused.unwrap_or_else(|| "nothing is planned".to_owned())
        })?;
        let load = plan.load.ok_or("no row has a token")?;
        let units = budget.packed.as_ref().map(|packed| packed.sequences);
        let rows = budget.fed();
        let each = units.map_or(1.0, |units| share(rows, units));
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let float = |count: u64| count as f64;
        // Over the steps looked at, brought to one epoch.
        let per_epoch = float(plan.steps_per_epoch) / float(load.steps);
        let positions_per_step = float(load.positions) / float(load.steps);
        Ok(Outcome {
            steps: plan.steps,
            steps_per_epoch: plan.steps_per_epoch,
            epochs: plan.epochs,
            rows_per_step: float(plan.effective_batch) * each,
            share: plan.share,
            never_seen: plan.never_seen(),
            lost_share: share(kept.trained_lost, kept.trained_all),
            answers_lost: kept.answers_lost,
            rows_dropped: budget.dropped,
            padding: load.padding,
            positions: float(load.positions) * per_epoch,
            pairs: load.pairs * per_epoch,
            trained_per_step: load.trained.mean,
            warmup_steps: plan.schedule.warmup_steps,
            last_rate: plan.schedule.last(),
            peak_rate: plan.schedule.peak,
            hours: goal.hours_of(float(plan.steps), positions_per_step),
        })
    }
}
