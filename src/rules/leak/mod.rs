//! Answers that stand in what the model is given.

mod answers;
mod cues;
mod escaped;
mod feature;
mod labels;
mod reached;
mod spans;

pub(super) mod answer_in_history;
pub(super) mod answer_in_metadata;
pub(super) mod answer_in_prompt;
pub(super) mod answer_in_system;
pub(super) mod answer_in_template;
pub(super) mod answer_in_tool_result;
pub(super) mod answer_key;
pub(super) mod answer_pasted;
pub(super) mod echo;
pub(super) mod eval_answer;
pub(super) mod eval_near;
pub(super) mod eval_overlap;
pub(super) mod eval_prompt;
pub(super) mod eval_row;
pub(super) mod label_in_prompt;
pub(super) mod label_shortcut;
pub(super) mod shared_span;
