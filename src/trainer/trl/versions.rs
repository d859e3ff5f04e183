//! What differs between TRL's versions in `SFTTrainer`, as data.
//!
//! Boundaries are those of the wheels on the package index, compared function by function; the
//! recorded cases prove 0.19.1 and 1.16.0. The trainers on preferences have tables of their own
//! ([`super::preference::versions`]).

use crate::model::encoded::EncodeError;
use crate::trainer::version::Version;

use super::options::{Options, raises, unsupported};
use super::templated::{TEXT_0_15, TextRules};

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
    /// A formatting function and `completion_only_loss` are refused together.
    pub refuses_formatted_completions: bool,
    /// A text where messages belong is tokenised as a text; before, it went to the chat template.
    pub takes_texts_for_messages: bool,
    /// A pad or end token that is not in the vocabulary is refused; before, the unknown token stood in
    /// for it, where there is one.
    pub checks_vocabulary: bool,
    pub rows: RowsInto,
}

/// What rows become before they are tokenised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsInto {
    /// Up to 0.14: a column of a few exact types goes through the chat template, and any other set
    /// by its column of texts (`extras/dataset_formatting.py`).
    Formatted { takes_ids_to_pack: bool },
    /// 0.15 to 0.18: the chat template makes columns of texts, which are then tokenised.
    Texts(TextRows),
    /// The chat template yields ids.
    Ids,
}

/// How texts are made of rows, and tokenised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct TextRows {
    pub rules: TextRules,
    /// Each row tells for itself whether it is a conversation; later the first does for all.
    pub by_row: bool,
    /// Prompt and completion become one text, all of it trained; later the prompt is masked.
    pub joins: bool,
    /// `from` and `value` become `role` and `content`, and `conversations` becomes `messages`.
    pub converts: bool,
    /// A set that has `input_ids` is not tokenised again.
    pub takes_ids: bool,
    /// Truncation asks such a set for an attention mask, and leaves its labels alone.
    pub cuts_attention_masks: bool,
    /// The tokenizer's own special tokens are put around a rendered conversation too.
    pub specials_around_chats: bool,
    pub eos: Eos,
    /// transformers' own collator makes the batches, by the tokenizer's pad token and side.
    pub library_collator: bool,
}

/// How a text that does not end in one gets its EOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eos {
    Never,
    /// Its id after the last token, of conversations too.
    Id,
    /// Its text, for what is no conversation.
    Text,
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

const TEXTS_0_15: TextRows = TextRows {
    rules: TEXT_0_15,
    by_row: true,
    joins: true,
    converts: false,
    takes_ids: false,
    cuts_attention_masks: true,
    specials_around_chats: true,
    eos: Eos::Never,
    library_collator: true,
};
const TEXTS_0_15_1: TextRows = TextRows {
    converts: true,
    takes_ids: true,
    ..TEXTS_0_15
};
const TEXTS_0_16: TextRows = TextRows {
    cuts_attention_masks: false,
    eos: Eos::Id,
    ..TEXTS_0_15_1
};
const TEXTS_0_16_1: TextRows = TextRows {
    library_collator: false,
    ..TEXTS_0_16
};
const TEXTS_0_17: TextRows = TextRows {
    by_row: false,
    joins: false,
    specials_around_chats: false,
    eos: Eos::Text,
    ..TEXTS_0_16_1
};

const V0_12: Features = Features {
    since: Version::new(0, 12, 0),
    rows: RowsInto::Formatted {
        takes_ids_to_pack: false,
    },
    liger: Liger::LosesNothing,
    packing: "wrapped",
    keeps_none: true,
    mask_without_positions: true,
    refuses_formatted_completions: false,
    ..V0_19
};
const V0_13: Features = Features {
    since: Version::new(0, 13, 0),
    rows: RowsInto::Formatted {
        takes_ids_to_pack: true,
    },
    ..V0_12
};
const V0_15: Features = Features {
    since: Version::new(0, 15, 0),
    rows: RowsInto::Texts(TEXTS_0_15),
    liger: Liger::LosesMasks,
    ..V0_13
};
const V0_15_1: Features = Features {
    since: Version::new(0, 15, 1),
    rows: RowsInto::Texts(TEXTS_0_15_1),
    ..V0_15
};
const V0_16: Features = Features {
    since: Version::new(0, 16, 0),
    rows: RowsInto::Texts(TEXTS_0_16),
    ..V0_15_1
};
const V0_16_1: Features = Features {
    since: Version::new(0, 16, 1),
    rows: RowsInto::Texts(TEXTS_0_16_1),
    ..V0_16
};
const V0_17: Features = Features {
    since: Version::new(0, 17, 0),
    rows: RowsInto::Texts(TEXTS_0_17),
    ..V0_16_1
};
const V0_18: Features = Features {
    since: Version::new(0, 18, 0),
    refuses_formatted_completions: true,
    ..V0_17
};
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
    refuses_formatted_completions: true,
    takes_texts_for_messages: false,
    checks_vocabulary: false,
    rows: RowsInto::Ids,
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
    takes_texts_for_messages: true,
    ..V0_29
};
const V1_1: Features = Features {
    since: Version::new(1, 1, 0),
    swaps_template: true,
    checks_vocabulary: true,
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
    V0_12, V0_13, V0_15, V0_15_1, V0_16, V0_16_1, V0_17, V0_18, V0_19, V0_20, V0_22, V0_23_1, V0_24, V0_26, V0_28,
    V0_29, V1_0, V1_1, V1_6, V1_7, V1_9, V1_14, V1_14_2, V1_15, V1_16,
];

/// Options that not all versions have: the first that does, and the first that does no more.
const OPTIONS: &[(&str, Version, Option<Version>)] = &[
    ("num_of_sequences", OLDEST, Some(Version::new(0, 18, 0))),
    ("chars_per_token", OLDEST, Some(Version::new(0, 18, 0))),
    ("max_seq_length", OLDEST, Some(Version::new(0, 20, 0))),
    ("max_length", Version::new(0, 16, 0), None),
    ("padding_free", Version::new(0, 16, 0), None),
    ("pad_token", Version::new(0, 16, 1), None),
    ("eos_token", Version::new(0, 17, 0), None),
    ("completion_only_loss", Version::new(0, 17, 0), None),
    ("pad_to_multiple_of", Version::new(0, 18, 0), None),
    ("assistant_only_loss", Version::new(0, 19, 0), None),
    ("packing_strategy", Version::new(0, 19, 0), None),
    ("truncation_mode", Version::new(1, 0, 0), None),
];

const OLDEST: Version = Version::new(0, 12, 0);

/// # Errors
///
/// `TypeError` for an option that this version's `SFTConfig` does not have.
pub(super) fn check_options(options: &Options, version: Version) -> Result<(), EncodeError> {
    let has = |since: Version, until: Option<Version>| version >= since && until.is_none_or(|until| version < until);
    match OPTIONS
        .iter()
        .find(|(name, since, until)| !has(*since, *until) && options.gives(name))
    {
        None => Ok(()),
        Some((name, ..)) => Err(raises(
            "TypeError",
            format!("SFTConfig.__init__() got an unexpected keyword argument '{name}'"),
        )),
    }
}

/// The tokens a row is cut to, under the name or names this version has for it.
pub(super) fn length(options: &Options, version: Version) -> Option<usize> {
    let named_so = OPTIONS
        .iter()
        .any(|(name, since, _)| *name == "max_length" && version >= *since);
    if named_so {
        options.max_seq_length.flatten().or(options.max_length)
    } else {
        options.max_seq_length.unwrap_or(options.max_length)
    }
}

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
            (Version::new(0, 18, 2), Some(&V0_18)),
            (Version::new(0, 14, 0), Some(&V0_13)),
            (Version::new(0, 11, 4), None),
        ] {
            assert_eq!(features(version), expected, "{version}");
        }
    }
}
