//! The tokens of a sequence by what they are part of.

use std::ops::Range;

use super::encoded::{Encoded, IGNORE, Part, What};
use super::example::{Example, Turn};

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
    let offsets = &encoded.offsets[..count];
    let mut parts = encoded.parts.as_slice();
    // The part a token is in, and where that ends; tokens of no text are the tokenizer's own.
    let mut what = move |token: usize| {
        let (start, end) = offsets[token];
        while let Some((first, rest)) = parts.split_first()
            && first.end <= start
        {
            parts = rest;
        }
        match parts.first() {
            Some(part) if end > start => (part.what, part.end),
            _ => (What::Template, 0),
        }
    };
    let mut at = 0;
    let mut ahead = None;
    std::iter::from_fn(move || {
        if at == count {
            return None;
        }
        let (kind, mut inside) = ahead.take().unwrap_or_else(|| what(at));
        let start = at;
        loop {
            at += 1;
            // Most tokens are in the part of the one before them.
            at += within(&offsets[at..], inside);
            if at == count {
                break;
            }
            let next = what(at);
            if next.0 != kind {
                ahead = Some(next);
                break;
            }
            inside = next.1;
        }
        let labels = encoded.labels.get(start.max(1)..at.min(encoded.labels.len()));
        let trained = labels.unwrap_or_default().iter();
        Some(Stretch {
            what: kind,
            tokens: start..at,
            trained: trained.filter(|label| **label != IGNORE).count(),
        })
    })
}

/// How many tokens at the start have a text that begins before a place; without a branch for any but the last of them.
fn within(offsets: &[(u32, u32)], place: u32) -> usize {
    const TOGETHER: usize = 16;
    let is_within = |(first, last): &(u32, u32)| *first < place && last > first;
    let all = |some: &&[(u32, u32)]| some.iter().fold(true, |all, token| all & is_within(token));
    let whole = offsets.chunks_exact(TOGETHER).take_while(all).count() * TOGETHER;
    whole + offsets[whole..].iter().take_while(|token| is_within(token)).count()
}

/// Whether none of the answers that were to be learnt is left in a sequence, though other tokens may carry loss.
pub fn lacks_answer(example: &Example<'_>, encoded: &Encoded) -> bool {
    let is_answer = |turn: &Turn<'_>| turn.is_answer() && !turn.trimmed().is_empty();
    let kept = |stretch: Stretch| match stretch.what {
        What::Turn(turn) => example.turns.get(usize::from(turn)).is_some_and(is_answer),
        What::Template => false,
    };
    let known = encoded.parts.iter().any(|part| part.what != What::Template);
    known && example.turns.iter().any(is_answer) && !stretches(encoded).any(kept)
}

/// Whether a token carries loss: the first never does, because nothing stands before it.
pub fn is_trained(encoded: &Encoded, token: usize) -> bool {
    token > 0 && encoded.labels.get(token).is_some_and(|label| *label != IGNORE)
}

/// Whether every token carries loss that can. A collator that masks padding masks that token wherever it stands, and
/// torchtune the EOS that follows the last turn.
pub fn is_whole(encoded: &Encoded, pad: Option<u32>) -> bool {
    let masked = |(id, label): (&u32, &i32)| *label == IGNORE && Some(*id) != pad;
    let all = encoded.len() - closing(encoded);
    let mut tokens = encoded.input_ids.iter().zip(&encoded.labels).take(all).skip(1);
    all > 1 && encoded.trained() > 0 && !tokens.any(masked)
}

/// Masked tokens that follow the last turn.
fn closing(encoded: &Encoded) -> usize {
    let is_turn = |part: &&Part| matches!(part.what, What::Turn(_));
    let Some(last) = encoded.parts.iter().rev().find(is_turn) else {
        return 0;
    };
    let tokens = encoded.offsets.iter().zip(&encoded.labels).rev();
    tokens
        .take_while(|((start, _), label)| **label == IGNORE && *start >= last.end)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(!is_whole(&encoded, None));
        // All but padding is trained: also where padding is the end token.
        let masked: Vec<bool> = encoded.labels.iter().map(|label| *label == IGNORE).collect();
        let mut padded = encoded.clone();
        for (id, masked) in padded.input_ids.iter_mut().zip(masked) {
            *id = if masked { 7 } else { 1 };
        }
        assert!(is_whole(&padded, Some(7)));
        assert!(!is_whole(&padded, Some(1)) && !is_whole(&padded, None));
    }
}
