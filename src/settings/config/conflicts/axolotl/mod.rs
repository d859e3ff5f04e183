//! axolotl 0.19.0: `utils/schemas/validation.py`, and the validators of `config.py`, `peft.py`, `model.py` and `fsdp.py`
//! beside it.

mod table;

use serde_json::Value as Json;

use crate::model::attention::SWITCHES;
use crate::model::config::{Fault, FaultKind};
use crate::model::setup::{Origin, Setting};

use super::{Reader, check, fault, given};

/// Of these one may be on.
const CROSS_ENTROPIES: &[&str] = &[
    "cut_cross_entropy",
    "chunked_cross_entropy",
    "liger_cross_entropy",
    "liger_fused_linear_cross_entropy",
];

pub(in crate::settings::config) fn axolotl(reader: &mut Reader<'_>) {
    check(reader, table::TABLE, &given);
    let on = |reader: &Reader<'_>, key: &str| reader.given(key).filter(|found| super::is_on(&found.value));
    let mut faults = Vec::new();
    let entropies: Vec<(&str, Origin)> = CROSS_ENTROPIES
        .iter()
        .filter_map(|key| Some((*key, on(reader, key)?.origin)))
        .collect();
    if entropies.len() > 1 {
        faults.push(fault(
            reader,
            &entropies,
            "only one cross entropy can be enabled at a time",
        ));
    }
    let named = on(reader, "attn_implementation");
    let flags: Vec<(&str, &str, Origin)> = SWITCHES
        .iter()
        .filter_map(|(key, name)| Some((*key, *name, on(reader, key)?.origin)))
        .collect();
    if let (Some(named), Some((key, _, origin))) = (&named, flags.first()) {
        let both = [(*key, origin.clone()), ("attn_implementation", named.origin.clone())];
        faults.push(fault(
            reader,
            &both,
            "attn_implementation cannot be combined with the old flags of attention",
        ));
    }
    let attention: Option<Setting<String>> = match (&named, flags.first()) {
        (Some(named), _) => Some(Setting {
            value: super::text(&named.value),
            origin: named.origin.clone(),
        }),
        (None, Some((_, name, origin))) => Some(Setting {
            value: (*name).to_owned(),
            origin: origin.clone(),
        }),
        (None, None) => None,
    };
    faults.extend(of_attention(reader, attention.as_ref()));
    faults.extend(early_stopping(reader));
    faults.extend(generations(reader));
    reader.faults.extend(faults);
    rewritten(reader);
}

/// What needs a certain attention.
fn of_attention(reader: &Reader<'_>, attention: Option<&Setting<String>>) -> Vec<Fault> {
    const PACKING: &[&str] = &[
        "flash_attention_2",
        "flash_attention_3",
        "flash_attention_4",
        "flash_attention_torch",
        "flex_attention",
        "xformers",
        "sage",
    ];
    let on = |key: &str| reader.given(key).filter(|found| super::is_on(&found.value));
    let name = attention.map_or("", |attention| attention.value.as_str());
    let name = name.split(['@', ':']).next().unwrap_or_default();
    let written = |key: &'static str, found: &Setting<Json>| {
        let attention = attention.map(|attention| ("attention", attention.origin.clone()));
        attention
            .into_iter()
            .chain([(key, found.origin.clone())])
            .collect::<Vec<_>>()
    };
    let mut faults = Vec::new();
    if let Some(found) = on("scaling_softmax").filter(|_| name != "flex_attention") {
        let says = "scaling_softmax requires attn_implementation: flex_attention";
        faults.push(fault(reader, &written("scaling_softmax", &found), says));
    }
    if let Some(found) = on("batch_flattening").filter(|found| super::text(&found.value) != "auto") {
        if !PACKING.contains(&name) && !name.starts_with("kernels-community/") {
            let says = "batch_flattening requires a varlen attention, as attn_implementation: flash_attention_2";
            faults.push(fault(reader, &written("batch_flattening", &found), says));
        }
        if let Some(packing) = on("sample_packing") {
            let both = [("sample_packing", packing.origin), ("batch_flattening", found.origin)];
            faults.push(fault(
                reader,
                &both,
                "batch_flattening is not compatible with sample_packing",
            ));
        }
    }
    let parallel = reader
        .given("context_parallel_size")
        .filter(|found| found.value.as_f64() > Some(1.0));
    if let Some(found) = parallel.filter(|_| name != "flash_attention_2" && on("use_glm_dsa_kernels").is_none()) {
        let says = "context_parallel_size above 1 requires attn_implementation: flash_attention_2";
        faults.push(fault(reader, &written("context_parallel_size", &found), says));
    }
    faults
}

/// `check_early_stopping`
fn early_stopping(reader: &Reader<'_>) -> Option<Fault> {
    reader
        .given("early_stopping_patience")
        .filter(|found| super::is_on(&found.value))?;
    let (save, eval) = (reader.given("save_steps")?, reader.given("eval_steps")?);
    let rest = save.value.as_f64()? % eval.value.as_f64().filter(|steps| *steps > 0.0)?;
    (rest != 0.0).then(|| {
        let both = [("eval_steps", eval.origin), ("save_steps", save.origin)];
        fault(
            reader,
            &both,
            "early_stopping_patience requires eval_steps to divide save_steps",
        )
    })
}

/// `check_grpo_batch_size_divisibility`
fn generations(reader: &Reader<'_>) -> Option<Fault> {
    reader.given("rl").filter(|rl| super::text(&rl.value) == "grpo")?;
    let wanted = reader.given("trl.num_generations")?;
    let group = wanted.value.as_u64().filter(|group| *group > 1)?;
    let number = |key: &str| {
        reader
            .given(key)
            .and_then(|found| found.value.as_u64())
            .filter(|number| *number > 0)
    };
    let size = number("trl.generation_batch_size").unwrap_or_else(|| {
        number("micro_batch_size").unwrap_or(1) * number("gradient_accumulation_steps").unwrap_or(1)
    });
    (size % group != 0).then(|| {
        let says = format!("a generation batch of {size} rows is not divisible by trl.num_generations {group}");
        fault(reader, &[("trl.num_generations", wanted.origin)], &says)
    })
}

/// Values that still work and are taken for others.
fn rewritten(reader: &mut Reader<'_>) {
    let Some(found) = reader
        .root
        .entry("gradient_checkpointing")
        .and_then(|entry| Some((entry.at, entry.value.text()?)))
    else {
        return;
    };
    let (at, offloading) = match found {
        (at, "offload") => (at, "true"),
        (at, "offload_disk") => (at, "disk"),
        _ => return,
    };
    let message = format!(
        "`gradient_checkpointing: {}` is deprecated, and {} takes it for gradient_checkpointing: true with \
         activation_offloading: {offloading}",
        found.1, reader.label
    );
    reader.fault(FaultKind::DeprecatedKey, "gradient_checkpointing", at, message);
}
