//! TRL's trainers: `SFTTrainer`, or the one on preferences that the rows are of, or that
//! `trainer_type` names.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::model::setup::TokenizerFacts;
use crate::trainer::Trainer;
use crate::trainer::trl::options::Options;
use crate::trainer::trl::{Dpo, First, Kto, Reward, sft, versions};
use crate::trainer::version::Version;

use super::{Companions, Family, Made, Making, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "trl",
    also: &["trl-sft", "sft"],
    distribution: "trl",
    newest: versions::NEWEST,
    covers: |version| versions::features(version).is_some(),
    covered: versions::covered,
    companions: |version| {
        if version.major == 0 {
            Companions {
                generation: Generation::V4,
                datasets: Datasets::V3_6_0,
            }
        } else {
            Companions {
                generation: Generation::V5,
                datasets: Datasets::V5_2_0,
            }
        }
    },
    of_rows: |_| None,
    describes_rows: &[],
    max_length: "max_length",
    batch_size: "per_device_train_batch_size",
    make,
    tokenizer: |_| None,
};

/// Which of TRL's trainers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sft,
    Dpo,
    Kto,
    Reward,
}

impl Kind {
    /// What rows of these columns are made for.
    fn of(columns: &[String]) -> Self {
        let has = |names: &[&str]| names.iter().all(|name| columns.iter().any(|column| column == name));
        if has(&["chosen", "rejected"]) {
            Self::Dpo
        } else if has(&["prompt", "completion", "label"]) {
            Self::Kto
        } else {
            Self::Sft
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Sft => "SFTTrainer",
            Self::Dpo => "DPOTrainer",
            Self::Kto => "KTOTrainer",
            Self::Reward => "RewardTrainer",
        }
    }
}

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let mut given: Map<String, Json> = making.options.clone();
    let mut notes = Vec::new();
    let kind = if let Some(kind) = given.remove("trainer_type") {
        serde_json::from_value(kind).map_err(|error| unreadable(&error))?
    } else {
        let kind = making.sets.first().map_or(Kind::Sft, |set| Kind::of(&set.columns()));
        if kind != Kind::Sft {
            notes.push(format!(
                "the columns are those of {}: checked as it; another is named by --set trainer_type=sft|dpo|kto|reward",
                kind.class()
            ));
        }
        kind
    };
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    let mut max_length = None;
    let mut tokenizer = None;
    for set in making.sets {
        let first = First {
            columns: set.columns(),
            row: set.first.clone(),
            chats: set.schema.chats(),
            is_instruction: set.schema.is_instruction(),
        };
        let one = one(kind, given.clone(), making, &first)?;
        trainers.push(one.trainer);
        max_length = one.max_length;
        tokenizer = one.tokenizer;
    }
    Ok(Made {
        trainers,
        max_length,
        tokenizer,
        has_template: making.kit.has_template(),
        notes,
    })
}

/// A trainer for one set.
struct One {
    trainer: Arc<dyn Trainer>,
    /// The length it cuts to or drops beyond.
    max_length: Option<usize>,
    /// What it makes of the tokenizer, where that is something else.
    tokenizer: Option<TokenizerFacts>,
}

/// The trainer for one set.
fn one(kind: Kind, mut given: Map<String, Json>, making: &Making<'_>, first: &First) -> Result<One, EncodeError> {
    if kind == Kind::Sft {
        name_length(&mut given, making.version);
    }
    let (kit, version) = (Arc::clone(making.kit), making.version);
    Ok(match kind {
        Kind::Sft => {
            let options: Options = read(given)?;
            let ready = sft::trainer(kit, version, options, first, making.packages)?;
            One {
                tokenizer: (!Arc::ptr_eq(&ready.kit, making.kit)).then(|| ready.kit.for_rules()),
                trainer: ready.trainer,
                max_length: ready.max_length,
            }
        }
        Kind::Dpo => {
            let trainer = Dpo::new(kit, version, read(given)?, first)?;
            One {
                max_length: trainer.max_length(),
                trainer: Arc::new(trainer),
                tokenizer: None,
            }
        }
        Kind::Kto => {
            let trainer = Kto::new(kit, version, &read(given)?, first)?;
            One {
                max_length: trainer.max_length(),
                trainer: Arc::new(trainer),
                tokenizer: None,
            }
        }
        Kind::Reward => {
            let trainer = Reward::new(kit, version, read(given)?, first)?;
            One {
                max_length: trainer.max_length(),
                trainer: Arc::new(trainer),
                tokenizer: None,
            }
        }
    })
}

/// Puts the length under the name this version has for it: `--max-length` knows but one, and a name
/// that is gone is a finding of the config.
fn name_length(given: &mut Map<String, Json>, version: Version) {
    if version < Version::new(0, 16, 0) {
        if let Some(length) = given.remove("max_length") {
            given.entry("max_seq_length").or_insert(length);
        }
    } else if version >= Version::new(0, 20, 0) {
        given.remove("max_seq_length");
    }
}

fn read<O: serde::de::DeserializeOwned>(given: Map<String, Json>) -> Result<O, EncodeError> {
    serde_json::from_value(given.into()).map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_say_which_trainer_they_are_for() {
        let kind = |names: &[&str]| Kind::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(kind(&["messages"]), Kind::Sft);
        assert_eq!(kind(&["prompt", "completion"]), Kind::Sft);
        assert_eq!(kind(&["prompt", "chosen", "rejected", "messages"]), Kind::Dpo);
        assert_eq!(kind(&["prompt", "completion", "label"]), Kind::Kto);
    }
}
