//! Which collator makes the batches, and what it makes of a row's labels.

use crate::encode::kit::Kit;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::trainer::failure::not_in_vocabulary;
use crate::trainer::transformers::collate::Collator as Library;
use crate::trainer::transformers::flatten::Flattening;
use crate::trainer::transformers::pad::Pad;
use crate::trainer::transformers::through;
use crate::trainer::trl::options::{Options, raises};
use crate::trainer::trl::row::Row;
use crate::trainer::trl::versions::{Features, RowsInto};

use super::collate::Collator;
use super::{Mode, Sft, id_of};

/// What makes batches.
#[derive(Clone, Debug)]
pub(super) enum Collates {
    /// TRL's own collator.
    Own(Collator),
    /// One of transformers', given the rows' labels or not.
    Library { collator: Library, labelled: bool },
}

impl Collates {
    /// By the options and the columns of the set.
    pub(super) fn of(
        kit: &Kit,
        options: &Options,
        features: &Features,
        sample: Row<'_>,
        eos: Option<&str>,
    ) -> Result<Self, EncodeError> {
        let library = |collator, labelled| Collates::Library { collator, labelled };
        let texts = match features.rows {
            RowsInto::Texts(texts) => Some(texts),
            RowsInto::Formatted { .. } | RowsInto::Ids => None,
        };
        if options.completion_only_lm.is_some() {
            if options.padding_free {
                let message = "passing a custom data collator is not supported when using padding-free";
                return Err(raises("ValueError", message));
            }
            // Its labels are masked row by row before.
            return Ok(library(
                Library::Seq2Seq {
                    pad: Pad::default(),
                    label_pad: i64::from(IGNORE),
                },
                true,
            ));
        }
        let takes_labels = sample.has("labels") && !options.packing && !options.use_liger_kernel;
        if let (Some(texts), true) = (texts, options.padding_free) {
            return Ok(library(
                Library::Flattening(Flattening::default()),
                takes_labels && texts.joins,
            ));
        }
        if texts.is_some_and(|texts| texts.library_collator) {
            let collator = Library::Language {
                multiple: None,
                numpy: false,
            };
            return Ok(library(collator, takes_labels));
        }
        let pad = options
            .pad_token
            .clone()
            .or_else(|| kit.text_of("pad_token"))
            .or_else(|| eos.map(str::to_owned));
        let pad_id = pad.as_deref().and_then(|pad| id_of(kit, pad, features));
        let pad_id = pad_id.ok_or_else(|| raises("ValueError", not_in_vocabulary(pad.as_deref())))?;
        let strategy = options.packing_strategy.as_deref().unwrap_or(features.packing);
        // `bfd-requeue` of 0.29 keeps no documents apart.
        let packs_documents = options.packing && matches!(strategy, "bfd" | "bfd_split" | "ffd");
        let padding_free = options.padding_free || packs_documents;
        if features.refuses_padding_free_cut && padding_free && !options.packing && options.max_length.is_some() {
            return Err(raises(
                "ValueError",
                "padding_free=True without packing does not enforce max_length",
            ));
        }
        Ok(Collates::Own(Collator {
            pad_id,
            padding_free,
            pad_to_multiple_of: options.pad_to_multiple_of,
            features: *features,
        }))
    }
}

impl Sft {
    /// Makes a batch.
    pub(super) fn batch(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        match &self.collates {
            Collates::Own(collator) => Ok(collator.collate(sequences)),
            Collates::Library { collator, labelled } => {
                self.check_masks(sequences)?;
                through(collator, self.kit.facts(), sequences, *labelled)
            }
        }
    }

    /// Takes the loss from the first token of each document, as TRL's own collator does where positions restart.
    pub(super) fn mask_starts(&self, sequence: &mut Sequence) {
        let Collates::Own(collator) = &self.collates else {
            return;
        };
        if collator.padding_free && collator.features.masks_row_starts {
            let mut start = 0;
            for length in std::iter::once(0).chain(sequence.seq_lengths.iter().copied()) {
                start += length as usize;
                sequence
                    .labels
                    .get_mut(start)
                    .into_iter()
                    .for_each(|label| *label = IGNORE);
            }
        }
    }

    /// Whether transformers' flattening collator makes the batches.
    pub(super) fn flattens(&self) -> bool {
        let Collates::Library { collator, .. } = &self.collates else {
            return false;
        };
        matches!(collator, Library::Flattening(_))
    }

    /// Whether that collator is given labels of the rows.
    pub(super) fn takes_labels(&self) -> bool {
        self.flattens() && matches!(self.collates, Collates::Library { labelled: true, .. })
    }

    /// What transformers' collators make of a row's labels.
    pub(super) fn collated(&self, out: &mut Encoded) {
        let Collates::Library { collator, .. } = &self.collates else {
            return;
        };
        match collator {
            Library::Language { .. } => {
                let pad = self.kit.facts().token("pad_token").and_then(|token| token.id);
                for (label, id) in out.labels.iter_mut().zip(&out.input_ids) {
                    if Some(*id) == pad {
                        *label = IGNORE;
                    }
                }
            }
            Library::Flattening(_) => out.labels.iter_mut().take(1).for_each(|label| *label = IGNORE),
            _ => {}
        }
    }

    /// transformers' collator makes tensors of masks beside the ids without padding them.
    fn check_masks(&self, sequences: &[Sequence]) -> Result<(), EncodeError> {
        let masked = match self.mode {
            Mode::Tokenised => ["completion_mask", "assistant_masks"]
                .iter()
                .any(|mask| self.columns.iter().any(|column| column == mask)),
            Mode::PromptCompletion => true,
            Mode::Language => self.options.assistant_only_loss,
        };
        let lengths = |pair: &[Sequence]| pair[0].input_ids.len() == pair[1].input_ids.len();
        if self.search.is_none() || !masked || sequences.windows(2).all(lengths) {
            return Ok(());
        }
        Err(raises(
            "ValueError",
            "unable to create a tensor of masks of several lengths: DataCollatorForCompletionOnlyLM takes no rows with masks",
        ))
    }
}
