//! What differs between TRL's versions in `SFTTrainer`, as data.
//!
//! Boundaries are those of the wheels on the package index, compared function by function; the
//! recorded cases prove 0.19.1 and 1.16.0. The trainers on preferences have tables of their own
//! ([`super::preference::versions`]).

use crate::model::encoded::EncodeError;
use crate::trainer::version::Version;

use super::options::unsupported;

/// How one range of versions behaves. A flag is named after what the newer side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct Features {
    /// First version of the range; it ends where the next begins.
    pub since: Version,
    /// `is_conversational` goes by `role` alone; before, by `role` and `content`.
    pub conversational_by_role: bool,
    /// The prompt of a conversation is tokenised with the generation prompt, so that the assistant's
    /// header is not trained (trl#4147).
    pub prompt_has_header: bool,
    /// The completion starts where prompt and prompt + completion part, not after the prompt.
    pub common_prefix: bool,
    /// Packing keeps the masks (before, it trained on prompts: trl#3728).
    pub packing_keeps_masks: bool,
    /// Labels are made when the rows are prepared; ready ones are taken as they are, masks or not.
    /// Before, the collator made them, and packing lost ready ones.
    pub labels_when_prepared: bool,
    /// Rows that truncation leaves without a trained token are dropped.
    pub drops_untrained: bool,
    /// Known templates without generation markers are swapped for one with them, and unknown ones
    /// are refused at once.
    pub swaps_template: bool,
    /// Generation markers are found in any spelling; before, only as `{% generation %}`.
    pub finds_any_markers: bool,
    /// The EOS is appended to the column `dataset_text_field` names, not to `text` alone.
    pub eos_on_text_field: bool,
    /// Padding-free batches mask the first token of each row.
    pub masks_row_starts: bool,
    /// Assistant masks are made for prompt-completion rows as well.
    pub assistant_mask_on_completion: bool,
    /// And such a row without a trained assistant token ends the run.
    pub requires_mask_on_completion: bool,
    /// `padding_free` with a max_length but without packing is refused.
    pub refuses_padding_free_cut: bool,
    /// `truncation_mode` is an option.
    pub truncation_mode: bool,
    /// `tools` may be a JSON string.
    pub tools_as_json: bool,
    /// `None` values stay in the rows (before, they were removed at any depth of a dict).
    pub keeps_none: bool,
    /// `completion_only_loss` is on by default only where there is a completion too.
    pub completion_only_needs_completion: bool,
    /// Sets with images are refused where the model takes none.
    pub refuses_images: bool,
    /// The collator yields no `position_ids` beside an attention mask.
    pub mask_without_positions: bool,
    /// And without an attention mask, where each row begins and ends.
    pub yields_bounds: bool,
    /// A conversation, or a prompt, without a token ends the run.
    pub refuses_empty: bool,
    /// Columns lost under `use_liger_kernel`.
    pub liger: Liger,
    /// `packing_strategy` where none is given.
    pub packing: &'static str,
    /// Wrapped packing reads a batch of rows past its own, where Arrow holds them in one buffer.
    pub wrapped_reads_on: bool,
}

/// Columns `use_liger_kernel` selects, by what it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Liger {
    /// All masks, and ready labels: every token is trained.
    LosesMasks,
    /// Assistant masks, and ready labels.
    LosesAssistantMasks,
    /// Ready labels.
    LosesLabels,
    LosesNothing,
}

const V0_19: Features = Features {
    since: Version::new(0, 19, 0),
    conversational_by_role: false,
    prompt_has_header: false,
    common_prefix: false,
    packing_keeps_masks: false,
    labels_when_prepared: false,
    drops_untrained: false,
    swaps_template: false,
    finds_any_markers: false,
    eos_on_text_field: false,
    masks_row_starts: false,
    assistant_mask_on_completion: false,
    requires_mask_on_completion: false,
    refuses_padding_free_cut: false,
    truncation_mode: false,
    tools_as_json: false,
    keeps_none: false,
    completion_only_needs_completion: false,
    refuses_images: false,
    mask_without_positions: false,
    yields_bounds: false,
    refuses_empty: false,
    liger: Liger::LosesMasks,
    packing: "ffd",
    wrapped_reads_on: false,
};
const V0_20: Features = Features {
    since: Version::new(0, 20, 0),
    packing_keeps_masks: true,
    assistant_mask_on_completion: true,
    liger: Liger::LosesAssistantMasks,
    packing: "bfd",
    ..V0_19
};
const V0_22: Features = Features {
    since: Version::new(0, 22, 0),
    completion_only_needs_completion: true,
    liger: Liger::LosesLabels,
    ..V0_20
};
const V0_23_1: Features = Features {
    since: Version::new(0, 23, 1),
    masks_row_starts: true,
    mask_without_positions: true,
    ..V0_22
};
const V0_24: Features = Features {
    since: Version::new(0, 24, 0),
    prompt_has_header: true,
    requires_mask_on_completion: true,
    refuses_images: true,
    ..V0_23_1
};
const V0_26: Features = Features {
    since: Version::new(0, 26, 0),
    refuses_empty: true,
    ..V0_24
};
const V0_28: Features = Features {
    since: Version::new(0, 28, 0),
    conversational_by_role: true,
    ..V0_26
};
const V0_29: Features = Features {
    since: Version::new(0, 29, 0),
    tools_as_json: true,
    ..V0_28
};
const V1_0: Features = Features {
    since: Version::new(1, 0, 0),
    keeps_none: true,
    refuses_empty: false,
    refuses_padding_free_cut: true,
    truncation_mode: true,
    wrapped_reads_on: true,
    ..V0_29
};
const V1_1: Features = Features {
    since: Version::new(1, 1, 0),
    swaps_template: true,
    ..V1_0
};
const V1_6: Features = Features {
    since: Version::new(1, 6, 0),
    finds_any_markers: true,
    ..V1_1
};
const V1_7: Features = Features {
    since: Version::new(1, 7, 0),
    labels_when_prepared: true,
    liger: Liger::LosesNothing,
    ..V1_6
};
const V1_9: Features = Features {
    since: Version::new(1, 9, 0),
    drops_untrained: true,
    ..V1_7
};
const V1_14: Features = Features {
    since: Version::new(1, 14, 0),
    wrapped_reads_on: false,
    ..V1_9
};
const V1_14_2: Features = Features {
    since: Version::new(1, 14, 2),
    common_prefix: true,
    ..V1_14
};
const V1_15: Features = Features {
    since: Version::new(1, 15, 0),
    eos_on_text_field: true,
    ..V1_14_2
};
const V1_16: Features = Features {
    since: Version::new(1, 16, 0),
    yields_bounds: true,
    ..V1_15
};

/// The newest version read.
pub const NEWEST: Version = Version::new(1, 16, 0);

/// Ranges covered, the oldest first; each ends where the next begins, and the last at [`NEWEST`].
pub const RANGES: &[Features] = &[
    V0_19, V0_20, V0_22, V0_23_1, V0_24, V0_26, V0_28, V0_29, V1_0, V1_1, V1_6, V1_7, V1_9, V1_14, V1_14_2, V1_15,
    V1_16,
];

/// How a version behaves; `None` for one that is not covered.
pub fn features(version: Version) -> Option<&'static Features> {
    if version > NEWEST {
        return None;
    }
    RANGES.iter().rev().find(|features| features.since <= version)
}

/// The range covered, for saying so.
pub fn covered() -> String {
    let oldest = RANGES.first().map_or(NEWEST, |features| features.since);
    format!("{oldest} to {NEWEST}")
}

/// A trainer of a version that is not covered.
pub(super) fn uncovered(trainer: &str, version: Version) -> EncodeError {
    unsupported(format!("{trainer} of trl {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_ascend_and_have_no_gaps() {
        assert!(RANGES.is_sorted_by(|left, right| left.since < right.since));
        for (version, expected) in [
            (Version::new(0, 19, 1), Some(&V0_19)),
            (Version::new(0, 23, 0), Some(&V0_22)),
            (Version::new(0, 23, 1), Some(&V0_23_1)),
            (Version::new(1, 14, 1), Some(&V1_14)),
            (NEWEST, Some(&V1_16)),
            (Version::new(1, 17, 0), None),
            (Version::new(0, 18, 0), None),
        ] {
            assert_eq!(features(version), expected, "{version}");
        }
    }
}
