//! The set as a whole: what it says too often, and whether evaluation data is like it.

mod parts;

mod answer_collapse;
mod eval_shift;
mod odd_instruction;
mod odd_label;
mod one_label;
mod refusals;
mod sorted_labels;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<answer_collapse::AnswerCollapse>(),
    RuleEntry::of::<eval_shift::EvalShift>(),
    RuleEntry::of::<odd_instruction::OddInstruction>(),
    RuleEntry::of::<odd_label::OddLabel>(),
    RuleEntry::of::<one_label::OneLabel>(),
    RuleEntry::of::<refusals::Refusals>(),
    RuleEntry::of::<sorted_labels::SortedLabels>(),
];
