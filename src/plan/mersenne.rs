//! The Mersenne Twister behind `torch.Generator` on the CPU.
//!
//! Source: torch `ATen/core/MT19937RNGEngine.h`, `ATen/CPUGeneratorImpl.cpp`.

const WORDS: usize = 624;
const AHEAD: usize = 397;

/// MT19937, seeded as `torch.Generator.manual_seed` does: with the low 32 bits of the seed.
pub(super) struct Mersenne {
    words: [u32; WORDS],
    used: usize,
}

impl Mersenne {
    pub(super) fn new(seed: u64) -> Self {
        let mut words = [0; WORDS];
        #[expect(clippy::cast_possible_truncation, reason = "torch masks the seed to 32 bits")]
        let mut word = seed as u32;
        for (at, slot) in (1u32..).zip(&mut words) {
            *slot = word;
            word = (word ^ (word >> 30)).wrapping_mul(1_812_433_253).wrapping_add(at);
        }
        Self { words, used: WORDS }
    }

    /// `CPUGeneratorImpl::random`.
    pub(super) fn next(&mut self) -> u32 {
        if self.used == WORDS {
            self.twist();
        }
        let mut word = self.words[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// `CPUGeneratorImpl::random64`: the first number drawn is the upper half.
    pub(super) fn next_64(&mut self) -> u64 {
        let upper = u64::from(self.next());
        (upper << 32) | u64::from(self.next())
    }

    fn twist(&mut self) {
        for at in 0..WORDS {
            let bits = (self.words[at] & 0x8000_0000) | (self.words[(at + 1) % WORDS] & 0x7fff_ffff);
            let matrix = if bits & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[at] = self.words[(at + AHEAD) % WORDS] ^ (bits >> 1) ^ matrix;
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_generator_of_the_standard() {
        // ISO C++ [rand.predef]: the 10,000th number of a default-seeded mt19937.
        let mut generator = Mersenne::new(5489);
        assert_eq!(generator.next(), 3_499_211_612);
        let last = (1..10_000).map(|_| generator.next()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn seeds_are_cut_to_32_bits() {
        assert_eq!(Mersenne::new(42).next(), Mersenne::new(42 + (1 << 32)).next());
    }
}
