//! The training config itself: keys, values, and what they do to each other.

pub(super) mod changed_by_yaml;
pub(super) mod clash;
pub(super) mod deprecated_key;
pub(super) mod eos_disagrees;
pub(super) mod invalid;
pub(super) mod liger_drops_mask;
pub(super) mod missing_data;
pub(super) mod new_token_frozen;
pub(super) mod no_effect;
pub(super) mod packing_drops_mask;
pub(super) mod refused;
pub(super) mod removed_key;
pub(super) mod repeated_key;
pub(super) mod surprising_default;
pub(super) mod unknown_key;
pub(super) mod wrong_type;

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
