//! What a reader is shown of a dump and of what it was audited with.

use std::collections::BTreeMap;

use crate::encode::kit::Kit;
use crate::model::setup::{Origin, Setting, Setup, Special};
use crate::report::batches::BatchSection;
use crate::report::{ShownSetting, Tokenizer};
use crate::settings::Settings;

use super::facts::dump_says;

/// Columns in the order a reader thinks of them.
pub(super) fn rank_of(name: &str) -> usize {
    const ORDER: &[&str] = &["input_ids", "labels", "attention_mask", "position_ids"];
    ORDER
        .iter()
        .position(|own| name.starts_with(own))
        .unwrap_or(ORDER.len())
}

/// `SFTTrainer`, `DataCollatorForLanguageModeling`, `trl 1.16.0`, …
pub(super) fn made_by(about: &BTreeMap<String, String>) -> Vec<String> {
    let plain = ["trainer", "collator"]
        .iter()
        .filter_map(|name| about.get(*name).cloned());
    let libraries = ["trl", "axolotl", "llamafactory", "unsloth", "transformers", "torch"];
    let versions = libraries
        .iter()
        .filter_map(|name| Some(format!("{name} {}", about.get(*name)?)));
    plain.chain(versions).collect()
}

/// The tokenizer of `-m`.
pub(super) fn tokenizer(kit: &Kit, asked: &Setting<String>) -> Tokenizer {
    Tokenizer {
        name: asked.value.clone(),
        origin: asked.origin.clone(),
        size: kit.facts().size,
        engine: if kit.tokenizer().is_fast() { "fast" } else { "reference" }.to_owned(),
        template: kit.has_template().then(|| "the model".to_owned()),
    }
}

/// The tokens and sizes the audit goes by, with who said so.
pub(super) fn settings(setup: &Setup) -> Vec<ShownSetting> {
    let mut shown = Vec::new();
    let mut add = |name: &str, value: String, origin: &Origin| {
        shown.push(ShownSetting {
            name: name.to_owned(),
            value,
            origin: origin.clone(),
        });
    };
    let facts = setup.tokenizer.as_ref();
    let mut token = |name: &str, special: Option<&Special>| {
        if let Some((special, id)) = special.and_then(|special| Some((special, special.id?))) {
            // A dump's word stands before the model's.
            let named = setup
                .dump
                .as_ref()
                .is_some_and(|dump| dump.named.iter().any(|own| own == name));
            let origin = if named {
                dump_says()
            } else {
                Origin::Model("the model".to_owned())
            };
            add(name, format!("{} {id}", special.text), &origin);
        }
    };
    token("pad_token", facts.and_then(|facts| facts.pad.as_ref()));
    token("eos_token", facts.and_then(|facts| facts.eos.as_ref()));
    let Some(dump) = &setup.dump else { return shown };
    let numbers = [
        ("batch_size", &dump.batch_size),
        ("max_length", &dump.max_length),
        ("pad_to_multiple_of", &dump.pad_to_multiple_of),
    ];
    for (name, setting) in numbers {
        if let Some(setting) = setting {
            add(name, setting.value.to_string(), &setting.origin);
        }
    }
    if let Some(attention) = &dump.attention {
        add("attention", attention.value.clone(), &attention.origin);
    }
    shown
}

/// What would tell more than this run can.
pub(super) fn next(settings: &Settings, section: &BatchSection, setup: &Setup) -> Vec<String> {
    let mut next = Vec::new();
    let name = &section.name;
    if settings.model.is_none() && section.against.is_none() {
        next.push(format!(
            "gonogo batches {name} -m MODEL   tokens by name, ids beyond the vocabulary"
        ));
    }
    if !setup.dump.as_ref().is_some_and(|dump| dump.compared) {
        next.push(format!(
            "gonogo batches {name} --against CONFIG   the same rows encoded here, and where they part"
        ));
    }
    next
}
