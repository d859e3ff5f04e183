//! Unsloth.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::trainer::Trainer;
use crate::trainer::unsloth::options::Options;
use crate::trainer::unsloth::{Unsloth, versions};

use super::{Companions, Family, Made, Making, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "unsloth",
    also: &["unsloth-zoo"],
    distribution: "unsloth_zoo",
    newest: versions::NEWEST,
    covers: versions::covers,
    covered: || versions::NEWEST.to_string(),
    companions: |_| Companions {
        generation: Generation::V5,
        datasets: Datasets::V5_2_0,
    },
    max_length: "max_seq_length",
    batch_size: "per_device_train_batch_size",
    make,
};

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let mut given = making.options.clone();
    // It pads batches, and no row is made of it.
    given.remove("per_device_train_batch_size");
    let options: Options = serde_json::from_value(Json::Object(given)).map_err(|error| unreadable(&error))?;
    let mut notes = Vec::new();
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let made = Unsloth::new(making.kit, making.version, &options, &set.columns())?;
        if options.tokenize.is_none() {
            let note = format!(
                "how the script tokenises is not said (--set tokenize.mode=…): {}",
                made.way()
            );
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        trainers.push(Arc::new(made));
    }
    Ok(Made {
        trainers,
        max_length: options.max_seq_length,
        tokenizer: None,
        has_template: making.kit.has_template(),
        notes,
    })
}
