//! A row of a batch as it left a DataLoader, and what its dump says of how it was made.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::encoded::IGNORE;
use super::setup::Setting;

/// One row of a dumped batch. Columns have the length of [`Self::ids`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DumpedRow {
    /// Its batch, counted from 0 through the whole dump.
    pub batch: u64,
    /// Its place in the batch, and how many rows that has.
    pub row: u64,
    pub rows: u64,
    /// The process that yielded it.
    pub rank: u64,
    pub ids: Vec<i64>,
    pub labels: Option<Vec<i64>>,
    pub positions: Option<Vec<i64>>,
    /// A mask of one number a token: 0 is hidden. Where there are pairs, 0 is what nobody sees.
    pub attention: Option<Vec<i64>>,
    pub mask: MaskKind,
    /// From the first token that is no padding to the last.
    pub text: Range<usize>,
    /// The first padding between them.
    pub hole: Option<usize>,
    /// Where documents start, by each column that tells, in order; the first starts with the text.
    pub told: Vec<(Teller, Vec<usize>)>,
    /// A token, and a later one that it sees.
    pub ahead: Option<(usize, usize)>,
    /// What the same rows are encoded to here, where that was asked for: one for each document.
    pub compared: Vec<Compared>,
}

/// What an attention mask is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MaskKind {
    #[default]
    None,
    /// 0 and 1.
    Flags,
    /// 1, 2, …: the number of the document a token is of.
    Numbers,
    /// Which token sees which.
    Pairs,
}

/// A column that tells where a document starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Teller {
    Positions,
    CuSeqLens,
    SeqIdx,
    SeqLengths,
    /// The attention mask, by numbers or pairs.
    Mask,
}

impl Teller {
    pub fn name(self) -> &'static str {
        match self {
            Self::Positions => "position_ids",
            Self::CuSeqLens => "cu_seq_lens",
            Self::SeqIdx => "seq_idx",
            Self::SeqLengths => "seq_lengths",
            Self::Mask => "attention_mask",
        }
    }
}

/// A document of a row against what the same row is encoded to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its tokens in the row.
    pub tokens: Range<usize>,
    /// The row of ours it is, as `data/train.jsonl:403`; `None` where it is like none.
    pub like: Option<String>,
    pub difference: Option<Difference>,
    /// How its text begins, for one that is like none.
    pub begins: String,
}

/// The first token where two encodings of a row part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In the dumped row.
    pub at: usize,
    /// The text before, clipped.
    pub before: String,
    /// In the dump, and here; `None` where the sequence ends.
    pub dumped: Option<Met>,
    pub here: Option<Met>,
    /// Tokens of the document that differ, in id or label, counted to the end of the shorter.
    pub tokens: usize,
}

/// A token as it stands in a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    pub id: i64,
    pub text: String,
    /// `None` where there are no labels.
    pub label: Option<i64>,
}

impl DumpedRow {
    /// Trained tokens: number, id and label. The first token never carries loss.
    pub fn trained(&self) -> impl Iterator<Item = (usize, i64, i64)> {
        let labels = self.labels.iter().flatten().copied();
        let all = self.ids.iter().copied().zip(labels).enumerate().skip(1);
        all.filter(|(_, (_, label))| *label != i64::from(IGNORE))
            .map(|(at, (id, label))| (at, id, label))
    }

    /// Whether a token is padding.
    pub fn is_padding(&self, at: usize) -> bool {
        !self.text.contains(&at) || self.attention.as_ref().is_some_and(|attention| attention[at] == 0)
    }

    /// Tokens that are padding.
    pub fn padding(&self) -> usize {
        (0..self.ids.len()).filter(|at| self.is_padding(*at)).count()
    }

    /// Where documents start after the first, as any column tells.
    pub fn seams(&self) -> Vec<usize> {
        let mut seams: Vec<usize> = self
            .told
            .iter()
            .flat_map(|(_, starts)| starts.iter().copied())
            .filter(|start| *start > self.text.start && *start < self.text.end)
            .collect();
        seams.sort_unstable();
        seams.dedup();
        seams
    }

    /// The documents of the row, as any column tells.
    pub fn documents(&self) -> Vec<Range<usize>> {
        let mut documents = Vec::new();
        let mut start = self.text.start;
        for seam in self.seams() {
            documents.push(start..seam);
            start = seam;
        }
        if start < self.text.end {
            documents.push(start..self.text.end);
        }
        documents
    }

    /// The starts a column tells.
    pub fn starts(&self, by: Teller) -> Option<&[usize]> {
        let found = self.told.iter().find(|(teller, _)| *teller == by);
        found.map(|(_, starts)| starts.as_slice())
    }
}

/// What is known of a dump as a whole; `None` is what nobody said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DumpFacts {
    /// Batches of each rank together.
    pub batches: u64,
    pub has_labels: bool,
    /// Whether the loss is not that of labels for each token: of pairs, of rewards, of one label a row.
    pub is_of_rows: bool,
    /// The tokens it names: `pad_token`, `eos_token`.
    pub named: Vec<String>,
    /// Whether any batch has an attention mask, or a padding token is known.
    pub tells_padding: bool,
    /// Whether rows were encoded here to compare with.
    pub compared: bool,
    /// How many batches that no file has come before which batch of the dump, by the numbers files have.
    pub lost: BTreeMap<u64, u64>,
    /// Rows a device is given.
    pub batch_size: Option<Setting<u64>>,
    pub pad_to_multiple_of: Option<Setting<u64>>,
    pub max_length: Option<Setting<u64>>,
    /// Whether the trainer was told to pack, or to pad nothing.
    pub packs: Option<Setting<bool>>,
    /// Whether every batch of several rows came as one.
    pub is_flattened: bool,
    /// Whether all rows have one width and no padding, and begin with different tokens.
    pub is_full: bool,
    /// `flash_attention_2`, `sdpa`, `eager`.
    pub attention: Option<Setting<String>>,
    /// Batches of an epoch on each rank.
    pub epoch: Option<Setting<u64>>,
}
