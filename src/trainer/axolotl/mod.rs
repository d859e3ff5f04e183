//! axolotl: supervised fine-tuning on text.
//!
//! An entry of `datasets` names a strategy by its `type`, and the strategy makes token ids and
//! labels of a row; the same steps then follow for all of them: rows too long are dropped or cut,
//! rows are packed by a sampler, batches are padded. Sources: `prompt_strategies/`, `prompters.py`,
//! `prompt_tokenizers.py`, `utils/` and `core/` of the release in [`versions`], Apache-2.0.

pub mod attention;
mod chat;
pub mod collate;
mod completion;
mod details;
mod format;
mod instruct;
mod kinds;
mod kwargs;
mod length;
mod locate;
pub mod options;
mod pieces;
mod prompters;
mod reflection;
mod segments;
mod templates;
mod thread;
mod tokenised;
pub mod tokenizer;
mod variables;
pub mod versions;

pub use pieces::NO_TOKEN;

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::pack::Multipack;
use crate::encode::tokenizer::Side;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::model::record::Record;

use super::failure::{raises, unsupported};
use super::packed::{assemble, restarting};
use super::row::Row;
use super::version::Version;
use super::{Encode, Fate, Pool, SitePackages, Trainer};
use collate::{Collator, PadToken};
use kinds::Strategy;
use length::Length;
use options::{Dataset, Options};

/// Which rows of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// `datasets`, and what `val_set_size` takes of them.
    Train,
    /// `test_datasets`.
    Test,
}

/// Axolotl with the options of a run, for one of its datasets.
pub struct Axolotl {
    version: Version,
    /// `None` where the rows are tokenised already.
    strategy: Option<Strategy>,
    columns: Vec<String>,
    length: Length,
    packing: Option<Multipack>,
    collator: Collator,
}

impl Axolotl {
    /// `kit` is the tokenizer as axolotl loads it, `columns` those of the whole set. Templates that
    /// come with axolotl are read from `packages`.
    ///
    /// # Errors
    ///
    /// What axolotl raises for the config, or what is not reproduced.
    pub fn new(
        kit: &Arc<Kit>,
        version: Version,
        options: &Options,
        dataset: &Dataset,
        split: Split,
        columns: Vec<String>,
        packages: &SitePackages,
    ) -> Result<Self, EncodeError> {
        if !versions::covers(version) {
            return Err(unsupported(format!(
                "axolotl {version}; covered is {}",
                versions::NEWEST
            )));
        }
        options.refuse()?;
        let is_tokenised = tokenised::COLUMNS
            .iter()
            .all(|name| columns.iter().any(|column| column == name));
        let strategy = if is_tokenised {
            None
        } else {
            Some(Strategy::new(kit, options, dataset, packages)?)
        };
        let packs = match split {
            Split::Train => options.sample_packing.unwrap_or(false),
            Split::Test => options.eval_sample_packing.or(options.sample_packing).unwrap_or(false),
        };
        let longest = match split {
            Split::Train => None,
            Split::Test => options.eval_sequence_len,
        };
        Ok(Self {
            version,
            strategy,
            columns,
            length: Length {
                longest: longest.unwrap_or(options.sequence_len()),
                shortest: options.min_sample_len.filter(|least| *least > 0).unwrap_or(2),
                excess: options.excess_length_strategy.unwrap_or_default(),
                packs,
            },
            packing: if packs { Some(options.multipack()?) } else { None },
            collator: Collator {
                pad: PadToken::of(kit.facts()),
                left: kit.facts().padding_side == Side::Left,
                multiple: options.multiple(),
                masks: options.masks(packs),
            },
        })
    }

    /// Tokenises and labels a row, before its length is looked at. A text may give several
    /// sequences, or none.
    ///
    /// # Errors
    ///
    /// What axolotl raises for the row, or what is not reproduced.
    pub fn tokenise(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let row = Row {
            value: &record.value,
            columns: &self.columns,
        };
        match &self.strategy {
            None => tokenised::encode(row, pool.add()),
            Some(Strategy::Chat(chat)) => chat.encode(row, example, pool.add()),
            Some(Strategy::Instruct(instruct)) => instruct.encode(row, example, pool.add()),
            Some(Strategy::Reflection(reflection)) => reflection.encode(row, example, pool.add()),
            Some(Strategy::Segments(segments)) => segments.encode(row, pool.add()),
            Some(Strategy::Completion(completion)) => completion.encode(row, example, pool),
        }
    }

    /// Drops or cuts what is too long.
    ///
    /// # Errors
    ///
    /// For a row too long, with `excess_length_strategy: raise`.
    pub fn settle(&self, out: &mut Encoded) -> Result<(), EncodeError> {
        self.length.settle(out)
    }

    /// Bins of a batch: 1, or `micro_batch_size` with real batches. `None` where nothing is packed.
    pub fn bins_per_batch(&self) -> Option<usize> {
        self.packing.map(|packing| packing.bins_per_batch as usize)
    }
}

impl Encode for Axolotl {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let before = pool.sequences().len();
        self.tokenise(record, example, pool)?;
        if pool.sequences().len() == before {
            pool.add().dropped = Some("an empty text, of which no sequence is made".to_owned());
            return Ok(());
        }
        pool.sequences_mut()
            .iter_mut()
            .try_for_each(|out| self.length.settle(out))
    }

    fn cuts_up(&self) -> bool {
        matches!(self.strategy, Some(Strategy::Completion(_)))
    }

    /// Of a set that is packed something must be left of what has a usable length.
    fn check_set(&self, sequences: &[Fate], _: u64) -> Result<(), EncodeError> {
        let takes = |fate: &&Fate| self.length.takes(fate.tokens);
        let mut usable = sequences.iter().filter(takes).peekable();
        if self.packing.is_none() || usable.peek().is_none() || usable.any(|fate| !fate.dropped) {
            return Ok(());
        }
        Err(raises(
            "ValueError",
            "The dataset has no samples left after dropping samples with no trainable tokens.",
        ))
    }
}

impl Trainer for Axolotl {
    fn name(&self) -> String {
        format!("axolotl@{}", self.version)
    }

    /// Rows in the order given (`curriculum_sampling`); otherwise axolotl draws the order anew for
    /// each epoch.
    fn arrange(&self, mut rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        let Some(packing) = self.packing else { return Ok(rows) };
        for row in &mut rows {
            let length = offset(row.input_ids.len());
            row.position_ids = Some((0..length).collect());
        }
        let lengths: Vec<u32> = rows.iter().map(|row| offset(row.input_ids.len())).collect();
        let packed = packing
            .pack(&lengths)
            .map_err(|error| raises("ValueError", error.to_string()))?;
        let mut bins = assemble(&rows, &packed);
        for bin in &mut bins {
            bin.position_ids = Some(restarting(&bin.seq_lengths));
        }
        Ok(bins)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        self.collator.collate(sequences)
    }
}
