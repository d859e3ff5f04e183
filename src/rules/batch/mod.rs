//! What is wrong with batches as a DataLoader yields them.

mod always_max_length;
mod attends_ahead;
mod documents_mixed;
mod encoded_otherwise;
mod eos_masked;
mod eos_missing;
mod first_token_trained;
mod id_negative;
mod incomplete;
mod looks_packed;
mod matches_nothing;
mod mostly_padding;
mod no_labels;
mod nothing_trained;
mod odd_width;
mod padded_left;
mod padding_attended;
mod padding_inside;
mod padding_mixed;
mod positions_odd;
mod positions_unused;
mod rows_repeated;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<always_max_length::AlwaysMaxLength>(),
    RuleEntry::of::<attends_ahead::AttendsAhead>(),
    RuleEntry::of::<documents_mixed::DocumentsMixed>(),
    RuleEntry::of::<encoded_otherwise::EncodedOtherwise>(),
    RuleEntry::of::<eos_masked::EosMasked>(),
    RuleEntry::of::<eos_missing::EosMissing>(),
    RuleEntry::of::<first_token_trained::FirstTokenTrained>(),
    RuleEntry::of::<id_negative::IdNegative>(),
    RuleEntry::of::<incomplete::Incomplete>(),
    RuleEntry::of::<looks_packed::LooksPacked>(),
    RuleEntry::of::<matches_nothing::MatchesNothing>(),
    RuleEntry::of::<mostly_padding::MostlyPadding>(),
    RuleEntry::of::<no_labels::NoLabels>(),
    RuleEntry::of::<nothing_trained::NothingTrained>(),
    RuleEntry::of::<odd_width::OddWidth>(),
    RuleEntry::of::<padded_left::PaddedLeft>(),
    RuleEntry::of::<padding_attended::PaddingAttended>(),
    RuleEntry::of::<padding_inside::PaddingInside>(),
    RuleEntry::of::<padding_mixed::PaddingMixed>(),
    RuleEntry::of::<positions_odd::PositionsOdd>(),
    RuleEntry::of::<positions_unused::PositionsUnused>(),
    RuleEntry::of::<rows_repeated::RowsRepeated>(),
];
