//! The tokens of a sequence by what they are part of.

use std::ops::Range;

use super::encoded::{Encoded, IGNORE, What};

/// Consecutive tokens of one part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub what: What,
    /// Their numbers in the sequence.
    pub tokens: Range<usize>,
    /// How many of them carry loss.
    pub trained: usize,
}

/// The stretches of a sequence, in order; none where its tokens have no text.
pub fn stretches(encoded: &Encoded) -> impl Iterator<Item = Stretch> {
    let count = if encoded.offsets.len() == encoded.input_ids.len() {
        encoded.input_ids.len()
    } else {
        0
    };
    let mut parts = encoded.parts.iter().peekable();
    let mut at = 0;
    let mut what = move |token: usize| {
        let (start, end) = encoded.offsets[token];
        while parts.next_if(|part| part.end <= start).is_some() {}
        // Tokens of no text are the tokenizer's own.
        let part = parts.peek().filter(|_| end > start);
        part.map_or(What::Template, |part| part.what)
    };
    let mut ahead = None;
    std::iter::from_fn(move || {
        if at == count {
            return None;
        }
        let kind = ahead.take().unwrap_or_else(|| what(at));
        let start = at;
        let mut trained = 0;
        while at < count {
            let next = if at == start { kind } else { what(at) };
            if next != kind {
                ahead = Some(next);
                break;
            }
            trained += usize::from(is_trained(encoded, at));
            at += 1;
        }
        Some(Stretch {
            what: kind,
            tokens: start..at,
            trained,
        })
    })
}

/// Whether a token carries loss: the first never does, because nothing stands before it.
pub fn is_trained(encoded: &Encoded, token: usize) -> bool {
    token > 0 && encoded.labels.get(token).is_some_and(|label| *label != IGNORE)
}

/// Whether every token carries loss that can.
pub fn is_whole(encoded: &Encoded) -> bool {
    encoded.len() > 1 && encoded.trained() + 1 >= encoded.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encoded::Part;

    #[test]
    fn tokens_are_told_apart_by_where_they_start() {
        let part = |end, what| Part { end, what };
        let encoded = Encoded {
            text: "<u>hi<a>yo".to_owned(),
            input_ids: vec![1, 2, 3, 4, 5, 6],
            labels: vec![IGNORE, IGNORE, IGNORE, IGNORE, 5, 6],
            offsets: vec![(0, 0), (0, 3), (3, 5), (5, 8), (8, 9), (9, 10)],
            parts: vec![
                part(3, What::Template),
                part(5, What::Turn(0)),
                part(8, What::Template),
                part(10, What::Turn(1)),
            ],
            ..Encoded::default()
        };
        let seen: Vec<_> = stretches(&encoded)
            .map(|stretch| (stretch.what, stretch.tokens, stretch.trained))
            .collect();
        assert_eq!(
            seen,
            [
                (What::Template, 0..2, 0),
                (What::Turn(0), 2..3, 0),
                (What::Template, 3..4, 0),
                (What::Turn(1), 4..6, 2)
            ]
        );
        assert!(!is_whole(&encoded));
    }
}
