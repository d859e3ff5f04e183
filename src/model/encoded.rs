//! One row as the trainer will feed it.

/// The label that carries no loss, in every trainer covered.
pub const IGNORE: i32 = -100;

/// So many pieces of the template are looked through as they are.
const MANY: usize = 32;

/// Pieces of the template that are kept of either end of a text.
const ENDS: usize = 256;

/// One sequence of token ids and labels, with where each token came from.
///
/// A row of a preference set has two, a text that a trainer cuts up one for each piece; any other row has one.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    /// `chosen`, `rejected`; empty where the sequence is the row, or a piece of it.
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

/// How the reason ends for which a row is dropped that the settings leave out by its number.
pub const AS_SET: &str = "(max_samples)";

/// Whether the sequences of a row are pieces of it, each a row of its own to the trainer; those of a preference row are
/// its sides.
pub fn are_pieces(sequences: &[Encoded]) -> bool {
    sequences.len() > 1 && sequences.iter().all(|sequence| sequence.side.is_empty())
}

/// Labels that carry loss: the first never does.
pub fn trained(labels: &[i32]) -> usize {
    labels.iter().skip(1).filter(|label| **label != IGNORE).count()
}

impl Encoded {
    /// Tokens that carry loss: labels other than [`IGNORE`], not counting the first token, nor labels that rows tokenised
    /// before have beyond their ids.
    pub fn trained(&self) -> usize {
        trained(&self.labels[..self.labels.len().min(self.input_ids.len())])
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

    /// The stretches of the text with the byte each starts at.
    fn stretches(&self) -> impl Iterator<Item = (usize, &Part)> + Clone {
        let starts = std::iter::once(0).chain(self.parts.iter().map(|part| part.end as usize));
        starts.zip(&self.parts)
    }

    /// Where turns stand: their numbers, with the first byte and one past the last; in the order of the turns, which is
    /// that of the text.
    pub fn spots(&self) -> impl Iterator<Item = (usize, (usize, usize))> + Clone {
        self.stretches().filter_map(|(start, part)| match part.what {
            What::Turn(turn) => Some((usize::from(turn), (start, part.end as usize))),
            What::Template => None,
        })
    }

    /// What the template wrote around the turns, with the byte where it stands. Of a row of many turns each text comes
    /// once, with the first place, and of more than 512 that differ, as around thousands of calls, the first and the
    /// last 256: who compares turns with them takes no time in the square of a row.
    pub fn template_pieces(&self) -> Vec<(&str, usize)> {
        let written = self.stretches().filter(|(_, part)| part.what == What::Template);
        let mut pieces: Vec<_> = written
            .filter_map(|(start, part)| Some((self.text.get(start..part.end as usize)?, start)))
            .collect();
        if pieces.len() > MANY {
            pieces.sort_unstable();
            pieces.dedup_by_key(|(piece, _)| *piece);
        }
        if pieces.len() > 2 * ENDS {
            pieces.sort_unstable_by_key(|(_, start)| *start);
            pieces.drain(ENDS..pieces.len() - ENDS);
        }
        pieces
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_the_template_come_once_and_of_many_the_ends() {
        let mut encoded = Encoded::default();
        let mut add = |text: &str, what| {
            encoded.text.push_str(text);
            let end = u32::try_from(encoded.text.len()).expect("a short text");
            encoded.parts.push(Part { end, what });
        };
        for turn in 0..40 {
            add("<user>", What::Template);
            add("hello", What::Turn(turn));
        }
        add("<end>", What::Template);
        assert_eq!(encoded.template_pieces(), [("<end>", 440), ("<user>", 0)]);
        assert!(encoded.spots().take(2).eq([(0, (6, 11)), (1, (17, 22))]));

        encoded.clear();
        for piece in 0..600 {
            encoded.text.push_str(&format!("{piece:03}"));
            let end = u32::try_from(encoded.text.len()).expect("a short text");
            let what = What::Template;
            encoded.parts.push(Part { end, what });
        }
        let places: Vec<usize> = encoded.template_pieces().iter().map(|(_, start)| start / 3).collect();
        assert!(places.into_iter().eq((0..256).chain(344..600)));
    }
}
