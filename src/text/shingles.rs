//! Sets of word n-grams, by which texts are compared.

use super::words::Word;

/// Signs that count beside words: those that say something in code, mathematics and puzzles. Marks of prose and
/// of Markdown do not.
const SIGNS: &[u8] = b"()[]{}<>=+/\\%$&^~@";

/// What begins a number below zero, and elsewhere joins words.
const MINUS: u8 = b'-';

const IS_SIGN: [bool; 256] = {
    let mut signs = [false; 256];
    signs[MINUS as usize] = true;
    let mut at = 0;
    while at < SIGNS.len() {
        signs[SIGNS[at] as usize] = true;
        at += 1;
    }
    signs
};

/// Bytes that are looked at together for signs.
const TOGETHER: usize = 32;

/// Whether a sign may be among some bytes; without a branch for any of them.
fn may_hold_signs(bytes: &[u8]) -> bool {
    let within = |byte: u8, first: u8, last: u8| u8::from(byte.wrapping_sub(first) <= last - first);
    let sign = |byte: u8| {
        within(byte, b'$', b'&')
            | within(byte, b'(', b'+')
            | within(byte, MINUS, MINUS)
            | within(byte, b'/', b'/')
            | within(byte, b'<', b'@')
            | within(byte, b'[', b'^')
            | within(byte, b'{', b'~')
    };
    bytes.iter().fold(0, |any, byte| any | sign(*byte)) != 0
}

/// Appends the hashes of a text's words and of the signs between them, in order.
pub fn pieces(text: &str, words: &[Word], out: &mut Vec<u64>) {
    let mut left = words;
    for (step, bytes) in text.as_bytes().chunks(TOGETHER).enumerate() {
        if !may_hold_signs(bytes) {
            continue;
        }
        let is_sign = |byte: &u8| u32::from(IS_SIGN[usize::from(*byte)]);
        let mut signs = bytes
            .iter()
            .rev()
            .fold(0, |signs: u32, byte| signs << 1 | is_sign(byte));
        while signs != 0 {
            let at = signs.trailing_zeros() as usize;
            signs &= signs - 1;
            // No word has a sign in it.
            let (at, byte) = (step * TOGETHER + at, bytes[at]);
            if byte == MINUS && !is_below_zero(text.as_bytes(), at) {
                continue;
            }
            let before = left.iter().take_while(|word| (word.start as usize) < at).count();
            let (said, rest) = left.split_at(before);
            out.extend(said.iter().map(|word| word.hash));
            out.push(mix(u64::from(byte) << 32 | 0x5149_674E));
            left = rest;
        }
    }
    out.extend(left.iter().map(|word| word.hash));
}

/// Whether a minus stands before a digit and behind no letter or digit: `-60`, and not `2024-11` or `GPT-4`.
fn is_below_zero(bytes: &[u8], at: usize) -> bool {
    let digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    let behind =
        at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || !bytes[at - 1].is_ascii() || bytes[at - 1] == MINUS);
    digit && !behind
}

/// The n-grams of some pieces as a sorted set of halves of their hashes; of fewer pieces than `n` the one gram
/// they are. A text without pieces has none.
pub fn shingles(pieces: &[u64], n: usize, out: &mut Vec<u32>) {
    out.clear();
    if pieces.is_empty() {
        return;
    }
    let n = n.clamp(1, pieces.len());
    out.extend(runs(pieces, n, |piece| *piece).map(|gram| (gram >> 32) as u32));
    sort(out);
    out.dedup();
}

/// Longest list whose hashes are put near their places.
const FEW: usize = 4096;
/// From here on there are more places.
const SHORT: usize = 512;

/// Sorts hashes: as they are spread evenly, each is near its place once it is put there by its highest bits.
fn sort(hashes: &mut Vec<u32>) {
    match hashes.len() {
        32..SHORT => sort_by_place::<256>(hashes),
        SHORT..=FEW => sort_by_place::<2048>(hashes),
        _ => hashes.sort_unstable(),
    }
}

/// The same with a power of two of places for [`FEW`] hashes at most.
fn sort_by_place<const PLACES: usize>(hashes: &mut Vec<u32>) {
    let place = |hash: u32| (hash >> (u32::BITS - PLACES.trailing_zeros())) as usize;
    let length = hashes.len();
    let mut ends = [0u16; PLACES];
    for hash in hashes.iter() {
        ends[place(*hash)] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    hashes.resize(2 * length, 0);
    let (given, placed) = hashes.split_at_mut(length);
    for hash in given.iter().rev() {
        let end = &mut ends[place(*hash)];
        *end -= 1;
        placed[usize::from(*end)] = *hash;
    }
    given.copy_from_slice(placed);
    hashes.truncate(length);
    for at in 1..length {
        let hash = hashes[at];
        let mut to = at;
        while to > 0 && hashes[to - 1] > hash {
            hashes[to] = hashes[to - 1];
            to -= 1;
        }
        hashes[to] = hash;
    }
}

/// Shows the hash of each run of `n` words.
pub fn rolling(words: &[Word], n: usize, each: impl FnMut(u64)) {
    runs(words, n, |word| word.hash).for_each(each);
}

/// The hash that [`rolling`] shows of words with these hashes.
pub fn gram(words: impl IntoIterator<Item = u64>) -> u64 {
    mix(words.into_iter().fold(0, add))
}

/// Multiplier of the rolling hash: odd, of no small order.
const STEP: u64 = 0xD6E8_FEB8_6659_FD93;

/// The hash of each run of `n`.
fn runs<T>(all: &[T], n: usize, hash: impl Fn(&T) -> u64) -> impl Iterator<Item = u64> {
    let last = (1..n).fold(1u64, |power, _| power.wrapping_mul(STEP));
    let first = all.get(..n).filter(|_| n > 0).unwrap_or_default();
    let mut sum = first.iter().fold(0, |sum, one| add(sum, hash(one)));
    let rest = if first.is_empty() { &[] } else { &all[n..] };
    let start = (!first.is_empty()).then(|| mix(sum));
    start.into_iter().chain(all.iter().zip(rest).map(move |(gone, next)| {
        sum = add(sum.wrapping_sub(hash(gone).wrapping_mul(last)), hash(next));
        mix(sum)
    }))
}

fn add(sum: u64, hash: u64) -> u64 {
    sum.wrapping_mul(STEP).wrapping_add(hash)
}

fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words_of;

    fn words(text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        words_of(text, &mut words);
        words
    }

    #[test]
    fn the_same_words_make_the_same_grams_wherever_they_stand() {
        let grams = |text: &str| {
            let mut grams = Vec::new();
            rolling(&words(text), 3, |found| grams.push(found));
            let each = |run: &[Word]| gram(run.iter().map(|word| word.hash));
            assert!(words(text).windows(3).map(each).eq(grams.iter().copied()));
            grams
        };
        let (long, short) = (grams("x y a b c d z"), grams("a b c d"));
        assert_eq!((long.len(), short.len()), (5, 2));
        assert_eq!(long[2..4], short[..]);
        assert!(grams("a b").is_empty());
    }

    #[test]
    fn hashes_are_sorted() {
        for length in [0, 1, 31, 32, 33, 500, SHORT - 1, SHORT, 2000, FEW, FEW + 1] {
            let mut hashes: Vec<u32> = (0u64..).take(length).map(|at| (mix(at / 2) >> 32) as u32).collect();
            let mut expected = hashes.clone();
            expected.sort_unstable();
            sort(&mut hashes);
            assert_eq!(hashes, expected);
        }
        let mut alike = vec![7; 100];
        alike.extend(0..100);
        let mut expected = alike.clone();
        expected.sort_unstable();
        sort(&mut alike);
        assert_eq!(alike, expected);
    }

    #[test]
    fn signs_stand_among_words_in_order() {
        let text = "f(x) <- {[a\\b]} | 'c' $d & é%e ~ @g^h/i+j=k>l* (and words for more than thirty-two bytes) > 1";
        let words = words(text);
        let mut expected: Vec<(usize, u64)> = words.iter().map(|word| (word.start as usize, word.hash)).collect();
        let signs = text.bytes().enumerate().filter(|(_, byte)| SIGNS.contains(byte));
        expected.extend(signs.map(|(at, byte)| (at, mix(u64::from(byte) << 32 | 0x5149_674E))));
        expected.sort_unstable();
        let mut found = Vec::new();
        pieces(text, &words, &mut found);
        assert!(expected.iter().map(|(_, hash)| *hash).eq(found));
        assert!((0..=u8::MAX).all(|byte| may_hold_signs(&[byte]) || !IS_SIGN[usize::from(byte)]));
        let count = |text: &str| {
            let mut found = Vec::new();
            pieces(text, &super::tests::words(text), &mut found);
            found.len()
        };
        assert_eq!(
            (count("by -10 or (-10"), count("GPT-4, 2024-11 - 3 well-known --5")),
            (7, 8)
        );
    }

    #[test]
    fn shingles_are_a_set() {
        let set = |text: &str, n: usize| {
            let (mut all, mut set) = (Vec::new(), Vec::new());
            pieces(text, &words(text), &mut all);
            shingles(&all, n, &mut set);
            set
        };
        assert_eq!(set("a b a b a b", 2).len(), 2);
        assert_eq!(set("one two", 5).len(), 1);
        assert!(set("", 5).is_empty() && set("... !", 5).is_empty());
        assert_eq!(set("Well, **so** be-it.", 2), set("well so be it", 2));
        assert_ne!(set("3+4", 5), set("3/4", 5));
        assert_eq!(set("close: ( [ ] )", 1).len(), 5);
    }
}
