//! Which of TRL's trainers a run is one of, and what its config class has other defaults for than `TrainingArguments`.
//!
//! Sources: TRL 0.12.0 to 1.16.0 `trainer/{sft,dpo,kto,reward}_config.py`, `trainer/kto_trainer.py` (between 0.26 and
//! 1.7 in `experimental/kto`), `_get_train_sampler`.

use crate::command::trainers::Asked;
use crate::model::example::Shape;
use crate::model::run::Drawn;
use crate::model::setup::Setup;
use crate::trainer::version::Version;

use super::own::Own;

/// TRL's trainers whose config classes have defaults of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Sft,
    Dpo,
    Kto,
    Reward,
}

impl Method {
    /// That of a config of TRL, or the one named by `trainer_type`, or the one the rows are of; `None` where the
    /// trainer is not TRL's.
    pub(super) fn of(setup: &Setup, own: &Own<'_>, asked: Option<&Asked>) -> Option<Self> {
        let is_trl = match own.config {
            Some(config) => config.program == "trl",
            None => asked.is_some_and(|asked| asked.family.name == "trl"),
        };
        if !is_trl {
            return None;
        }
        let named = own.named("trainer_type");
        let named = named.as_ref().and_then(|given| given.value.as_str());
        let name = named.or(own.config.map(|config| config.method.as_str()));
        match name {
            Some("dpo") => Some(Self::Dpo),
            Some("kto") => Some(Self::Kto),
            Some("reward") => Some(Self::Reward),
            Some("sft") => Some(Self::Sft),
            Some(_) => None,
            None if setup.shapes.contains(&Some(Shape::Preference)) => Some(Self::Dpo),
            None if setup.shapes.contains(&Some(Shape::Kto)) => Some(Self::Kto),
            None => Some(Self::Sft),
        }
    }

    /// `learning_rate`.
    pub(super) fn learning_rate(self, version: Version) -> f64 {
        match self {
            Self::Sft => 2e-5,
            Self::Dpo | Self::Kto => 1e-6,
            Self::Reward if version >= Version::new(0, 24, 0) => 1e-4,
            Self::Reward => 5e-5,
        }
    }

    /// `train_sampling_strategy`, where that is not `random`. KTO takes another row's completion of the same batch as
    /// it was prepared, so the rows stay as they stand.
    pub(super) fn drawn(self, version: Version, transformers: (u32, u32), own: &Own<'_>) -> Option<Drawn> {
        if self != Self::Kto {
            return None;
        }
        let strategy = version >= Version::new(1, 6, 0);
        if !strategy || transformers >= (5, 2) {
            return Some(Drawn::Sequential);
        }
        // Where transformers does not know the strategy, the trainer's own sampler decides.
        let loss = own.said("loss_type");
        let compares = loss.is_none_or(|loss| loss.value != "apo_zero_unpaired");
        compares.then_some(Drawn::Sequential)
    }

    /// Whether the trainer's own sampler leaves the strategy no say.
    pub(super) fn always_in_order(self, version: Version) -> bool {
        self == Self::Kto && version < Version::new(1, 6, 0)
    }
}
