//! Whether and how the rows are packed, by flags and by the trainer's own options.

use serde_json::{Map, Value};

use crate::command::trainers::Asked;
use crate::model::attention::SWITCHES;
use crate::model::run::Family;
use crate::model::setup::{Regime, Setting, Setup};
use crate::plan::outlook::strategies;
use crate::settings::{Settings, UsageError};
use crate::trainer::axolotl::attention::packs;
use crate::trainer::trl::versions;

use super::own::Own;

/// How rows are packed: by `--packing`, else by the trainer's own switch, else as the setup has it.
///
/// # Errors
///
/// If there is no such way to pack.
pub(super) fn packing(
    setup: &Setup,
    settings: &Settings,
    own: &Own<'_>,
    asked: Option<&Asked>,
) -> Result<Option<Setting<String>>, UsageError> {
    if let Some(given) = &settings.packing {
        let known = strategies();
        let name = given.value.as_str();
        if name != "none" && !known.contains(&name) {
            let known = known.join(", ");
            return Err(UsageError(format!("packing is `{name}`; it is one of none, {known}")));
        }
        return Ok((name != "none").then(|| given.clone()));
    }
    let (switch, strategy) = match asked.map_or("trl", |asked| asked.family.name) {
        "axolotl" => (own.named("sample_packing"), "multipack".to_owned()),
        "torchtune" => (own.named("dataset.packed"), "in-order".to_owned()),
        "llama-factory" => {
            let texts = own.named("stage").filter(|stage| stage.value == "pt");
            let name = if texts.is_some() { "blocks" } else { "knapsack" };
            let said = own.named("neat_packing").or_else(|| own.named("packing"));
            // `hparams/parser.py` of 0.9.5: texts are packed unless they are told not to be.
            let usual = || {
                Some(Setting {
                    value: Value::Bool(true),
                    origin: texts?.origin,
                })
            };
            (said.or_else(usual), name.to_owned())
        }
        _ => {
            let features = asked.and_then(|asked| versions::features(asked.version));
            let usual = features.map_or("bfd", |features| features.packing);
            let named = own.named("packing_strategy");
            let named = named.and_then(|given| given.value.as_str().map(str::to_owned));
            (own.named("packing"), named.unwrap_or_else(|| usual.to_owned()))
        }
    };
    Ok(match switch {
        Some(switch) if switch.value == Value::Bool(true) => Some(Setting {
            value: strategy,
            origin: switch.origin,
        }),
        Some(_) => None,
        None => setup.packing.clone(),
    })
}

/// Options of the trainers that say how rows are packed.
const OPTIONS: &[&str] = &[
    "dataset.max_packs",
    "dataset.split_across_pack",
    "multipack_real_batches",
    "preprocessing_batch_size",
    "preprocessing_num_workers",
    "sample_packing_bin_size",
    "sample_packing_group_size",
    "sample_packing_sequentially",
];

/// Options of the trainers that say how long rows may be and whether they are packed. What a text's tokens are does
/// not follow from them.
pub(in crate::command) const SIZES: &[&str] = &[
    "dataset.packed",
    "eval_sample_packing",
    "max_length",
    "max_seq_length",
    "neat_packing",
    "packing",
    "packing_strategy",
    "sample_packing",
    "sequence_len",
];

const REAL_BATCHES: &str = "multipack_real_batches";

/// What of them is set, and what axolotl makes of its attention where that is not.
pub(super) fn options(said: &Regime, own: &Own<'_>) -> Map<String, Value> {
    let mut options = said.packing_options.clone();
    for name in OPTIONS {
        if let Some(given) = own.named(name) {
            options.insert((*name).to_owned(), given.value);
        }
    }
    if own.family == Family::Axolotl && !options.contains_key(REAL_BATCHES) {
        // `core/builders/causal.py` of 0.19.0: bins are filled across a batch only where the attention tells rows apart.
        let named = own
            .said("attn_implementation")
            .and_then(|given| Some(given.value.as_str()?.to_owned()));
        let on = |key: &str| own.on(key).is_some();
        let switched = || {
            SWITCHES
                .iter()
                .find(|(key, _)| on(key))
                .map(|(_, name)| (*name).to_owned())
        };
        let packs = named.or_else(switched).is_some_and(|name| packs(&name));
        options.insert(REAL_BATCHES.to_owned(), (!packs).into());
    }
    options
}

/// Puts `--packing` into the trainer's own options.
pub(in crate::command) fn pack(family: &str, strategy: &str, options: &mut Map<String, Value>) {
    let packs = strategy != "none";
    let switch = match family {
        "axolotl" => "sample_packing",
        "torchtune" => {
            let dataset = options.entry("dataset").or_insert_with(|| Value::Object(Map::new()));
            if let Some(dataset) = dataset.as_object_mut() {
                dataset.insert("packed".to_owned(), packs.into());
            }
            return;
        }
        "llama-factory" => "packing",
        // It packs nothing, and has no option to say so.
        "transformers" if !packs => return,
        _ => {
            if packs {
                options.insert("packing_strategy".to_owned(), strategy.into());
            }
            "packing"
        }
    };
    options.insert(switch.to_owned(), packs.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trainer_that_packs_nothing_is_not_told_to_leave_it() {
        let mut options = Map::new();
        pack("transformers", "none", &mut options);
        assert!(options.is_empty());
        pack("trl", "none", &mut options);
        assert_eq!(options.get("packing"), Some(&Value::Bool(false)));
    }
}
