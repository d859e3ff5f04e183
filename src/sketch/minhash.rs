//! MinHash signatures and their bands: rows that share a band are candidates for being alike.
//!
//! 128 hash functions `(x ^ a) * b` on 32 bits with fixed `a` and odd `b`. They are cut into bands so that
//! two sets at the threshold share one with a probability of at least 99 %; sets further above it with more.

/// Hash functions.
const FUNCTIONS: usize = 128;
/// Functions computed together, so that their minima stay in registers.
const TOGETHER: usize = 16;

/// The hash functions and how they are cut into bands.
#[derive(Clone, Debug, PartialEq)]
pub struct MinHash {
    xor: [u32; FUNCTIONS],
    multiply: [u32; FUNCTIONS],
    bands: usize,
    /// Functions of a band.
    width: usize,
}

impl MinHash {
    /// Bands for a threshold of Jaccard similarity, above 0 to 1.
    pub fn new(threshold: f64) -> Self {
        let misses = |width: usize| {
            let bands = FUNCTIONS / width;
            let width = i32::try_from(width).expect("at most 128");
            (1.0 - threshold.powi(width)).powi(i32::try_from(bands).expect("at most 128"))
        };
        let width = (1..=16).rev().find(|width| misses(*width) <= 0.01).unwrap_or(1);
        let mut state = 0x676F_6E6F_676F_2D31;
        let mut next = || splitmix(&mut state);
        Self {
            xor: std::array::from_fn(|_| next()),
            multiply: std::array::from_fn(|_| next() | 1),
            bands: FUNCTIONS / width,
            width,
        }
    }

    /// Bands of a set.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Probability that sets of this similarity share a band.
    pub fn recall(&self, similarity: f64) -> f64 {
        let width = i32::try_from(self.width).expect("at most 16");
        1.0 - (1.0 - similarity.powi(width)).powi(i32::try_from(self.bands).expect("at most 128"))
    }

    /// Appends a hash for each band of a set.
    pub fn push(&self, set: &[u32], out: &mut Vec<u32>) {
        let mut lowest = [u32::MAX; FUNCTIONS];
        let functions = self
            .xor
            .chunks_exact(TOGETHER)
            .zip(self.multiply.chunks_exact(TOGETHER));
        for ((xor, multiply), lowest) in functions.zip(lowest.chunks_exact_mut(TOGETHER)) {
            let mut lanes = [u32::MAX; TOGETHER];
            for element in set {
                for at in 0..TOGETHER {
                    lanes[at] = lanes[at].min((element ^ xor[at]).wrapping_mul(multiply[at]));
                }
            }
            lowest.copy_from_slice(&lanes);
        }
        let bands = lowest.chunks_exact(self.width).take(self.bands);
        out.extend(bands.map(|band| {
            let fold = |hash: u64, value: &u32| {
                (hash ^ u64::from(*value))
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                    .rotate_left(31)
            };
            let hash = band.iter().fold(0, fold);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "half of the hash; candidates are verified"
            )]
            let hash = (hash ^ (hash >> 32)) as u32;
            hash
        }));
    }
}

fn splitmix(state: &mut u64) -> u32 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed >> 32) as u32
}

/// Elements that two sorted sets share.
pub fn shared(left: &[u32], right: &[u32]) -> usize {
    let (mut at, mut other, mut count) = (0, 0, 0);
    while at < left.len() && other < right.len() {
        let (one, two) = (left[at], right[other]);
        count += usize::from(one == two);
        at += usize::from(one <= two);
        other += usize::from(two <= one);
    }
    count
}

/// Jaccard similarity of two sorted sets if it is at least `threshold`.
#[expect(clippy::cast_precision_loss, reason = "sizes of rows")]
pub fn similarity(left: &[u32], right: &[u32], threshold: f64) -> Option<f64> {
    let (small, large) = (left.len().min(right.len()), left.len().max(right.len()));
    // Sets of too different sizes need no count.
    if large == 0 || (small as f64) < threshold * large as f64 {
        return None;
    }
    let shared = shared(left, right);
    let similarity = shared as f64 / (left.len() + right.len() - shared) as f64;
    (similarity >= threshold).then_some(similarity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_find_what_the_threshold_asks_for() {
        for threshold in [0.3, 0.5, 0.7, 0.8, 0.9, 0.95] {
            let minhash = MinHash::new(threshold);
            assert!(minhash.recall(threshold) >= 0.99, "{threshold}");
            assert!(minhash.bands() * minhash.width <= FUNCTIONS);
        }
        let minhash = MinHash::new(0.8);
        assert_eq!((minhash.bands, minhash.width), (21, 6));
    }

    /// The share of pairs found is what the bands promise: the functions are independent enough.
    #[test]
    fn recall_is_as_computed() {
        let minhash = MinHash::new(0.8);
        let (mut state, mut found) = (7, 0);
        let pairs = 400;
        for _ in 0..pairs {
            let common: Vec<u32> = (0..80).map(|_| splitmix(&mut state)).collect();
            let mut side = || {
                let mut set = common.clone();
                set.extend((0..10).map(|_| splitmix(&mut state)));
                let mut bands = Vec::new();
                minhash.push(&set, &mut bands);
                bands
            };
            let (left, right) = (side(), side());
            found += usize::from(left.iter().zip(&right).any(|(one, two)| one == two));
        }
        assert!(found * 1000 >= pairs * 985, "{found} of {pairs} at 0.8");
    }

    #[test]
    fn similarity_is_that_of_jaccard() {
        assert_eq!(similarity(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.5), Some(0.6));
        assert_eq!(similarity(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.7), None);
        assert_eq!(similarity(&[1], &[1], 1.0), Some(1.0));
        assert_eq!(similarity(&[], &[], 0.5), None);
    }
}
