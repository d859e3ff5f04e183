//! Byte-pair merges: pairs of ids to the id they become, applied lowest rank first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::encode::tokenizer::file::Merge;
use crate::encode::tokenizer::vocabulary::Vocabulary;

/// The rank of a pair that does not merge, and the left id of an empty slot.
const NONE: u32 = u32::MAX;
/// Words of up to this many symbols are merged by looking at all their pairs each time.
const SHORT: usize = 32;

/// log2 of the bits that tell which pairs are not there: small enough to stay near the processor.
const FILTER_BITS: u32 = 22;

/// All merges of a model.
#[derive(Debug)]
pub(super) struct Merges {
    slots: Vec<Slot>,
    /// How far to shift a hash to get a slot.
    shift: u32,
    /// By hash: whether a pair may be there. Most pairs asked for are not.
    filter: Box<[u64]>,
    /// For each two bytes rank and product of their tokens; empty where words do not start as bytes. Every word starts
    /// with such pairs, and those of letters lie close together.
    bytes: Box<[(u32, u32)]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    left: u32,
    right: u32,
    rank: u32,
    product: u32,
}

/// A merge the library would refuse as well.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadMerge {
    #[error("merge {0} is not two tokens with a space between them")]
    NotTwo(usize),
    #[error("merge {0} uses the token {1:?}, which is not in the vocabulary")]
    OutOfVocabulary(usize, String),
}

impl Merges {
    /// Looks the merges up in the vocabulary. As in the library, a pair listed twice keeps its
    /// last rank.
    pub(super) fn new(vocabulary: &Vocabulary, merges: &[Merge<'_>]) -> Result<Self, BadMerge> {
        let bits = (merges.len() * 2).next_power_of_two().max(16).trailing_zeros();
        let empty = Slot {
            left: NONE,
            right: 0,
            rank: NONE,
            product: 0,
        };
        let mut made = Self {
            slots: vec![empty; 1 << bits],
            shift: u64::BITS - bits,
            filter: vec![0; 1 << (FILTER_BITS - 6)].into_boxed_slice(),
            bytes: Box::default(),
        };
        let mut joined = String::new();
        let mut guess = 0;
        for (line, (rank, merge)) in (1..).zip((0u32..).zip(merges)) {
            let (left, right) = merge.halves().ok_or(BadMerge::NotTwo(line))?;
            let id = |token: &str| {
                let id = vocabulary.id_of(token);
                id.ok_or_else(|| BadMerge::OutOfVocabulary(line, token.to_owned()))
            };
            // Products mostly stand in the vocabulary in the order they were made.
            let follows = |id| {
                let halves = vocabulary.text_of(id).and_then(|text| text.strip_prefix(left));
                halves == Some(right)
            };
            let product = if follows(guess) {
                guess
            } else {
                joined.clear();
                joined.push_str(left);
                joined.push_str(right);
                id(&joined)?
            };
            guess = product + 1;
            let (left, right) = (id(left)?, id(right)?);
            let hash = hash(left, right);
            let (word, bit) = filter_bit(hash);
            made.filter[word] |= bit;
            let slot = made.slot(hash, left, right);
            made.slots[slot] = Slot {
                left,
                right,
                rank,
                product,
            };
        }
        Ok(made)
    }

    /// Makes the table of pairs of bytes, whose tokens these are.
    pub(super) fn know_bytes(&mut self, ids: &[u32; 256]) {
        let pairs = ids.iter().flat_map(|left| ids.iter().map(|right| (*left, *right)));
        self.bytes = pairs.map(|(left, right)| self.get(left, right)).collect();
    }

    /// The same as [`Self::get`] for the tokens of two bytes, which must be known.
    #[inline]
    pub(super) fn of_bytes(&self, left: u8, right: u8) -> (u32, u32) {
        self.bytes[usize::from(left) << 8 | usize::from(right)]
    }

    /// The slot of a pair, or the empty one where it would stand.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves the bits of an index")]
    fn slot(&self, hash: u64, left: u32, right: u32) -> usize {
        let mut at = (hash >> self.shift) as usize;
        let mask = self.slots.len() - 1;
        loop {
            let slot = &self.slots[at];
            if slot.left == NONE || (slot.left == left && slot.right == right) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Rank and product of a pair; the rank is [`NONE`] where it does not merge.
    #[inline]
    pub(super) fn get(&self, left: u32, right: u32) -> (u32, u32) {
        let hash = hash(left, right);
        let (word, bit) = filter_bit(hash);
        if self.filter[word] & bit == 0 {
            return (NONE, 0);
        }
        let slot = &self.slots[self.slot(hash, left, right)];
        (slot.rank, slot.product)
    }

    /// Whether any merge takes or makes one of these ids.
    pub(super) fn touches(&self, ids: &[u32; 256]) -> bool {
        let taken = |id: u32| ids.contains(&id);
        self.slots
            .iter()
            .any(|slot| slot.left != NONE && [slot.left, slot.right, slot.product].into_iter().any(taken))
    }

    /// Merges the symbols from `start` on in place: the pair of lowest rank first, the leftmost of
    /// equals, until none is left. `begin` gives rank and product of the pair at an index of the
    /// symbols as they are handed in.
    pub(super) fn apply(&self, symbols: &mut Vec<u32>, start: usize, begin: impl Fn(usize, &[u32]) -> (u32, u32)) {
        match symbols.len() - start {
            0 | 1 => {}
            2..=SHORT => self.apply_short(symbols, start, begin),
            _ => self.apply_long(symbols, start),
        }
    }

    fn apply_short(&self, symbols: &mut Vec<u32>, start: usize, begin: impl Fn(usize, &[u32]) -> (u32, u32)) {
        let word = &mut symbols[start..];
        let mut count = word.len();
        let (mut ranks, mut products) = ([NONE; SHORT], [0; SHORT]);
        for at in 0..count - 1 {
            (ranks[at], products[at]) = begin(at, word);
        }
        loop {
            let lowest = ranks[..count - 1].iter().copied().fold(NONE, u32::min);
            if lowest == NONE {
                break;
            }
            let at = ranks.iter().position(|rank| *rank == lowest).unwrap_or_default();
            word[at] = products[at];
            word.copy_within(at + 2..count, at + 1);
            ranks.copy_within(at + 1..count - 1, at);
            products.copy_within(at + 1..count - 1, at);
            count -= 1;
            ranks[count - 1] = NONE;
            if at + 1 < count {
                (ranks[at], products[at]) = self.get(word[at], word[at + 1]);
            }
            if at > 0 {
                (ranks[at - 1], products[at - 1]) = self.get(word[at - 1], word[at]);
            }
            if count == 1 {
                break;
            }
        }
        symbols.truncate(start + count);
    }

    /// The same with a heap, for words of any length.
    #[expect(clippy::cast_possible_truncation, reason = "texts are shorter than 4 GiB")]
    fn apply_long(&self, symbols: &mut Vec<u32>, start: usize) {
        let word = &mut symbols[start..];
        let end = word.len() as u32;
        let mut next: Vec<u32> = (1..=end).collect();
        let mut previous: Vec<u32> = (0..end).map(|at| at.wrapping_sub(1)).collect();
        let mut heap = BinaryHeap::new();
        for at in 1..end {
            let (left, right) = (word[at as usize - 1], word[at as usize]);
            let (rank, _) = self.get(left, right);
            if rank != NONE {
                heap.push(Reverse((rank, at - 1)));
            }
        }
        while let Some(Reverse((rank, at))) = heap.pop() {
            let left = word[at as usize];
            let after = next[at as usize];
            if left == NONE || after == end {
                continue;
            }
            // Entries are not taken back when a neighbour merges; one that no longer holds has
            // another rank now.
            let (now, product) = self.get(left, word[after as usize]);
            if now != rank {
                continue;
            }
            word[at as usize] = product;
            word[after as usize] = NONE;
            let beyond = next[after as usize];
            next[at as usize] = beyond;
            if beyond != end {
                previous[beyond as usize] = at;
                let (rank, _) = self.get(product, word[beyond as usize]);
                if rank != NONE {
                    heap.push(Reverse((rank, at)));
                }
            }
            let before = previous[at as usize];
            if before != NONE {
                let (rank, _) = self.get(word[before as usize], product);
                if rank != NONE {
                    heap.push(Reverse((rank, before)));
                }
            }
        }
        let mut kept = 0;
        for at in 0..word.len() {
            if word[at] != NONE {
                word[kept] = word[at];
                kept += 1;
            }
        }
        symbols.truncate(start + kept);
    }
}

#[inline]
fn hash(left: u32, right: u32) -> u64 {
    let key = u64::from(left) << 32 | u64::from(right);
    (key ^ key >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The word and bit of a hash in the filter, from bits the slots do not look at first.
#[inline]
fn filter_bit(hash: u64) -> (usize, u64) {
    let bits = hash >> 20 & ((1 << FILTER_BITS) - 1);
    ((bits >> 6) as usize, 1 << (bits & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(merges: &[(&str, &str)]) -> (Vocabulary, Merges) {
        let mut tokens: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        tokens.extend(merges.iter().map(|(left, right)| format!("{left}{right}")));
        let vocabulary = Vocabulary::new(
            tokens
                .iter()
                .map(String::as_str)
                .zip(0u32..)
                .collect::<Vec<_>>()
                .into_iter(),
        );
        let vocabulary = vocabulary.expect("a vocabulary");
        let list: Vec<Merge<'_>> = merges
            .iter()
            .map(|(left, right)| Merge::Pair((*left).into(), (*right).into()))
            .collect();
        let made = Merges::new(&vocabulary, &list).expect("merges");
        (vocabulary, made)
    }

    /// What the definition says, without tables or shortcuts.
    fn plainly(vocabulary: &Vocabulary, merges: &[(&str, &str)], word: &str) -> Vec<u32> {
        let mut parts: Vec<String> = word.chars().map(String::from).collect();
        loop {
            let best = (0..parts.len().saturating_sub(1)).filter_map(|at| {
                let pair = (parts[at].as_str(), parts[at + 1].as_str());
                merges.iter().rposition(|merge| *merge == pair).map(|rank| (rank, at))
            });
            let Some((_, at)) = best.min() else { break };
            let right = parts.remove(at + 1);
            parts[at].push_str(&right);
        }
        parts
            .iter()
            .map(|part| vocabulary.id_of(part).expect("a token"))
            .collect()
    }

    #[test]
    fn both_ways_give_what_the_definition_gives() {
        let merges = [
            ("a", "b"),
            ("a", "a"),
            ("b", "c"),
            ("ab", "c"),
            ("aa", "aa"),
            ("c", "ab"),
            ("abc", "abc"),
        ];
        let (vocabulary, made) = model(&merges);
        let mut state = 1u32;
        for length in (0..200).chain([1000]) {
            let word: String = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ['a', 'b', 'c', 'a'][(state >> 30) as usize]
                })
                .collect();
            let symbols: Vec<u32> = word.bytes().map(|byte| u32::from(byte - b'a')).collect();
            let expected = plainly(&vocabulary, &merges, &word);
            let mut long = vec![77];
            long.extend(&symbols);
            made.apply_long(&mut long, 1);
            assert_eq!(long[0], 77);
            assert_eq!(long[1..], expected, "{word}");
            let mut either = symbols;
            made.apply(&mut either, 0, |at, symbols| made.get(symbols[at], symbols[at + 1]));
            assert_eq!(either, expected, "{word}");
        }
    }

    #[test]
    fn says_which_merge_is_bad() {
        let (vocabulary, _) = model(&[("a", "b")]);
        let new = |merge| Merges::new(&vocabulary, &[merge]).err();
        assert_eq!(new(Merge::Joined("a b c".into())), Some(BadMerge::NotTwo(1)));
        assert_eq!(
            new(Merge::Joined("a c".into())),
            Some(BadMerge::OutOfVocabulary(1, "ac".into()))
        );
    }
}
