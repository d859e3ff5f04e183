//! One row as the trainer will feed it.

/// The label that carries no loss, in every trainer covered.
pub const IGNORE: i32 = -100;

/// One sequence of token ids and labels, with where each token came from.
///
/// A row of a preference set has two; any other row has one.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    /// `chosen`, `rejected`; empty where the row is one sequence.
    pub side: &'static str,
    /// The text that was tokenised. Where a trainer encodes pieces apart, the pieces joined.
    pub text: String,
    /// Token ids, shape `[n]`, after truncation.
    pub input_ids: Vec<u32>,
    /// Labels, shape `[n]`: the id, or [`IGNORE`]. Some trainers' labels differ from their ids.
    /// `labels[0]` never carries loss, because causal models predict token `i` from token `i - 1`.
    pub labels: Vec<i32>,
    /// For each token the bytes of [`Self::text`] it stands for, shape `[n]`; empty where a
    /// pre-tokenised row has no text. A token added by the tokenizer stands for an empty range.
    pub offsets: Vec<(u32, u32)>,
    /// Which part of the row each stretch of the text is, in order, without gaps or overlaps.
    pub parts: Vec<Part>,
    /// Tokens before truncation.
    pub full_len: usize,
    /// Tokens that would have carried loss before truncation.
    pub full_trained: usize,
    /// Whether truncation left nothing of any answer while one was there.
    pub answer_lost: bool,
    /// Why the trainer would leave the row out, if it would.
    pub dropped: Option<String>,
    /// The end of the prompt, encoded alone, that the whole sequence does not have in its place; `None`
    /// where the prompt is how the sequence begins, and where the trainer does not look.
    pub unlike_prompt: Option<String>,
}

/// A stretch of the text and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// One past the last byte; the part starts where the one before ends.
    pub end: u32,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Text of the template, or of the prompt format.
    Template,
    /// The text of a turn, by its index in the example.
    Turn(u16),
}

impl Encoded {
    /// Tokens that carry loss: labels other than [`IGNORE`], not counting the first token.
    pub fn trained(&self) -> usize {
        self.labels.iter().skip(1).filter(|label| **label != IGNORE).count()
    }

    pub fn len(&self) -> usize {
        self.input_ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.input_ids.is_empty()
    }

    /// Whether a token is white space and nothing else; false for one without text.
    pub fn is_space(&self, token: usize) -> bool {
        let (from, to) = self.offsets.get(token).copied().unwrap_or_default();
        let text = self.text.get(from as usize..to as usize).unwrap_or_default();
        to > from && text.trim().is_empty()
    }

    /// Tokens that truncation cut.
    pub fn cut(&self) -> usize {
        self.full_len - self.input_ids.len()
    }

    /// Empties it and keeps the buffers.
    pub fn clear(&mut self) {
        self.side = "";
        self.text.clear();
        self.input_ids.clear();
        self.labels.clear();
        self.offsets.clear();
        self.parts.clear();
        self.full_len = 0;
        self.full_trained = 0;
        self.answer_lost = false;
        self.dropped = None;
        self.unlike_prompt = None;
    }
}

/// Why a row could not be encoded: what the trainer would raise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// The class the library raises (`TemplateError`, `UndefinedError`, `KeyError`), for the record.
    pub class: String,
    /// What it says.
    pub message: String,
    pub kind: EncodeErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeErrorKind {
    /// The template itself raised.
    Template,
    /// The template uses something that is not reproduced here; it is named and never guessed.
    Unsupported,
    /// The trainer refuses the row or the set.
    Trainer,
}
