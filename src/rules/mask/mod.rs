//! Which tokens carry loss.

mod parts;

mod end_missing;
mod end_not_eos;
mod end_untrained;
mod everything_trained;
mod flag_ignored;
mod header_trained;
mod labels_differ;
mod labels_ignored;
mod labels_shifted;
mod marker_in_content;
mod marker_not_found;
mod masked_trained;
mod nothing_trained;
mod odd_share;
mod packing_crosses_rows;
mod packing_loses_mask;
mod padding_trained;
mod prompt_trained;
mod row_dropped;
mod row_unlike;
mod trainer_raises;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<end_missing::EndMissing>(),
    RuleEntry::of::<end_not_eos::EndNotEos>(),
    RuleEntry::of::<end_untrained::EndUntrained>(),
    RuleEntry::of::<everything_trained::EverythingTrained>(),
    RuleEntry::of::<flag_ignored::FlagIgnored>(),
    RuleEntry::of::<header_trained::HeaderTrained>(),
    RuleEntry::of::<labels_differ::LabelsDiffer>(),
    RuleEntry::of::<labels_ignored::LabelsIgnored>(),
    RuleEntry::of::<labels_shifted::LabelsShifted>(),
    RuleEntry::of::<marker_in_content::MarkerInContent>(),
    RuleEntry::of::<marker_not_found::MarkerNotFound>(),
    RuleEntry::of::<masked_trained::MaskedTrained>(),
    RuleEntry::of::<nothing_trained::NothingTrained>(),
    RuleEntry::of::<odd_share::OddShare>(),
    RuleEntry::of::<packing_crosses_rows::PackingCrossesRows>(),
    RuleEntry::of::<packing_loses_mask::PackingLosesMask>(),
    RuleEntry::of::<padding_trained::PaddingTrained>(),
    RuleEntry::of::<prompt_trained::PromptTrained>(),
    RuleEntry::of::<row_dropped::RowDropped>(),
    RuleEntry::of::<row_unlike::RowUnlike>(),
    RuleEntry::of::<trainer_raises::TrainerRaises>(),
];
