//! What each trainer chooses: which texts it builds, which tokens carry loss, what it cuts.

pub mod axolotl;
mod failure;
pub mod intended;
pub mod llama_factory;
pub mod packed;
mod parts;
mod python;
mod row;
mod site_packages;
pub mod torchtune;
pub mod transformers;
pub mod trl;
pub mod unsloth;

pub use crate::model::version;

use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Marker, PackingFlaw};

pub use site_packages::SitePackages;

/// Makes what a trainer is fed from a row. One is shared by all workers.
pub trait Encode: Send + Sync {
    /// Adds the row's sequences to `out`: one, or two for a preference row, or a piece each where [`Self::cuts_up`].
    ///
    /// # Errors
    ///
    /// If the trainer would refuse the row, or the row needs something not reproduced here.
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, out: &mut Pool) -> Result<(), EncodeError>;

    /// Whether rows are taken by their columns alone, so that one of no shape known here is taken
    /// too, with an empty example.
    fn reads_columns(&self) -> bool {
        false
    }

    /// Whether a row that is too long is made several rows of, none of it lost.
    fn cuts_up(&self) -> bool {
        false
    }

    /// Whether what becomes of the rows of a set is decided for all of them together.
    fn packs(&self) -> bool {
        false
    }

    /// What becomes of the training rows before they are batched, without the labels that their collator masks; see
    /// [`Trainer::arrange`] and [`Trainer::mask`].
    ///
    /// # Errors
    ///
    /// If the trainer would raise.
    fn pack(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        Ok(rows)
    }

    /// Looks at what became of a set of so many rows: the fates of their sequences, in order.
    ///
    /// # Errors
    ///
    /// If the run ends there although no row of it raised.
    fn check_set(&self, _sequences: &[Fate], _rows: u64) -> Result<(), EncodeError> {
        Ok(())
    }
}

/// What became of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The row it was made of, counted over the whole set.
    pub row: u64,
    /// Tokens, also where it was dropped.
    pub tokens: usize,
    pub dropped: bool,
}

/// A trainer, at one version, with its options settled.
pub trait Trainer: Encode {
    /// `trl@1.16.0`.
    fn name(&self) -> String;

    /// What becomes of the encoded rows before they are batched: rows the trainer drops are gone,
    /// and packing has been done.
    ///
    /// # Errors
    ///
    /// If the trainer would raise.
    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError>;

    /// Takes the loss from the labels of an arranged sequence that the collator masks whatever batch it is in.
    fn mask(&self, _: &mut Sequence) {}

    /// Makes a batch, as the trainer's collator does.
    ///
    /// # Errors
    ///
    /// If the collator would raise.
    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError>;

    /// What its way of packing does that is not meant.
    fn packing_flaws(&self) -> Vec<PackingFlaw> {
        Vec::new()
    }

    /// What it looks for in a row's tokens to tell what is trained.
    fn markers(&self) -> Vec<Marker> {
        Vec::new()
    }
}

/// Sequences of the row at hand, in buffers that are used again for the next row.
#[derive(Debug, Default)]
pub struct Pool {
    sequences: Vec<Encoded>,
    used: usize,
}

impl Pool {
    /// An empty sequence.
    pub fn add(&mut self) -> &mut Encoded {
        if self.used == self.sequences.len() {
            self.sequences.push(Encoded::default());
        }
        self.used += 1;
        let encoded = &mut self.sequences[self.used - 1];
        encoded.clear();
        encoded
    }

    /// Forgets the sequences and keeps their buffers.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    pub fn sequences_mut(&mut self) -> &mut [Encoded] {
        &mut self.sequences[..self.used]
    }

    pub fn sequences(&self) -> &[Encoded] {
        &self.sequences[..self.used]
    }
}
