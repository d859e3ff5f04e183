//! What differs between TRL's versions, as data.
//!
//! Boundaries are those of the wheels on the package index, compared file by file; the recorded
//! cases prove 0.19.1 and 1.16.0.

use crate::trainer::version::Version;

/// How one range of versions behaves. A flag is named after what the newer side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct Features {
    /// First version of the range; it ends where the next begins.
    pub since: Version,
    /// The prompt of a conversation is tokenised with the generation prompt, so that the assistant's
    /// header is not trained (trl#4147).
    pub prompt_has_header: bool,
    /// The completion starts where prompt and prompt + completion part, not after the prompt.
    pub common_prefix: bool,
    /// Packing keeps the masks (before, it trained on prompts: trl#3728).
    pub packing_keeps_masks: bool,
    /// Rows that truncation leaves without a trained token are dropped.
    pub drops_untrained: bool,
    /// Known templates without generation markers are swapped for one with them, and unknown ones
    /// are refused at once.
    pub swaps_template: bool,
    /// The EOS is appended to the column `dataset_text_field` names, not to `text` alone.
    pub eos_on_text_field: bool,
    /// Padding-free batches mask the first token of each row.
    pub masks_row_starts: bool,
    /// Assistant masks are made for prompt-completion rows as well.
    pub assistant_mask_on_completion: bool,
    /// `padding_free` with a max_length but without packing is refused.
    pub refuses_padding_free_cut: bool,
    /// `tools` may be a JSON string.
    pub tools_as_json: bool,
    /// `None` values stay in the rows (before, they were removed at any depth of a dict).
    pub keeps_none: bool,
    /// `completion_only_loss` is on by default only where there is a completion too.
    pub completion_only_needs_completion: bool,
    /// The collator yields no `position_ids` beside an attention mask.
    pub mask_without_positions: bool,
    /// `packing_strategy` where none is given.
    pub packing: &'static str,
}

/// The oldest range covered.
const V0_19: Features = Features {
    since: Version::new(0, 19, 0),
    prompt_has_header: false,
    common_prefix: false,
    packing_keeps_masks: false,
    drops_untrained: false,
    swaps_template: false,
    eos_on_text_field: false,
    masks_row_starts: false,
    assistant_mask_on_completion: false,
    refuses_padding_free_cut: false,
    tools_as_json: false,
    keeps_none: false,
    completion_only_needs_completion: false,
    mask_without_positions: false,
    packing: "ffd",
};

/// The newest range covered.
const V1_14: Features = Features {
    since: Version::new(1, 14, 2),
    prompt_has_header: true,
    common_prefix: true,
    packing_keeps_masks: true,
    drops_untrained: true,
    swaps_template: true,
    eos_on_text_field: true,
    masks_row_starts: true,
    assistant_mask_on_completion: true,
    refuses_padding_free_cut: true,
    tools_as_json: true,
    keeps_none: true,
    completion_only_needs_completion: true,
    mask_without_positions: true,
    packing: "bfd",
};

/// The newest version read.
pub const NEWEST: Version = Version::new(1, 16, 0);

/// Ranges covered, the oldest first: its behaviour, and the last version it is known for.
pub const RANGES: &[(Features, Version)] = &[(V0_19, Version::new(0, 19, 1)), (V1_14, NEWEST)];

/// How a version behaves; `None` for one that is not covered.
pub fn features(version: Version) -> Option<&'static Features> {
    RANGES
        .iter()
        .find(|(features, last)| (features.since..=*last).contains(&version))
        .map(|(features, _)| features)
}

/// The ranges covered, for saying so.
pub fn covered() -> String {
    let ranges = RANGES
        .iter()
        .map(|(features, last)| format!("{} to {last}", features.since));
    ranges.collect::<Vec<_>>().join(", ")
}
