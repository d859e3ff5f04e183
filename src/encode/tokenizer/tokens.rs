//! What encoding a text gives, in buffers that are used again for the next text.

use super::fast::Scratch;

/// How much to find out about each token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Ids only.
    Ids,
    /// And the bytes each token stands for.
    Extents,
    /// And the reference's own offsets.
    Offsets,
}

/// The tokens of one text. A worker keeps one and hands it in for every row.
#[derive(Default)]
pub struct Tokens {
    /// Shape `[n]`.
    pub ids: Vec<u32>,
    /// For each token the bytes of the text it was made of, shape `[n]`; empty below
    /// [`Detail::Extents`]. Tokens of one character stand for one part of its bytes each, so the
    /// extents follow on each other without gaps. A token the tokenizer added stands for `(0, 0)`.
    /// Where normalization changed the text they are the offsets below.
    pub extents: Vec<(u32, u32)>,
    /// For each token what the reference library calls its offsets, as bytes of the text, shape
    /// `[n]`; empty below [`Detail::Offsets`]. Every token of a character stands for the whole of
    /// it, and white space at the ends may be trimmed (`trim_offsets`): trainers make their masks
    /// from these.
    pub offsets: Vec<(u32, u32)>,
    pub(super) scratch: Scratch,
    /// What is read from or written to a store of tokens.
    pub(in crate::encode) kept: Vec<u8>,
}

impl Tokens {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Empties it and keeps the buffers.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.extents.clear();
        self.offsets.clear();
    }
}
