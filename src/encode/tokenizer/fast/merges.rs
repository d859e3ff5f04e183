//! Byte-pair merges: pairs of ids to the id they become, applied lowest rank first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::encode::tokenizer::file::Merge;
use crate::encode::tokenizer::vocabulary::Vocabulary;

/// The rank of a pair that does not merge, and the id of no symbol.
const NONE: u32 = u32::MAX;
/// Words of up to this many symbols are merged by looking at all their pairs each time.
const SHORT: usize = 32;

/// Bits of an id and of a rank in a slot, which holds two ids and a rank.
const ID_BITS: u32 = 20;
const RANK_BITS: u32 = 24;
const _: () = assert!(2 * ID_BITS + RANK_BITS == u64::BITS);
/// More than the greatest id there may be.
pub(super) const MOST_IDS: usize = 1 << ID_BITS;
/// Merges that there may be: the greatest rank of all is that of the empty slot.
pub(super) const MOST_MERGES: usize = (1 << RANK_BITS) - 1;
/// A slot without a pair.
const EMPTY: u64 = u64::MAX;

/// Slots that lie together.
const BUCKET: usize = 8;

/// All merges of a model. Merging a word is mostly waiting for memory: each pair it asks for is read from one place,
/// one line of the processor's caches, and the table is kept small.
#[derive(Debug)]
pub(super) struct Merges {
    buckets: Vec<Bucket>,
    /// How far to shift a hash to get a bucket.
    shift: u32,
    products: Products,
    /// For each two bytes rank and product of their tokens; empty where words do not start as bytes. Every word starts
    /// with such pairs, and those of letters lie close together.
    bytes: Box<[(u32, u32)]>,
}

/// Pairs with the rank of each: left, right and rank, the left in the highest bits. They stand in the bucket that their
/// hash gives, or in the next ones where that is full; what is empty comes last.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([u64; BUCKET]);

/// The ids that merges make.
#[derive(Debug)]
enum Products {
    /// One after the other in the order of their ranks, as in most models.
    From(u32),
    /// By rank.
    Of(Box<[u32]>),
}

impl Products {
    fn new(products: Vec<u32>) -> Self {
        let first = products.first().copied().unwrap_or_default();
        if products.iter().copied().eq((first..).take(products.len())) {
            Self::From(first)
        } else {
            Self::Of(products.into())
        }
    }

    #[inline]
    fn of(&self, rank: u32) -> u32 {
        match self {
            Self::From(first) => first + rank,
            Self::Of(products) => products[rank as usize],
        }
    }
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
    /// last rank. There are at most [`MOST_MERGES`], of ids below [`MOST_IDS`].
    pub(super) fn new(vocabulary: &Vocabulary, merges: &[Merge<'_>]) -> Result<Self, BadMerge> {
        // Three of four slots taken at most.
        let buckets = (merges.len() * 4 / 3 / BUCKET + 1).next_power_of_two().max(2);
        let mut made = Self {
            buckets: vec![Bucket([EMPTY; BUCKET]); buckets],
            shift: u64::BITS - buckets.trailing_zeros(),
            products: Products::From(0),
            bytes: Box::default(),
        };
        let mut products = Vec::with_capacity(merges.len());
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
            made.put(pair(left, right), rank);
            products.push(product);
        }
        made.products = Products::new(products);
        Ok(made)
    }

    /// Puts a pair where [`Self::get`] looks for it.
    fn put(&mut self, pair: u64, rank: u32) {
        let mut at = self.bucket(pair);
        loop {
            let mut slots = self.buckets[at].0.iter_mut();
            if let Some(slot) = slots.find(|slot| **slot == EMPTY || **slot >> RANK_BITS == pair) {
                *slot = pair << RANK_BITS | u64::from(rank);
                return;
            }
            at = (at + 1) % self.buckets.len();
        }
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

    /// The bucket in which the search for a pair begins.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves the bits of an index")]
    fn bucket(&self, pair: u64) -> usize {
        ((pair ^ pair >> 17).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// Rank and product of a pair; the rank is [`NONE`] where it does not merge.
    #[inline]
    pub(super) fn get(&self, left: u32, right: u32) -> (u32, u32) {
        let pair = pair(left, right);
        let mut at = self.bucket(pair);
        loop {
            let Bucket(slots) = &self.buckets[at];
            // All slots, without a branch for any: where the pair stands nobody could guess.
            let found = slots.iter().fold(
                EMPTY,
                |found, slot| {
                    if *slot >> RANK_BITS == pair { *slot } else { found }
                },
            );
            if found != EMPTY {
                let rank = rank_of(found);
                return (rank, self.products.of(rank));
            }
            if slots[BUCKET - 1] == EMPTY {
                return (NONE, 0);
            }
            at = (at + 1) % self.buckets.len();
        }
    }

    /// Whether any merge takes or makes one of these ids.
    #[expect(clippy::cast_possible_truncation, reason = "the bits of an id")]
    pub(super) fn touches(&self, ids: &[u32; 256]) -> bool {
        let slots = self.buckets.iter().flat_map(|bucket| bucket.0);
        slots.filter(|slot| *slot != EMPTY).any(|slot| {
            let pair = slot >> RANK_BITS;
            let taken = [pair >> ID_BITS, pair & ((1 << ID_BITS) - 1)].map(|id| id as u32);
            let product = self.products.of(rank_of(slot));
            taken.into_iter().chain([product]).any(|id| ids.contains(&id))
        })
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

    /// Nothing moves while pairs merge: a symbol that went into the one before it is put out, and the pair of a symbol is
    /// that with the next one left.
    fn apply_short(&self, symbols: &mut Vec<u32>, start: usize, begin: impl Fn(usize, &[u32]) -> (u32, u32)) {
        let word = &mut symbols[start..];
        let mut pairs = Pairs::NONE;
        for at in 0..word.len() - 1 {
            pairs.set(at, begin(at, word));
        }
        // A bit for each symbol that is left.
        let mut left = u32::MAX >> (SHORT - word.len());
        while let Some(at) = pairs.first(word.len()) {
            word[at] = pairs.products[at];
            let after = next(left, at).expect("a pair has two");
            left &= !(1 << after);
            pairs.set(after, (NONE, 0));
            pairs.set(
                at,
                next(left, at).map_or((NONE, 0), |beyond| self.get(word[at], word[beyond])),
            );
            if let Some(before) = previous(left, at) {
                pairs.set(before, self.get(word[before], word[at]));
            }
        }
        let mut kept = 0;
        while left != 0 {
            word[kept] = word[left.trailing_zeros() as usize];
            kept += 1;
            left &= left - 1;
        }
        symbols.truncate(start + kept);
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
            let (rank, _) = self.get(word[at as usize - 1], word[at as usize]);
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

/// The pairs of a short word, each where its left symbol stands.
struct Pairs {
    /// The rank of each, and in the lowest bits where it stands, so that the least of all is the first to merge. (They
    /// have signs because processors find the least of several such numbers at once.)
    waiting: [i32; SHORT],
    /// What each becomes.
    products: [u32; SHORT],
}

impl Pairs {
    const NONE: Self = Self {
        waiting: [i32::MAX; SHORT],
        products: [0; SHORT],
    };

    /// Sets the pair at a place, given its rank and product.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a place below 32")]
    fn set(&mut self, at: usize, (rank, product): (u32, u32)) {
        self.waiting[at] = if rank == NONE {
            i32::MAX
        } else {
            (rank * SHORT as u32 + at as u32).cast_signed()
        };
        self.products[at] = product;
    }

    /// Where the pair stands that is merged first, in a word of so many symbols.
    #[inline]
    fn first(&self, symbols: usize) -> Option<usize> {
        // A number of them that the processor takes together.
        let waiting = &self.waiting[..symbols.next_multiple_of(8)];
        let least = waiting.iter().copied().fold(i32::MAX, i32::min);
        (least != i32::MAX).then(|| least.cast_unsigned() as usize % SHORT)
    }
}

/// The lowest bit set above another.
#[inline]
fn next(bits: u32, at: usize) -> Option<usize> {
    let above = bits & (u32::MAX - 1) << at;
    (above != 0).then(|| above.trailing_zeros() as usize)
}

/// The highest bit set below another.
#[inline]
fn previous(bits: u32, at: usize) -> Option<usize> {
    (bits & !(u32::MAX << at)).checked_ilog2().map(|bit| bit as usize)
}

/// The rank in a slot.
#[inline]
fn rank_of(slot: u64) -> u32 {
    (slot & ((1 << RANK_BITS) - 1)) as u32
}

/// Two ids side by side.
#[inline]
fn pair(left: u32, right: u32) -> u64 {
    u64::from(left) << ID_BITS | u64::from(right)
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
