//! What differs between TRL's versions in the trainers on preferences, as data.
//!
//! Each table lists ranges, the oldest first; a range ends where the next begins, and the last at
//! [`NEWEST`]. Boundaries are those of the wheels on the package index, compared function by
//! function; the recorded cases prove 0.19.1 and 1.16.0.

use crate::trainer::trl::options::Truncation;
use crate::trainer::trl::templated::{TEXT_0_14, TEXT_0_15, TEXT_0_19, TEXT_0_26, TextRules};
use crate::trainer::trl::versions::NEWEST;
use crate::trainer::version::Version;

/// The first version that looks a pad token up in the vocabulary.
pub const CHECKS_VOCABULARY: Version = Version::new(1, 1, 0);

/// How `DPOTrainer` behaves (`trainer/dpo_trainer.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct DpoFeatures {
    pub since: Version,
    /// Prompt and answer are tokenised together, and the answer is what comes after the prompt.
    /// Before, each was tokenised alone, and an EOS appended to the answer.
    pub joined: bool,
    /// An answer that a chat template ends gets no EOS more.
    pub chat_ends_itself: bool,
    /// `is_conversational` goes by `role` alone.
    pub by_role: bool,
    /// A row's `chat_template_kwargs` reach the template.
    pub takes_kwargs: bool,
    pub text: TextRules,
    /// Nulls are removed from the rows.
    pub removes_none: bool,
    /// A prompt without a token ends the run.
    pub refuses_empty: bool,
    /// The answer starts where prompt and prompt + answer part, not after the prompt.
    pub common_prefix: bool,
    /// Truncation is the collator's, row by row; before, batch by batch.
    pub collator_cuts: bool,
    /// Rows whose prompt fills `max_length` are dropped.
    pub drops_full_prompts: bool,
    /// The pad token may be left out, and is the EOS then.
    pub pads_with_eos: bool,
    /// `padding_value` is an option.
    pub padding_value: bool,
    pub truncation: Truncation,
}

const DPO_0_14: DpoFeatures = DpoFeatures {
    since: Version::new(0, 14, 0),
    joined: false,
    chat_ends_itself: false,
    by_role: false,
    takes_kwargs: false,
    text: TEXT_0_14,
    removes_none: false,
    refuses_empty: false,
    common_prefix: false,
    collator_cuts: false,
    drops_full_prompts: false,
    pads_with_eos: false,
    padding_value: true,
    truncation: Truncation::KeepEnd,
};
const DPO_0_15: DpoFeatures = DpoFeatures {
    since: Version::new(0, 15, 0),
    text: TEXT_0_15,
    ..DPO_0_14
};
const DPO_0_19: DpoFeatures = DpoFeatures {
    since: Version::new(0, 19, 0),
    text: TEXT_0_19,
    ..DPO_0_15
};
const DPO_0_24: DpoFeatures = DpoFeatures {
    since: Version::new(0, 24, 0),
    takes_kwargs: true,
    pads_with_eos: true,
    ..DPO_0_19
};
const DPO_0_26: DpoFeatures = DpoFeatures {
    since: Version::new(0, 26, 0),
    text: TEXT_0_26,
    padding_value: false,
    ..DPO_0_24
};
const DPO_0_27_2: DpoFeatures = DpoFeatures {
    since: Version::new(0, 27, 2),
    chat_ends_itself: true,
    ..DPO_0_26
};
const DPO_0_28: DpoFeatures = DpoFeatures {
    since: Version::new(0, 28, 0),
    by_role: true,
    ..DPO_0_27_2
};
const DPO_0_29: DpoFeatures = DpoFeatures {
    since: Version::new(0, 29, 0),
    joined: true,
    removes_none: true,
    refuses_empty: true,
    truncation: Truncation::KeepStart,
    ..DPO_0_28
};
const DPO_1_0: DpoFeatures = DpoFeatures {
    since: Version::new(1, 0, 0),
    removes_none: false,
    refuses_empty: false,
    collator_cuts: true,
    ..DPO_0_29
};
const DPO_1_9: DpoFeatures = DpoFeatures {
    since: Version::new(1, 9, 0),
    drops_full_prompts: true,
    ..DPO_1_0
};
const DPO_1_14_2: DpoFeatures = DpoFeatures {
    since: Version::new(1, 14, 2),
    common_prefix: true,
    ..DPO_1_9
};

/// How `KTOTrainer` behaves (`trainer/kto_trainer.py`; `experimental/kto/` from 0.26 to 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct KtoFeatures {
    pub since: Version,
    /// The answer is what comes after the prompt's own tokens; before, BOS and EOS were added by id
    /// and prompt and answer truncated each in its way.
    pub joined: bool,
    /// `max_prompt_length` cuts the prompt first.
    pub cuts_prompt: bool,
    /// `label_pad_token_id` is an option.
    pub label_pad: bool,
    /// `is_conversational` goes by `role` alone.
    pub by_role: bool,
    /// A row's `chat_template_kwargs` reach the template.
    pub takes_kwargs: bool,
    /// So do its tools.
    pub takes_tools: bool,
    pub text: TextRules,
    /// A `max_length` of `null` means 512.
    pub null_is_512: bool,
    pub batch: KtoBatch,
    /// The estimate of the KL term wants rows in order.
    pub wants_order: bool,
    /// Rows whose prompt fills `max_length` are dropped.
    pub drops_full_prompts: bool,
    /// The answer starts where prompt and prompt + answer part, not after the prompt.
    pub common_prefix: bool,
    /// Pairs are taken apart with all their columns; before, other columns broke it.
    pub unpaired_keep_columns: bool,
}

/// What the collator yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KtoBatch {
    /// Every column of the data set, padded.
    Processed,
    /// `completion_input_ids` and so on, with labels.
    Labelled,
    /// With a mask of the completion instead.
    Masked,
    /// That, as `input_ids` and so on.
    Short,
}

const KTO_0_14: KtoFeatures = KtoFeatures {
    since: Version::new(0, 14, 0),
    joined: false,
    cuts_prompt: true,
    label_pad: true,
    by_role: false,
    takes_kwargs: false,
    takes_tools: false,
    text: TEXT_0_14,
    null_is_512: true,
    batch: KtoBatch::Processed,
    wants_order: false,
    drops_full_prompts: false,
    common_prefix: false,
    unpaired_keep_columns: false,
};
const KTO_0_15: KtoFeatures = KtoFeatures {
    since: Version::new(0, 15, 0),
    text: TEXT_0_15,
    ..KTO_0_14
};
const KTO_0_19: KtoFeatures = KtoFeatures {
    since: Version::new(0, 19, 0),
    text: TEXT_0_19,
    ..KTO_0_15
};
const KTO_0_24: KtoFeatures = KtoFeatures {
    since: Version::new(0, 24, 0),
    takes_kwargs: true,
    ..KTO_0_19
};
const KTO_0_26: KtoFeatures = KtoFeatures {
    since: Version::new(0, 26, 0),
    text: TEXT_0_26,
    ..KTO_0_24
};
const KTO_0_27: KtoFeatures = KtoFeatures {
    since: Version::new(0, 27, 0),
    cuts_prompt: false,
    ..KTO_0_26
};
const KTO_0_28: KtoFeatures = KtoFeatures {
    since: Version::new(0, 28, 0),
    label_pad: false,
    by_role: true,
    ..KTO_0_27
};
const KTO_1_3: KtoFeatures = KtoFeatures {
    since: Version::new(1, 3, 0),
    joined: true,
    batch: KtoBatch::Labelled,
    ..KTO_0_28
};
const KTO_1_4: KtoFeatures = KtoFeatures {
    since: Version::new(1, 4, 0),
    null_is_512: false,
    ..KTO_1_3
};
const KTO_1_6: KtoFeatures = KtoFeatures {
    since: Version::new(1, 6, 0),
    batch: KtoBatch::Masked,
    wants_order: true,
    ..KTO_1_4
};
const KTO_1_7: KtoFeatures = KtoFeatures {
    since: Version::new(1, 7, 0),
    unpaired_keep_columns: true,
    ..KTO_1_6
};
const KTO_1_8: KtoFeatures = KtoFeatures {
    since: Version::new(1, 8, 0),
    takes_tools: true,
    batch: KtoBatch::Short,
    ..KTO_1_7
};
const KTO_1_9: KtoFeatures = KtoFeatures {
    since: Version::new(1, 9, 0),
    drops_full_prompts: true,
    ..KTO_1_8
};
const KTO_1_14_2: KtoFeatures = KtoFeatures {
    since: Version::new(1, 14, 2),
    common_prefix: true,
    ..KTO_1_9
};

/// How `RewardTrainer` behaves (`trainer/reward_trainer.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a change of its own, made in a version of its own"
)]
pub struct RewardFeatures {
    pub since: Version,
    /// Conversations are tokenised by `apply_chat_template`, and texts get an EOS; before, the
    /// template's text was tokenised as any other, and of a row with a prompt the answer alone.
    pub direct: bool,
    /// `is_conversational` goes by `role` alone.
    pub by_role: bool,
    pub text: TextRules,
    /// Nulls are removed from the rows.
    pub removes_none: bool,
    /// Columns are `chosen_ids` and `rejected_ids`, and a string of tools is JSON.
    pub short_names: bool,
}

const REWARD_0_14: RewardFeatures = RewardFeatures {
    since: Version::new(0, 14, 0),
    direct: false,
    by_role: false,
    text: TEXT_0_14,
    removes_none: false,
    short_names: false,
};
const REWARD_0_15: RewardFeatures = RewardFeatures {
    since: Version::new(0, 15, 0),
    text: TEXT_0_15,
    ..REWARD_0_14
};
const REWARD_0_19: RewardFeatures = RewardFeatures {
    since: Version::new(0, 19, 0),
    text: TEXT_0_19,
    ..REWARD_0_15
};
const REWARD_0_24: RewardFeatures = RewardFeatures {
    since: Version::new(0, 24, 0),
    direct: true,
    removes_none: true,
    ..REWARD_0_19
};
const REWARD_0_28: RewardFeatures = RewardFeatures {
    since: Version::new(0, 28, 0),
    by_role: true,
    ..REWARD_0_24
};
const REWARD_0_29: RewardFeatures = RewardFeatures {
    since: Version::new(0, 29, 0),
    short_names: true,
    ..REWARD_0_28
};
const REWARD_1_0: RewardFeatures = RewardFeatures {
    since: Version::new(1, 0, 0),
    removes_none: false,
    ..REWARD_0_29
};

/// A range of versions, by its first.
trait Range {
    fn since(&self) -> Version;
}

macro_rules! ranges {
    ($($features:ty),+) => {$(
        impl Range for $features {
            fn since(&self) -> Version {
                self.since
            }
        }
    )+};
}

ranges!(DpoFeatures, KtoFeatures, RewardFeatures);

const DPO: &[DpoFeatures] = &[
    DPO_0_14, DPO_0_15, DPO_0_19, DPO_0_24, DPO_0_26, DPO_0_27_2, DPO_0_28, DPO_0_29, DPO_1_0, DPO_1_9, DPO_1_14_2,
];
const KTO: &[KtoFeatures] = &[
    KTO_0_14, KTO_0_15, KTO_0_19, KTO_0_24, KTO_0_26, KTO_0_27, KTO_0_28, KTO_1_3, KTO_1_4, KTO_1_6, KTO_1_7, KTO_1_8,
    KTO_1_9, KTO_1_14_2,
];
const REWARD: &[RewardFeatures] = &[
    REWARD_0_14,
    REWARD_0_15,
    REWARD_0_19,
    REWARD_0_24,
    REWARD_0_28,
    REWARD_0_29,
    REWARD_1_0,
];

fn of<F: Range>(ranges: &'static [F], version: Version) -> Option<&'static F> {
    if version > NEWEST {
        return None;
    }
    ranges.iter().rev().find(|features| features.since() <= version)
}

/// How a version's `DPOTrainer` behaves; `None` for one that is not covered.
pub fn dpo(version: Version) -> Option<&'static DpoFeatures> {
    of(DPO, version)
}

/// How a version's `KTOTrainer` behaves; `None` for one that is not covered.
pub fn kto(version: Version) -> Option<&'static KtoFeatures> {
    of(KTO, version)
}

/// How a version's `RewardTrainer` behaves; `None` for one that is not covered.
pub fn reward(version: Version) -> Option<&'static RewardFeatures> {
    of(REWARD, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascend<F: Range>(ranges: &[F]) {
        let since: Vec<Version> = ranges.iter().map(Range::since).collect();
        assert!(since.is_sorted_by(|left, right| left < right), "{since:?}");
        assert!(since.last() <= Some(&NEWEST));
    }

    #[test]
    fn ranges_ascend_and_end() {
        ascend(DPO);
        ascend(KTO);
        ascend(REWARD);
        assert!(dpo(Version::new(0, 13, 0)).is_none() && dpo(Version::new(99, 0, 0)).is_none());
        assert_eq!(dpo(Version::new(0, 28, 1)), Some(&DPO_0_28));
        assert_eq!(kto(NEWEST), Some(&KTO_1_14_2));
        assert_eq!(reward(Version::new(0, 19, 1)), Some(&REWARD_0_19));
    }
}
