//! Sets of word n-grams, by which texts are compared.

use super::words::Word;

/// Signs that count beside words: those that say something in code, mathematics and puzzles. Marks of prose and
/// of Markdown do not.
const SIGNS: &[u8] = b"()[]{}<>=+/\\%$&^~@";

const IS_SIGN: [bool; 256] = {
    let mut signs = [false; 256];
    let mut at = 0;
    while at < SIGNS.len() {
        signs[SIGNS[at] as usize] = true;
        at += 1;
    }
    signs
};

/// Appends the hashes of a text's words and of the signs between them, in order.
pub fn pieces(text: &str, words: &[Word], out: &mut Vec<u64>) {
    let bytes = text.as_bytes();
    let signs = |from: usize, to: usize, out: &mut Vec<u64>| {
        // Most often it is a blank.
        for byte in &bytes[from..to] {
            if IS_SIGN[usize::from(*byte)] {
                out.push(mix(u64::from(*byte) << 32 | 0x5149_674E));
            }
        }
    };
    out.reserve(words.len());
    let mut from = 0;
    for word in words {
        signs(from, word.start as usize, out);
        out.push(word.hash);
        from = word.end as usize;
    }
    signs(from, bytes.len(), out);
}

/// The n-grams of some pieces as a sorted set of halves of their hashes; of fewer pieces than `n` the one gram
/// they are. A text without pieces has none.
pub fn shingles(pieces: &[u64], n: usize, out: &mut Vec<u32>) {
    out.clear();
    if pieces.is_empty() {
        return;
    }
    let n = n.clamp(1, pieces.len());
    runs(pieces, n, |piece| *piece, |gram| out.push((gram >> 32) as u32));
    sort(out);
    out.dedup();
}

/// Longest list that is sorted by bytes.
const FEW: usize = 4096;

/// Sorts hashes: as they are spread evenly, each is near its place once it is put there by its highest byte.
fn sort(hashes: &mut [u32]) {
    if !(32..=FEW).contains(&hashes.len()) {
        return hashes.sort_unstable();
    }
    let mut ends = [0u16; 256];
    for hash in hashes.iter() {
        ends[(hash >> 24) as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut placed = [0; FEW];
    for hash in hashes.iter().rev() {
        let end = &mut ends[(hash >> 24) as usize];
        *end -= 1;
        placed[usize::from(*end)] = *hash;
    }
    hashes.copy_from_slice(&placed[..hashes.len()]);
    for at in 1..hashes.len() {
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
    runs(words, n, |word| word.hash, each);
}

/// The hash that [`rolling`] shows of words with these hashes.
pub fn gram(words: impl IntoIterator<Item = u64>) -> u64 {
    mix(words.into_iter().fold(0, add))
}

/// Multiplier of the rolling hash: odd, of no small order.
const STEP: u64 = 0xD6E8_FEB8_6659_FD93;

fn runs<T>(all: &[T], n: usize, hash: impl Fn(&T) -> u64, mut each: impl FnMut(u64)) {
    if all.len() < n || n == 0 {
        return;
    }
    let last = (1..n).fold(1u64, |power, _| power.wrapping_mul(STEP));
    let mut sum = all[..n].iter().fold(0, |sum, one| add(sum, hash(one)));
    each(mix(sum));
    for (gone, next) in all.iter().zip(&all[n..]) {
        sum = add(sum.wrapping_sub(hash(gone).wrapping_mul(last)), hash(next));
        each(mix(sum));
    }
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
        for length in [0, 1, 31, 32, 33, 500, FEW, FEW + 1] {
            let mut hashes: Vec<u32> = (0u64..).take(length).map(|at| (mix(at / 2) >> 32) as u32).collect();
            let mut expected = hashes.clone();
            expected.sort_unstable();
            sort(&mut hashes);
            assert_eq!(hashes, expected);
        }
        let mut alike = vec![7; 100];
        alike.extend(0..100);
        sort(&mut alike);
        assert!(alike.is_sorted());
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
