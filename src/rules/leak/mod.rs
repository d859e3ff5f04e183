//! Answers that stand in what the model is given.

mod parts;

mod answer_in_history;
mod answer_in_metadata;
mod answer_in_prompt;
mod answer_in_system;
mod answer_in_template;
mod answer_in_tool_result;
mod answer_key;
mod answer_pasted;
mod echo;
mod eval_answer;
mod eval_near;
mod eval_overlap;
mod eval_prompt;
mod eval_row;
mod label_in_prompt;
mod label_shortcut;
mod shared_span;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<answer_in_history::AnswerInHistory>(),
    RuleEntry::of::<answer_in_metadata::AnswerInMetadata>(),
    RuleEntry::of::<answer_in_prompt::AnswerInPrompt>(),
    RuleEntry::of::<answer_in_system::AnswerInSystem>(),
    RuleEntry::of::<answer_in_template::AnswerInTemplate>(),
    RuleEntry::of::<answer_in_tool_result::AnswerInToolResult>(),
    RuleEntry::of::<answer_key::AnswerKey>(),
    RuleEntry::of::<answer_pasted::AnswerPasted>(),
    RuleEntry::of::<echo::Echo>(),
    RuleEntry::of::<eval_answer::EvalAnswer>(),
    RuleEntry::of::<eval_near::EvalNear>(),
    RuleEntry::of::<eval_overlap::EvalOverlap>(),
    RuleEntry::of::<eval_prompt::EvalPrompt>(),
    RuleEntry::of::<eval_row::EvalRow>(),
    RuleEntry::of::<label_in_prompt::LabelInPrompt>(),
    RuleEntry::of::<label_shortcut::LabelShortcut>(),
    RuleEntry::of::<shared_span::SharedSpan>(),
];
