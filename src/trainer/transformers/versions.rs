//! What differs between versions of transformers, as data.
//!
//! Boundaries are those of the wheels on the package index: the collators' file and what
//! `apply_chat_template` does to a conversation, compared release by release. The recorded cases prove
//! 4.53.3 and 5.23.0. Between the ranges (4.56 to 5.22) messages are prepared in ways not reproduced.

use crate::encode::tokenizer::Generation;
use crate::trainer::version::Version;

/// How one range of versions behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// First and last version of the range.
    pub since: Version,
    pub last: Version,
    /// How tokenizers are loaded and messages prepared.
    pub generation: Generation,
    /// `DataCollatorForLanguageModeling(whole_word_mask=…)`.
    pub whole_word_mask: bool,
    /// `DataCollatorForLanguageModeling(tf_experimental_compile=…)`, and `return_tensors="tf"`.
    pub tensorflow: bool,
    /// `DataCollatorWithFlattening(position_ids_start=…)`.
    pub position_ids_start: bool,
}

/// The newest version read.
pub const NEWEST: Version = Version::new(5, 23, 0);

/// Ranges covered, the oldest first.
pub const RANGES: &[Features] = &[
    Features {
        since: Version::new(4, 53, 0),
        last: Version::new(4, 55, 4),
        generation: Generation::V4,
        whole_word_mask: false,
        tensorflow: true,
        position_ids_start: false,
    },
    Features {
        since: NEWEST,
        last: NEWEST,
        generation: Generation::V5,
        whole_word_mask: true,
        tensorflow: false,
        position_ids_start: true,
    },
];

/// How a version behaves; `None` for one that is not covered.
pub fn features(version: Version) -> Option<&'static Features> {
    RANGES
        .iter()
        .find(|features| (features.since..=features.last).contains(&version))
}

/// The ranges covered, for saying so.
pub fn covered() -> String {
    let ranges = RANGES.iter().map(|range| {
        if range.since == range.last {
            range.since.to_string()
        } else {
            format!("{} to {}", range.since, range.last)
        }
    });
    ranges.collect::<Vec<_>>().join(", ")
}
