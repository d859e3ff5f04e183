//! The training config itself: keys, values, and what they do to each other.

mod changed_by_yaml;
mod clash;
mod deprecated_key;
mod eos_disagrees;
mod foreign_tokenizer;
mod invalid;
mod liger_drops_mask;
mod missing_data;
mod new_token_frozen;
mod no_effect;
mod packing_drops_mask;
mod refused;
mod removed_key;
mod repeated_key;
mod surprising_default;
mod swapped_columns;
mod swapped_sides;
mod unknown_key;
mod wrong_type;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<changed_by_yaml::ChangedByYaml>(),
    RuleEntry::of::<clash::Clash>(),
    RuleEntry::of::<deprecated_key::DeprecatedKey>(),
    RuleEntry::of::<eos_disagrees::EosDisagrees>(),
    RuleEntry::of::<foreign_tokenizer::ForeignTokenizer>(),
    RuleEntry::of::<invalid::Invalid>(),
    RuleEntry::of::<liger_drops_mask::LigerDropsMask>(),
    RuleEntry::of::<missing_data::MissingData>(),
    RuleEntry::of::<new_token_frozen::NewTokenFrozen>(),
    RuleEntry::of::<no_effect::NoEffect>(),
    RuleEntry::of::<packing_drops_mask::PackingDropsMask>(),
    RuleEntry::of::<refused::Refused>(),
    RuleEntry::of::<removed_key::RemovedKey>(),
    RuleEntry::of::<repeated_key::RepeatedKey>(),
    RuleEntry::of::<surprising_default::SurprisingDefault>(),
    RuleEntry::of::<swapped_columns::SwappedColumns>(),
    RuleEntry::of::<swapped_sides::SwappedSides>(),
    RuleEntry::of::<unknown_key::UnknownKey>(),
    RuleEntry::of::<wrong_type::WrongType>(),
];

use crate::finding::Findings;
use crate::model::config::{ConfigFacts, FaultKind};
use crate::model::setup::{Origin, Setup};
use crate::model::version::Version;

/// Tells the faults of a kind that were seen when the config was read.
fn tell(setup: &Setup, kind: FaultKind, out: &mut Findings) {
    let faults = setup.config.iter().flat_map(|config| config.faults(kind));
    for fault in faults {
        let message: String = fault.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = message.trim_end_matches(['.', '!']);
        // A fault may quote a whole template.
        let clipped: String = message.chars().take(400).collect();
        out.blame(&Origin::File(fault.at.clone()), clipped);
    }
}

/// The config, if it is one of TRL's for a version below this one.
fn trl_below(setup: &Setup, version: Version) -> Option<&ConfigFacts> {
    let config = setup.config.as_ref()?;
    (config.program == "trl" && config.version < version).then_some(config)
}
