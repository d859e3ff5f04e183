//! Unsloth.

use std::sync::Arc;

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::Trainer;
use crate::trainer::unsloth::options::Options;
use crate::trainer::unsloth::{Unsloth, versions};

use super::transformers::{assumed, cut, of_rows};
use super::{Companions, Family, Made, Making};

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
    of_rows: |_| None,
    describes_rows: &[],
    max_length: "max_seq_length",
    batch_size: "per_device_train_batch_size",
    make,
    tokenizer: |_| None,
};

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let options: Options = of_rows(making)?;
    let mut notes = Vec::new();
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let first = set.first.get("text").and_then(Value::as_str);
        let made = Unsloth::new(making.kit, making.version, &options, (&set.columns(), first))?;
        if options.tokenize.is_none() {
            assumed(made.way(), &mut notes);
        }
        trainers.push(Arc::new(made));
    }
    Ok(Made {
        trainers,
        max_length: options.max_seq_length.or_else(|| cut(options.tokenize.as_ref())),
        tokenizer: None,
        has_template: making.kit.has_template(),
        notes,
    })
}
