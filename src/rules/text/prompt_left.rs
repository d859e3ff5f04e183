use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Shape};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts, and answers written as texts, that end with the header of an answer (`<|im_start|>assistant`,
    /// `### Response:`) and nothing behind it: what a template writes with `add_generation_prompt=True`.
    ///
    /// ## Why it matters
    /// That header is for asking a model, not for training it. Each row teaches it to begin a further answer when it is
    /// done, and where the trainer appends an end token, to say nothing when it is asked.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n<|im_start|>assistant\n"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"}
    /// ```
    ///
    /// ## Fix
    /// Render the texts again with `add_generation_prompt=False`, or cut the header off.
    "text/prompt-left", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptLeft {}

/// What the headers of answers end in, without the line break behind.
const HEADERS: &[&str] = &[
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<start_of_turn>model",
    "<|turn>model",
    "<|assistant|>",
    "<｜Assistant｜>",
    "<|im_assistant|>assistant<|im_middle|>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    "<|header_start|>assistant<|header_end|>",
    "<|start_of_role|>assistant<|end_of_role|>",
    "<|start|>assistant",
    "### Response:",
    "### Assistant:",
];

impl Rule for PromptLeft {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| !example.conversational) else {
            return;
        };
        for turn in &example.turns {
            if !(turn.is_answer() || turn.branch == Branch::Main && example.shape == Shape::Text) {
                continue;
            }
            let text = turn.text.trim_end();
            // Models that think begin an answer with it.
            let text = text.strip_suffix("<think>").map_or(text, str::trim_end);
            if let Some(header) = HEADERS.iter().find(|header| text.ends_with(*header)) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the text ends with `{header}`, and no answer follows"),
                );
            }
        }
    }
}
