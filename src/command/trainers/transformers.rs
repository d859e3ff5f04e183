//! transformers' own `Trainer`.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::trainer::Trainer;
use crate::trainer::transformers::options::{CollatorClass, Options};
use crate::trainer::transformers::tokenize;
use crate::trainer::transformers::{Transformers, versions};

use super::{Companions, Family, Made, Making, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "transformers",
    also: &["hf", "hf-trainer"],
    distribution: "transformers",
    newest: versions::NEWEST,
    covers: |version| versions::features(version).is_some(),
    covered: versions::covered,
    companions: |version| {
        let generation = versions::features(version).map_or(Generation::V5, |range| range.generation);
        Companions {
            generation,
            datasets: if generation == Generation::V4 {
                Datasets::V3_6_0
            } else {
                Datasets::V5_2_0
            },
        }
    },
    of_rows: |_| None,
    describes_rows: &[],
    max_length: "max_length",
    batch_size: "per_device_train_batch_size",
    make,
    tokenizer: |_| None,
};

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let options: Options = of_rows(making)?;
    let mut notes = Vec::new();
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let made = Transformers::new(Arc::clone(making.kit), making.version, &options, &set.columns())?;
        if options.tokenize.is_none() {
            assumed(made.way(), &mut notes);
        }
        if options.collator == CollatorClass::Language && set.columns().iter().any(|column| column == "labels") {
            notes.push(
                "DataCollatorForLanguageModeling makes labels of the ids, and the set's own are lost; it raises \
                 ValueError on a batch of labels of unequal length"
                    .to_owned(),
            );
        }
        trainers.push(Arc::new(made));
    }
    Ok(Made {
        trainers,
        max_length: options.max_length.or_else(|| cut(options.tokenize.as_ref())),
        tokenizer: None,
        has_template: making.kit.has_template(),
        notes,
    })
}

/// Tokens to which the call that tokenises cuts a row.
pub(super) fn cut(tokenize: Option<&tokenize::Options>) -> Option<usize> {
    let call = &tokenize?.call;
    let cuts = call
        .get("truncation")
        .is_some_and(|given| *given != false && *given != "do_not_truncate");
    let longest = call.get("max_length").filter(|_| cuts)?.as_u64()?;
    usize::try_from(longest).ok()
}

/// The options that rows are made by.
pub(super) fn of_rows<O: DeserializeOwned>(making: &Making<'_>) -> Result<O, EncodeError> {
    let mut given = making.options.clone();
    // It pads batches, and no row is made of it.
    given.remove("per_device_train_batch_size");
    serde_json::from_value(Json::Object(given)).map_err(|error| unreadable(&error))
}

/// Notes once how rows are tokenised where the user's script was not described.
pub(super) fn assumed(way: &str, notes: &mut Vec<String>) {
    let note = format!("how the script tokenises is not said (--set tokenize.mode=…): {way}");
    if !notes.contains(&note) {
        notes.push(note);
    }
}
