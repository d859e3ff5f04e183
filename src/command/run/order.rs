//! What becomes of the rows before they are drawn, in which order they are drawn, and how they are dealt out, by the
//! trainer's own options.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::run::{Arrival, Dealt, Drawn, Family, HeldOut, Part, Taken, Turns, Until, Which};
use crate::model::setup::{Origin, Setting, Setup};
use crate::settings::UsageError;

use super::method::Method;
use super::own::Own;
use super::set;

/// `train_sampling_strategy` (v5.2), `group_by_length` (before, and axolotl), `curriculum_sampling` (axolotl),
/// `disable_shuffling` (LLaMA-Factory), `shuffle` (torchtune).
pub(super) fn drawn(
    setup: &Setup,
    own: &Own<'_>,
    method: Option<(Method, crate::trainer::version::Version)>,
    transformers: (u32, u32),
    default: impl Fn() -> Origin,
) -> Result<Setting<Drawn>, UsageError> {
    // These come before what `Trainer` does.
    for name in ["curriculum_sampling", "disable_shuffling"] {
        if let Some(origin) = own.on(name) {
            return Ok(set(Drawn::Sequential, origin));
        }
    }
    // axolotl's trainer for it is TRL's, with its own order.
    if own.family == Family::Axolotl && own.said("rl").is_some_and(|rl| rl.value == "kto") {
        return Ok(set(Drawn::Sequential, default()));
    }
    if let Some((method, version)) = method
        && method.always_in_order(version)
    {
        return Ok(set(Drawn::Sequential, default()));
    }
    if let Some(Setting { value, origin }) = own.said("train_sampling_strategy") {
        let drawn = match value.as_str() {
            Some("random") => Drawn::Shuffled,
            Some("sequential") => Drawn::Sequential,
            Some("group_by_length") => Drawn::Grouped,
            _ => {
                let known = "random, sequential, group_by_length";
                return Err(UsageError(format!(
                    "train_sampling_strategy ({origin}) is {value}; it is one of {known}"
                )));
            }
        };
        return Ok(set(drawn, origin));
    }
    if let Some(origin) = own.on("group_by_length") {
        return Ok(set(Drawn::Grouped, origin));
    }
    let fixed = setup.regime.shuffle.as_ref().filter(|shuffle| !shuffle.value);
    if let Some(fixed) = fixed {
        return Ok(set(Drawn::Sequential, fixed.origin.clone()));
    }
    let usual = method.and_then(|(method, version)| method.drawn(version, transformers, own));
    Ok(set(usual.unwrap_or(Drawn::Shuffled), default()))
}

/// What the trainer shuffles and holds out. `seed` is that of the run, not the sampler's.
pub(super) fn arrival(setup: &Setup, own: &Own<'_>, trainer: Option<&str>, seed: u64) -> Arrival {
    let streamed = setup.regime.streaming.as_ref().is_some_and(|streamed| streamed.value);
    match (own.family, trainer) {
        (Family::Axolotl, _) => axolotl(setup, own, seed, streamed),
        (Family::Transformers, Some("llama-factory")) => llama_factory(setup, own, seed, streamed),
        (Family::Transformers, Some("trl")) => trl(setup, own),
        _ => Arrival::default(),
    }
}

/// `name` and where it was set, for what it does to the rows and is not reproduced.
fn named(name: &str, origin: &Origin) -> String {
    format!("{name} ({origin})")
}

/// `utils/data/shared.py` of 0.19.0, `merge_datasets`, `create_train_validation_split`.
fn axolotl(setup: &Setup, own: &Own<'_>, seed: u64, streamed: bool) -> Arrival {
    if streamed {
        return Arrival {
            unknown: off(own, "shuffle_merged_datasets")
                .is_none()
                .then(|| "the shuffle buffer (streaming_multipack_buffer_size)".to_owned()),
            ..Arrival::default()
        };
    }
    let sets = own
        .config
        .map_or_else(|| training_sets(setup).len(), |_| entries(own, "datasets").max(1));
    let merged = off(own, "shuffle_merged_datasets").is_none();
    // Of a single set the order of a curriculum is kept, of several it is not.
    let shuffles = merged && (sets > 1 || own.on("curriculum_sampling").is_none());
    let unknown = ["shuffle_before_merging_datasets"]
        .iter()
        .find_map(|name| Some(named(name, &own.on(name)?)))
        .filter(|_| sets > 1)
        .or_else(|| of_entries(own, "preprocess_shards"));
    let parts = parts(setup, own, |entry| {
        let of = entry.get("shards")?.as_u64().filter(|of| *of > 0)?;
        let index = entry.get("shards_idx").and_then(Value::as_u64).unwrap_or(0);
        Some(Part {
            name: of_entries(own, "shards").unwrap_or_else(|| "shards".to_owned()),
            which: Taken::Shard { of, index, seed },
        })
    });
    let mut uncounted: Vec<String> = Vec::new();
    let deduplicated = own.on("dataset_exact_deduplication");
    let sharded = own
        .said("dataset_shard_num")
        .filter(|said| said.value != Value::Bool(false));
    uncounted.extend(sharded.map(|said| named("dataset_shard_num", &said.origin)));
    let held_out = number(own, "val_set_size").filter(|size| size.value > 0.0);
    Arrival {
        shuffled: shuffles.then_some(seed),
        held_out: held_out.map(|size| HeldOut {
            name: "val_set_size".to_owned(),
            size,
            which: Which::Last,
        }),
        parts,
        unknown,
        uncounted,
        deduplicated,
        ..Arrival::default()
    }
}

/// `data/data_utils.py` of 0.9.5, `merge_dataset` and `split_dataset`; `data/loader.py`, `_load_single_dataset`: `max_samples`
/// of each set, and before that its `num_samples`, before they are merged.
fn llama_factory(setup: &Setup, own: &Own<'_>, seed: u64, streamed: bool) -> Arrival {
    let held_out = number(own, "val_size").filter(|size| size.value > 1e-6);
    let at_most = own.said("max_samples");
    let at_most = at_most.and_then(|most| Some(set(most.value.as_u64()?, most.origin)));
    let mixed = own
        .said("mix_strategy")
        .filter(|mix| mix.value != "concat" && training_sets(setup).len() > 1);
    let turns = mixed.as_ref().filter(|_| !streamed).and_then(|mix| {
        let until = match mix.value.as_str()? {
            "interleave_under" => Until::OneEnds,
            "interleave_over" => Until::AllEnd,
            "interleave_once" => Until::AllAreUsed,
            _ => return None,
        };
        let shares = own.said("interleave_probs").map(|shares| numbers(&shares.value));
        // As many as there are sets; else it raises, or the numbers are not to be read.
        let are_whole = shares
            .as_ref()
            .is_none_or(|shares| shares.len() == training_sets(setup).len());
        are_whole.then_some(Turns { shares, until, seed })
    });
    let parts = parts(setup, own, |entry| {
        Some(Part {
            name: "num_samples (dataset_info.json)".to_owned(),
            which: Taken::Drawn(entry.get("num_samples").filter(|_| !streamed)?.as_u64()?),
        })
    });
    Arrival {
        held_out: held_out.map(|size| HeldOut {
            name: "val_size".to_owned(),
            size,
            which: if streamed {
                Which::First
            } else {
                Which::Drawn { seed: Some(seed) }
            },
        }),
        at_most,
        parts,
        unknown: streamed.then(|| "the shuffle buffer of streaming (buffer_size)".to_owned()),
        uncounted: mixed
            .filter(|_| turns.is_none())
            .map(|mix| named("mix_strategy", &mix.origin))
            .into_iter()
            .collect(),
        turns,
        ..Arrival::default()
    }
}

/// A list of numbers, or a text of them between commas.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_f64).collect(),
        Value::String(text) => text
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect(),
        value => value.as_f64().into_iter().collect(),
    }
}

/// What is taken of each training set, by what its config says of it.
fn parts(setup: &Setup, own: &Own<'_>, part: impl Fn(&Map<String, Value>) -> Option<Part>) -> Vec<Option<Part>> {
    let sets = training_sets(setup).into_iter();
    sets.map(|set| own.entries.get(set).and_then(&part)).collect()
}

/// `scripts/utils.py` of 1.16.0, `get_dataset`: the split of a mixture is drawn without a seed. What a recipe's own
/// script does to its `dataset_mixture` is that script's; those of open-r1 and the alignment-handbook (`get_dataset`) take
/// the first of each set once it is shuffled, by `weight`.
fn trl(setup: &Setup, own: &Own<'_>) -> Arrival {
    if entries(own, "dataset_mixture") > 0 {
        let values = own.config.into_iter().flat_map(|config| &config.values);
        let counts = values.filter(|value| value.key == "dataset_mixture.test_split_size");
        let seed = own
            .configured("dataset_mixture.seed")
            .and_then(|seed| seed.value.as_u64());
        let weight = |share: f64| {
            let mut values = own.config.into_iter().flat_map(|config| &config.values);
            let is_it = |key: &str| key.starts_with("dataset_mixture.datasets.") && key.ends_with(".weight");
            let found = values.find(|value| is_it(&value.key) && value.value.as_f64() == Some(share));
            found.map_or_else(|| "weight".to_owned(), |found| named(&found.key, &found.origin))
        };
        let parts = parts(setup, own, |entry| {
            let share = entry
                .get("weight")?
                .as_f64()
                .filter(|share| (0.0..1.0).contains(share))?;
            Some(Part {
                name: weight(share),
                which: Taken::Share {
                    share,
                    seed: seed.unwrap_or(0),
                },
            })
        });
        return Arrival {
            unknown: Some("dataset_mixture, which the recipe's own script shuffles,".to_owned()),
            uncounted: counts.map(|value| named(&value.key, &value.origin)).collect(),
            parts,
            ..Arrival::default()
        };
    }
    let size = number(own, "test_split_size").filter(|_| entries(own, "datasets") > 0);
    Arrival {
        unknown: size.as_ref().map(|size| {
            format!(
                "{}, which is drawn without a seed,",
                named("test_split_size", &size.origin)
            )
        }),
        held_out: size.map(|size| HeldOut {
            name: "test_split_size".to_owned(),
            size,
            which: Which::Drawn { seed: None },
        }),
        uncounted: fractions(own),
        ..Arrival::default()
    }
}

/// `fraction` of the sets of a mixture, by which each is cut to what the shortest of them leaves.
fn fractions(own: &Own<'_>) -> Vec<String> {
    let values = own.config.into_iter().flat_map(|config| &config.values);
    values
        .filter(|value| {
            value.key.starts_with("datasets.") && value.key.ends_with(".fraction") && !value.value.is_null()
        })
        .map(|value| named(&value.key, &value.origin))
        .collect()
}

/// `batch_size` of an axolotl config: `gradient_accumulation_steps` is 1 where it is not set, so nothing follows from it
/// (`normalize_config`) but `calculate_total_num_steps`.
pub(super) fn counted_batch(own: &Own<'_>) -> Option<Setting<u64>> {
    let given = own.configured("batch_size").filter(|_| own.family == Family::Axolotl)?;
    Some(set(given.value.as_u64().filter(|rows| *rows > 0)?, given.origin))
}

/// `accelerator_config` of transformers, which accelerate's `prepare_data_loader` follows.
pub(super) fn dealt(own: &Own<'_>) -> Dealt {
    let said = |name: &str| own.within("accelerator_config", name);
    let is = |name: &str, value: bool| {
        said(name)
            .filter(|given| given.value == Value::Bool(value))
            .map(|given| given.origin)
    };
    Dealt {
        even_batches: is("even_batches", false).is_none(),
        split_batches: is("split_batches", true),
        unseeded: is("use_seedable_sampler", false),
    }
}

/// What of `accelerator_config` is not reproduced.
pub(super) fn undealt(own: &Own<'_>) -> Option<String> {
    if let Some(given) = own.said("accelerator_config").filter(|given| given.value.is_string()) {
        return Some(named("accelerator_config of another file", &given.origin));
    }
    let given = own.within("accelerator_config", "dispatch_batches")?;
    (given.value == Value::Bool(true)).then(|| named("dispatch_batches", &given.origin))
}

fn number(own: &Own<'_>, name: &str) -> Option<Setting<f64>> {
    let given = own.said(name)?;
    let value = match &given.value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    Some(set(value, given.origin))
}

/// Where a switch that is on by default is turned off.
fn off(own: &Own<'_>, name: &str) -> Option<Origin> {
    let given = own.named(name).or_else(|| own.configured(name));
    // `null` is no `True`.
    given
        .filter(|given| given.value != Value::Bool(true))
        .map(|given| given.origin)
}

/// Files that are loaded as sets of their own.
fn training_sets(setup: &Setup) -> BTreeSet<usize> {
    let sources = (0..).zip(&setup.sets).filter(|(source, _)| !setup.is_eval(*source));
    sources.map(|(_, number)| *number).collect()
}

/// How many entries a list of the config has; a list of names is an entry for each (`datasets_with_name_generator`).
fn entries(own: &Own<'_>, list: &str) -> usize {
    let Some(config) = own.config else { return 0 };
    let mut found = BTreeSet::new();
    for value in &config.values {
        let mut path = value.key.split('.');
        if path.next() != Some(list) {
            continue;
        }
        let (Some(at), key) = (path.next(), path.next()) else {
            continue;
        };
        match (key, &value.value) {
            (Some("name"), Value::Array(names)) => {
                found.extend((0..names.len()).map(|name| (at, name)));
            }
            _ => {
                found.insert((at, 0));
            }
        }
    }
    found.len()
}

/// The first entry of `datasets` that has a key set.
fn of_entries(own: &Own<'_>, key: &str) -> Option<String> {
    let config = own.config?;
    let found = config.values.iter().find(|value| {
        let mut path = value.key.split('.');
        path.next() == Some("datasets") && path.nth(1) == Some(key) && !value.value.is_null()
    })?;
    Some(named(&found.key, &found.origin))
}
