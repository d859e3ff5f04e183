//! Sets of word n-grams, by which texts are compared.

use super::words::Word;

/// The n-grams of some words as a sorted set of halves of their hashes; of fewer words than `n` the one gram
/// they are. A text without words has none.
pub fn shingles(words: &[Word], n: usize, out: &mut Vec<u32>) {
    out.clear();
    if words.is_empty() {
        return;
    }
    rolling(words, n.clamp(1, words.len()), |gram| out.push((gram >> 32) as u32));
    out.sort_unstable();
    out.dedup();
}

/// Multiplier of the rolling hash: odd, of no small order.
const STEP: u64 = 0xD6E8_FEB8_6659_FD93;

/// Shows the hash of each run of `n` words.
pub fn rolling(words: &[Word], n: usize, mut each: impl FnMut(u64)) {
    if words.len() < n || n == 0 {
        return;
    }
    let last = (1..n).fold(1u64, |power, _| power.wrapping_mul(STEP));
    let mut hash = sum(&words[..n]);
    each(mix(hash));
    for at in n..words.len() {
        hash = hash
            .wrapping_sub(words[at - n].hash.wrapping_mul(last))
            .wrapping_mul(STEP)
            .wrapping_add(words[at].hash);
        each(mix(hash));
    }
}

/// The hash that [`rolling`] shows of these words.
pub fn gram(words: &[Word]) -> u64 {
    mix(sum(words))
}

fn sum(words: &[Word]) -> u64 {
    words
        .iter()
        .fold(0, |hash, word| hash.wrapping_mul(STEP).wrapping_add(word.hash))
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
            assert!(words(text).windows(3).map(gram).eq(grams.iter().copied()));
            grams
        };
        let (long, short) = (grams("x y a b c d z"), grams("a b c d"));
        assert_eq!((long.len(), short.len()), (5, 2));
        assert_eq!(long[2..4], short[..]);
        assert!(grams("a b").is_empty());
    }

    #[test]
    fn shingles_are_a_set() {
        let mut set = Vec::new();
        shingles(&words("a b a b a b"), 2, &mut set);
        assert_eq!(set.len(), 2);
        shingles(&words("one two"), 5, &mut set);
        assert_eq!(set.len(), 1);
        shingles(&words(""), 5, &mut set);
        assert!(set.is_empty());
    }
}
