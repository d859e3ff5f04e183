//! Runs of ASCII letters, which most of most texts is, gone over eight bytes at a time.

/// Letters a state stays in, as what to add to a byte to tell them by its highest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Put into every byte first: the bit upper case differs by, where case does not matter.
    fold: u64,
    /// Lifts bytes from `a` on to 0x80 and above.
    lift: u64,
}

/// One in every byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
const HIGH: u64 = 0x80 * ONES;

impl Run {
    pub(super) const NONE: Self = Self { fold: 0, lift: 0 };
    /// `A`–`Z` and `a`–`z`.
    const LETTERS: Self = Self {
        fold: 0x20 * ONES,
        ..Self::LOWER
    };
    /// `a`–`z`.
    const LOWER: Self = Self {
        fold: 0,
        lift: (0x80 - b'a' as u64) * ONES,
    };

    /// The letters a state stays in, by what it does with each byte.
    pub(super) fn of(stays: impl Fn(u8) -> bool) -> Self {
        if !(b'a'..=b'z').all(&stays) {
            Self::NONE
        } else if (b'A'..=b'Z').all(&stays) {
            Self::LETTERS
        } else {
            Self::LOWER
        }
    }

    /// Whether a byte is one of its letters.
    pub(super) fn holds(self, byte: u8) -> bool {
        self.others(u64::from(byte)) & 0x80 == 0
    }

    /// The highest bit of every byte that is not one of the letters.
    #[inline]
    fn others(self, eight: u64) -> u64 {
        // No sum of these overflows into the next byte. A byte is a letter if it reaches 0x80
        // counted from `a`, does not counted from after `z`, and is ASCII.
        let low = (eight | self.fold) & !HIGH;
        let from_a = low + self.lift;
        let past_z = low + (0x80 - u64::from(b'z') - 1) * ONES;
        !(from_a & !past_z & !eight) & HIGH
    }

    /// Where the run of letters from `at` on ends.
    #[inline]
    pub(super) fn end(self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(Ok(eight)) = bytes.get(at..at + 8).map(TryInto::try_into) {
            let others = self.others(u64::from_le_bytes(eight));
            if others != 0 {
                return at + others.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        while bytes.get(at).is_some_and(|byte| self.holds(*byte)) {
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_letter_or_ends_the_run() {
        for byte in 0..=255u8 {
            for at in 0..12 {
                let mut bytes = *b"abcXYZabcxyzq";
                bytes[at] = byte;
                let letters = bytes.iter().position(|byte| !byte.is_ascii_alphabetic());
                let lower = bytes.iter().position(|byte| !byte.is_ascii_lowercase());
                assert_eq!(Run::LETTERS.end(&bytes, 0), letters.unwrap_or(13), "{byte} at {at}");
                assert_eq!(Run::LOWER.end(&bytes, 0), lower.unwrap_or(13), "{byte} at {at}");
            }
        }
        assert_eq!(Run::LOWER.end(b"", 0), 0);
    }

    #[test]
    fn a_state_has_to_stay_in_all_of_them() {
        assert_eq!(Run::of(|byte| byte.is_ascii_alphabetic()), Run::LETTERS);
        assert_eq!(Run::of(|byte| byte.is_ascii_lowercase()), Run::LOWER);
        assert_eq!(Run::of(|byte| byte.is_ascii_alphabetic() && byte != b'Q'), Run::LOWER);
        assert_eq!(Run::of(|byte| byte != b'q'), Run::NONE);
    }
}
