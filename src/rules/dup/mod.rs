//! Rows that repeat. Training and evaluation data are looked at apart: what stands in both is a leak.

mod parts;

mod answer;
mod exact;
mod near;
mod normalised;
mod prompt;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<answer::Answer>(),
    RuleEntry::of::<exact::Exact>(),
    RuleEntry::of::<near::Near>(),
    RuleEntry::of::<normalised::Normalised>(),
    RuleEntry::of::<prompt::Prompt>(),
];
