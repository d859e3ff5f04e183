//! Where a turn's content stands among the tokens.
//!
//! Axolotl renders the conversation again with the turn's content replaced by a placeholder, twice
//! with placeholders that share no edge, and takes what differs from the true text
//! (`_find_turn_from_text`, `_diff_char_span` in `prompt_strategies/chat_template.py`).

/// The placeholders.
pub(super) const SENTINELS: [&str; 2] = ["[[dummy_message]]", "zzdummymessagezz"];

/// A range of tokens, the end not within.
pub(super) type Range = (usize, usize);

/// What a search among tokens came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Tokens(Range),
    /// The turn is not in the text.
    Absent,
    /// The text differs where no token is: axolotl then compares tokens.
    Unclear,
}

/// The bytes of `full` that differ from `dummy`, on character boundaries: after the common prefix
/// and before the common suffix of what the prefix leaves.
pub(super) fn difference(full: &str, dummy: &str) -> (usize, usize) {
    let (full_bytes, dummy_bytes) = (full.as_bytes(), dummy.as_bytes());
    let limit = full_bytes.len().min(dummy_bytes.len());
    let mut start = common(full_bytes, dummy_bytes);
    while !full.is_char_boundary(start) || !dummy.is_char_boundary(start) {
        start -= 1;
    }
    let mut suffix = common_suffix(&full_bytes[start..], &dummy_bytes[start..], limit - start);
    while !full.is_char_boundary(full.len() - suffix) || !dummy.is_char_boundary(dummy.len() - suffix) {
        suffix -= 1;
    }
    (start, full.len() - suffix)
}

fn common(left: &[u8], right: &[u8]) -> usize {
    const BLOCK: usize = 64;
    // Whole blocks first: equal stretches are long, and blocks are compared as one.
    let blocks = left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK));
    let start = BLOCK * blocks.take_while(|(left, right)| left == right).count();
    let rest = left[start..].iter().zip(&right[start..]);
    start + rest.take_while(|(left, right)| left == right).count()
}

fn common_suffix(left: &[u8], right: &[u8], limit: usize) -> usize {
    let (left, right) = (&left[left.len() - limit..], &right[right.len() - limit..]);
    const BLOCK: usize = 64;
    let blocks = left.rchunks_exact(BLOCK).zip(right.rchunks_exact(BLOCK));
    let count = BLOCK * blocks.take_while(|(left, right)| left == right).count();
    let rest = left[..limit - count]
        .iter()
        .rev()
        .zip(right[..limit - count].iter().rev());
    count + rest.take_while(|(left, right)| left == right).count()
}

/// The union of what differs from each placeholder's text, as tokens.
pub(super) fn union(spans: [(usize, usize); 2], offsets: &[(u32, u32)]) -> Found {
    let start = spans[0].0.min(spans[1].0);
    let end = spans[0].1.max(spans[1].1);
    if end <= start {
        return Found::Absent;
    }
    tokens(start, end, offsets)
}

/// The tokens of a stretch of the text: from the first that ends after its start to the last that
/// starts before its end.
pub(super) fn tokens(start: usize, end: usize, offsets: &[(u32, u32)]) -> Found {
    let first = bisect(offsets.len(), |at| offsets[at].1 as usize > start);
    let past = bisect(offsets.len(), |at| offsets[at].0 as usize >= end);
    if first >= offsets.len() {
        return Found::Unclear;
    }
    range(first, past)
}

/// A range of which something is left.
pub(super) fn range(first: usize, past: usize) -> Found {
    if first < past {
        Found::Tokens((first, past))
    } else {
        Found::Absent
    }
}

/// Python's `bisect`: the halving is theirs, because offsets are not sorted in every tokenizer.
fn bisect(len: usize, beyond: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        if beyond(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// What differs between the tokens of two prefixes of the conversation, one with the placeholder
/// (`_find_turn_from_tokens`).
pub(super) fn by_tokens(full: &[u32], dummy: &[u32]) -> Found {
    let len = full.len().min(dummy.len());
    let Some(start) = full.iter().zip(dummy).position(|(left, right)| left != right) else {
        return Found::Absent;
    };
    let pairs = full.iter().rev().zip(dummy.iter().rev()).take(len);
    let Some(back) = pairs.into_iter().position(|(left, right)| left != right) else {
        return Found::Absent;
    };
    range(start, full.len() - back)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `_diff_char_span` as it is written, by characters.
    fn slow(full: &str, dummy: &str) -> (usize, usize) {
        let (full_chars, dummy_chars): (Vec<char>, Vec<char>) = (full.chars().collect(), dummy.chars().collect());
        let limit = full_chars.len().min(dummy_chars.len());
        let mut start = 0;
        while start < limit && full_chars[start] == dummy_chars[start] {
            start += 1;
        }
        let mut suffix = 0;
        while suffix < limit - start
            && full_chars[full_chars.len() - 1 - suffix] == dummy_chars[dummy_chars.len() - 1 - suffix]
        {
            suffix += 1;
        }
        let bytes = |count: usize| full_chars[..count].iter().map(|c| c.len_utf8()).sum::<usize>();
        (bytes(start), bytes(full_chars.len() - suffix))
    }

    #[test]
    fn bytes_find_what_characters_find() {
        let texts = [
            "", "a", "aa", "é", "è", "éé", "éa", "aé", "日本", "日木", "ũ", "ũé", "éũ", "aaaa", "éaé", "é日é", "日",
            "😀", "😁",
        ];
        for full in texts {
            for dummy in texts {
                for (before, after) in [("", ""), ("é", "日"), ("日a", "aé")] {
                    let (full, dummy) = (format!("{before}{full}{after}"), format!("{before}{dummy}{after}"));
                    assert_eq!(difference(&full, &dummy), slow(&full, &dummy), "{full:?} {dummy:?}");
                }
            }
        }
    }

    #[test]
    fn long_texts_are_compared_by_blocks() {
        let (before, after) = ("x".repeat(200), "y".repeat(300));
        let (full, dummy) = (format!("{before}one{after}"), format!("{before}another{after}"));
        assert_eq!(difference(&full, &dummy), slow(&full, &dummy));
        assert_eq!(difference(&full, &full), (503, 503));
    }

    #[test]
    fn tokens_that_touch_the_stretch_belong_to_it() {
        let offsets = [(0, 2), (2, 4), (4, 6)];
        assert_eq!(tokens(1, 3, &offsets), Found::Tokens((0, 2)));
        assert_eq!(tokens(2, 4, &offsets), Found::Tokens((1, 2)));
        assert_eq!(tokens(6, 7, &offsets), Found::Unclear);
        assert_eq!(union([(2, 2), (2, 2)], &offsets), Found::Absent);
    }

    #[test]
    fn tokens_of_two_prefixes() {
        assert_eq!(by_tokens(&[1, 5, 6, 2], &[1, 9, 2]), Found::Tokens((1, 3)));
        assert_eq!(by_tokens(&[1, 2], &[1, 2]), Found::Absent);
        assert_eq!(by_tokens(&[1, 2, 2], &[1, 2]), Found::Absent);
    }
}
