use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A setting that is there and does nothing, because of another or because it means something else.
    ///
    /// ## Why it matters
    /// Whoever wrote it counts on it: in LLaMA-Factory `max_length` is the length of generated answers, and rows are cut
    /// to `cutoff_len`.
    ///
    /// ## Example
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: sft
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: ONLINE
    /// dataset: org/rows
    /// max_length: 8192
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: sft
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: ONLINE
    /// dataset: org/rows
    /// cutoff_len: 8192
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Set what the message names, or take the setting out.
    "config/no-effect", Warning, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoEffect {}

/// Keys that do nothing unless another is on: program (empty for all), keys, the other.
const NEEDS: &[(&str, &[&str], &str)] = &[
    (
        "axolotl",
        &[
            "sample_packing_bin_size",
            "sample_packing_group_size",
            "sample_packing_sequentially",
            "multipack_real_batches",
        ],
        "sample_packing",
    ),
    ("trl", &["packing_strategy"], "packing"),
];

impl Rule for NoEffect {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(config) = &setup.config else { return };
        for (program, keys, other) in NEEDS {
            let is_off = config.program == *program && config.on(other).is_none();
            for found in keys.iter().filter_map(|key| config.written(key)).filter(|_| is_off) {
                out.blame(&found.origin, format!("{} does nothing: {other} is off", found.key));
            }
        }
        if config.program == "llama-factory"
            && let (Some(length), None) = (config.written("max_length"), config.written("cutoff_len"))
        {
            let cutoff = config
                .get("cutoff_len")
                .map_or(&serde_json::Value::Null, |cutoff| &cutoff.value);
            let message = format!(
                "max_length {} is the length of generated answers: rows are cut to cutoff_len, which is {cutoff}",
                length.value
            );
            out.blame(&length.origin, message);
        }
        if config.program == "axolotl"
            && let (Some(text), Some(name)) = (config.written("chat_template_jinja"), config.on("chat_template"))
            && !text.value.is_null()
            && name.value.as_str().is_some_and(|name| name != "jinja")
        {
            let (name, at) = (&name.value, &name.origin);
            out.blame(
                &text.origin,
                format!("chat_template_jinja does nothing beside chat_template {name} ({at})"),
            );
        }
        let train = setup
            .shapes
            .iter()
            .zip(&setup.eval)
            .filter(|(_, eval)| !**eval)
            .map(|(shape, _)| *shape);
        let without_prompts = |shape| matches!(shape, Some(Shape::Text | Shape::Messages));
        if config.program == "trl"
            && let Some(only) = config.written("completion_only_loss").filter(|only| only.value == true)
            && !setup.shapes.is_empty()
            && train.clone().all(without_prompts)
        {
            let message = "completion_only_loss does nothing: the rows have no `prompt` and `completion`";
            out.blame(&only.origin, message.to_owned());
        }
        let positive = |key| {
            config
                .written(key)
                .filter(|found| found.value.as_f64().is_some_and(|number| number > 0.0))
        };
        if config.program != "axolotl"
            && let (Some(ratio), Some(steps)) = (positive("warmup_ratio"), positive("warmup_steps"))
        {
            let message = format!(
                "warmup_ratio {} does nothing beside warmup_steps {} ({})",
                ratio.value, steps.value, steps.origin
            );
            out.blame(&ratio.origin, message);
        }
    }
}
