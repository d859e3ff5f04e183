//! Texts that NFC changes, and where the bytes of what they become stood.
//!
//! As in the reference, what lies between the added tokens is composed piece by piece. The reference's own type for
//! strings does it, so the alignments are its own too: a composed character stands for the first of those it was made of.

use tokenizers::normalizer::{NormalizedString, Range};

use super::added::Piece;
use super::{nfc, small};

/// A text after NFC.
pub(super) struct Composed {
    pub(super) text: String,
    /// For each byte of `text` the bytes of the text before that stand for it, shape `[text.len()]`.
    origins: Vec<(u32, u32)>,
}

impl Composed {
    /// Composes the pieces of a text that are no added tokens and moves the bounds of all; `None` where that changes
    /// nothing.
    pub(super) fn new(text: &str, pieces: &mut [Piece]) -> Option<Self> {
        let stays = |piece: &Piece| piece.id.is_some() || nfc::leaves_alone(&text[piece.start..piece.end]);
        if pieces.iter().all(stays) {
            return None;
        }
        let mut made = Self {
            text: String::with_capacity(text.len()),
            origins: Vec::with_capacity(text.len()),
        };
        for piece in pieces {
            let mut string = NormalizedString::from(&text[piece.start..piece.end]);
            if piece.id.is_none() {
                string.nfc();
            }
            let origin = |at| {
                string
                    .convert_offsets(Range::Normalized(at..=at))
                    .expect("a byte of it")
            };
            let origins = (0..string.get().len()).map(origin);
            let base = piece.start;
            made.origins
                .extend(origins.map(|origin| (small(base + origin.start), small(base + origin.end))));
            let start = made.text.len();
            made.text.push_str(string.get());
            (piece.start, piece.end) = (start, made.text.len());
        }
        Some(made)
    }

    /// Where the bytes of a token, which has some, stood in the text before.
    pub(super) fn origin(&self, (start, end): (u32, u32)) -> (u32, u32) {
        (self.origins[start as usize].0, self.origins[end as usize - 1].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start: usize, end: usize, id: Option<u32>) -> Piece {
        Piece { start, end, id }
    }

    #[test]
    fn composes_between_added_tokens_and_knows_where_from() {
        let text = "e\u{301}x<e\u{301}>a\u{30a}";
        let mut pieces = [piece(0, 4, None), piece(4, 9, Some(7)), piece(9, 12, None)];
        let made = Composed::new(text, &mut pieces).expect("a change");
        assert_eq!(made.text, "\u{e9}x<e\u{301}>\u{e5}");
        assert_eq!(pieces, [piece(0, 3, None), piece(3, 8, Some(7)), piece(8, 10, None)]);
        // The mark behind the first letter is no one's.
        assert_eq!(made.origin((0, 2)), (0, 1));
        assert_eq!(made.origin((2, 3)), (3, 4));
        assert_eq!(made.origin((3, 8)), (4, 9));
        assert_eq!(made.origin((8, 10)), (9, 10));
    }

    #[test]
    fn what_only_composes_across_an_added_token_stays() {
        let text = "<\u{338}";
        assert!(!nfc::leaves_alone(text));
        assert!(Composed::new(text, &mut [piece(0, 1, Some(1)), piece(1, 3, None)]).is_none());
    }
}
