//! TRL's `SFTTrainer`.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::trainer::Trainer;
use crate::trainer::trl::options::Options;
use crate::trainer::trl::{First, Sft, versions};

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
    max_length: "max_length",
    batch_size: "per_device_train_batch_size",
    make,
};

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let mut given: Map<String, Json> = making.options.clone();
    // The name up to 0.19, which has both.
    if making.version.major == 0
        && let Some(length) = given.remove("max_seq_length")
    {
        given.entry("max_length").or_insert(length);
    }
    let options: Options = serde_json::from_value(given.into()).map_err(|error| unreadable(&error))?;
    let max_length = options.max_length;
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let first = First {
            columns: set.columns(),
            row: set.first.clone(),
            datetimes: set.schema.datetimes().to_vec(),
        };
        let kit = Arc::clone(making.kit);
        let sft = Sft::new(kit, making.version, options.clone(), &first, making.packages)?;
        trainers.push(Arc::new(sft));
    }
    Ok(Made {
        trainers,
        max_length,
        tokenizer: None,
        has_template: making.kit.has_template(),
        notes: Vec::new(),
    })
}
