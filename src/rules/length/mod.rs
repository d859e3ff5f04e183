//! Rows against `max_length`.

mod parts;

mod answer_cut;
mod answer_lost;
mod no_position;
mod too_long;
mod too_short;
mod unseen_position;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<answer_cut::AnswerCut>(),
    RuleEntry::of::<answer_lost::AnswerLost>(),
    RuleEntry::of::<no_position::NoPosition>(),
    RuleEntry::of::<too_long::TooLong>(),
    RuleEntry::of::<too_short::TooShort>(),
    RuleEntry::of::<unseen_position::UnseenPosition>(),
];
