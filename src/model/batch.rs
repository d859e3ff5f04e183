//! Sequences as they enter a batch, and batches as they enter the model.

/// One sequence: a row, or several packed into one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Rows in it, by their number in the set, in order. A row cut in pieces stands in several sequences.
    pub rows: Vec<u64>,
    /// As of the row: `chosen`, `rejected`; empty where a row is one sequence.
    pub side: &'static str,
    /// Shape `[n]`.
    pub input_ids: Vec<u32>,
    /// Shape `[n]`; -100 carries no loss.
    pub labels: Vec<i32>,
    /// Tokens of each row (document) in it; empty where the trainer keeps no such column.
    pub seq_lengths: Vec<u32>,
    /// Position of each token, shape `[n]`, where the trainer makes them before the collator.
    pub position_ids: Option<Vec<u32>>,
}

/// What a collator yields. All matrices have the shape `[rows, columns]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub input_ids: Vec<Vec<u32>>,
    pub labels: Option<Vec<Vec<i32>>>,
    pub attention_mask: Option<Vec<Vec<u32>>>,
    pub position_ids: Option<Vec<Vec<u32>>>,
    /// Further columns by name, such as `completion_mask` or `cu_seq_lens_q`.
    pub others: Vec<(&'static str, Extra)>,
}

/// A further column of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Extra {
    Flag(bool),
    Number(i64),
    Row(Vec<i64>),
    Flags(Vec<bool>),
    /// Single-precision numbers.
    Floats(Vec<f32>),
    Matrix(Vec<Vec<i64>>),
}
