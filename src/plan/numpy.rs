//! The generator behind `numpy.random.default_rng`, with which `datasets` shuffles and splits.
//!
//! Source: numpy 2.4 `random/bit_generator.pyx` (`SeedSequence`), `random/src/pcg64/pcg64.h`,
//! `random/_generator.pyx` (`permutation`, `_shuffle_raw`), `random/src/distributions/distributions.c`
//! (`random_interval`).

const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

/// PCG64 (XSL-RR 128/64), seeded through `SeedSequence`.
struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of the last number, where only its lower half was used.
    half: Option<u32>,
}

impl Pcg64 {
    fn new(seed: u64) -> Self {
        let words = sequence(seed);
        let wide = |high: u64, low: u64| (u128::from(high) << 64) | u128::from(low);
        let increment = (wide(words[2], words[3]) << 1) | 1;
        let mut generator = Self {
            state: 0,
            increment,
            half: None,
        };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(words[0], words[1]));
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves of the state are folded into one"
    )]
    fn next_64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half first, then the upper one"
    )]
    fn next(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let number = self.next_64();
        self.half = Some((number >> 32) as u32);
        number as u32
    }

    /// A number from 0 to `most`: numbers of as many bits are drawn until one is no larger.
    fn up_to(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let number = self.next() & mask;
            if number <= most {
                return number;
            }
        }
    }
}

/// `SeedSequence(seed).generate_state(4, uint64)`, with a pool of four words.
fn sequence(seed: u64) -> [u64; 4] {
    const INIT_A: u32 = 0x43b0_d7e5;
    const MULT_A: u32 = 0x931e_8875;
    const INIT_B: u32 = 0x8b51_f9dd;
    const MULT_B: u32 = 0x58f3_8ded;
    fn hashed(word: u32, constant: &mut u32, multiplier: u32) -> u32 {
        let word = word ^ *constant;
        *constant = constant.wrapping_mul(multiplier);
        let word = word.wrapping_mul(*constant);
        word ^ (word >> 16)
    }
    fn mixed(left: u32, right: u32) -> u32 {
        let word = left
            .wrapping_mul(0xca01_f9dd)
            .wrapping_sub(right.wrapping_mul(0x4973_f715));
        word ^ (word >> 16)
    }
    #[expect(clippy::cast_possible_truncation, reason = "the words of the seed, the lowest first")]
    let words = [seed as u32, (seed >> 32) as u32];
    let mut constant = INIT_A;
    // A word that is not there counts as 0.
    let mut pool: [u32; 4] =
        std::array::from_fn(|at| hashed(words.get(at).copied().unwrap_or(0), &mut constant, MULT_A));
    for from in 0..pool.len() {
        for to in 0..pool.len() {
            if from != to {
                pool[to] = mixed(pool[to], hashed(pool[from], &mut constant, MULT_A));
            }
        }
    }
    let mut constant = INIT_B;
    let halves: [u32; 8] = std::array::from_fn(|at| hashed(pool[at % pool.len()], &mut constant, MULT_B));
    std::array::from_fn(|at| u64::from(halves[2 * at]) | (u64::from(halves[2 * at + 1]) << 32))
}

/// `numpy.random.default_rng(seed).permutation(rows)`.
///
/// Takes 4 bytes a row.
pub(super) fn permutation(rows: u32, seed: u64) -> Vec<u32> {
    let mut generator = Pcg64::new(seed);
    let mut order: Vec<u32> = (0..rows).collect();
    for at in (1..rows).rev() {
        let other = generator.up_to(at);
        order.swap(at as usize, other as usize);
    }
    order
}

/// `numpy.random.default_rng(seed).choice(…, p=shares)`, one number after the other.
pub(super) struct Chooser {
    generator: Pcg64,
    /// The end of each number's part of what is drawn, from 0 to 1.
    ends: Vec<f64>,
}

impl Chooser {
    pub(super) fn new(shares: &[f64], seed: u64) -> Self {
        let mut sum = 0.0;
        let mut ends: Vec<f64> = shares
            .iter()
            .map(|share| {
                sum += share;
                sum
            })
            .collect();
        for end in &mut ends {
            *end /= sum;
        }
        Self {
            generator: Pcg64::new(seed),
            ends,
        }
    }

    /// A number below that of the shares.
    #[expect(clippy::cast_precision_loss, reason = "53 bits, as numpy takes them")]
    pub(super) fn choose(&mut self) -> usize {
        let drawn = (self.generator.next_64() >> 11) as f64 / (1_u64 << 53) as f64;
        let at = self.ends.partition_point(|end| *end <= drawn);
        at.min(self.ends.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_spread_as_numpy_spreads_them() {
        let expected = [
            11_465_652_750_463_011_511,
            15_382_171_918_060_459_190,
            9_018_504_550_953_525_431,
            3_703_499_796_004_394_495,
        ];
        assert_eq!(sequence(42), expected);
    }

    #[test]
    fn rows_are_permuted_as_numpy_permutes_them() {
        let ends = |rows: u32, seed| {
            let order = permutation(rows, seed);
            let last = order[order.len() - 3..].to_vec();
            (order[..6].to_vec(), last)
        };
        assert_eq!(permutation(2, 42), [1, 0]);
        assert_eq!(permutation(1, 42), [0]);
        assert!(permutation(0, 42).is_empty());
        assert_eq!(ends(11, 42), (vec![6, 7, 0, 10, 3, 5], vec![9, 1, 8]));
        let many = (
            vec![45_262, 49_850, 30_394, 90_177, 95_569, 10_900],
            vec![5668, 22_113, 75_400],
        );
        assert_eq!(ends(100_000, 42), many);
        // A seed of more than 32 bits.
        let wide = (
            vec![82_642, 36_657, 2527, 2685, 64_017, 36_054],
            vec![48_759, 82_710, 39_663],
        );
        assert_eq!(ends(100_000, (1 << 40) + 5), wide);
    }
}
