//! Runs of ASCII letters, which most of most texts is, gone over eight bytes at a time.

/// Letters a state stays in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    None,
    /// `A`–`Z` and `a`–`z`.
    Letters,
    /// `a`–`z`.
    Lower,
}

/// One in every byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
const HIGH: u64 = 0x80 * ONES;

impl Run {
    /// The letters a state stays in, by what it does with each byte.
    pub(super) fn of(stays: impl Fn(u8) -> bool) -> Self {
        if !(b'a'..=b'z').all(&stays) {
            Self::None
        } else if (b'A'..=b'Z').all(&stays) {
            Self::Letters
        } else {
            Self::Lower
        }
    }

    /// Where the run of letters from `at` on ends.
    #[inline]
    pub(super) fn end(self, bytes: &[u8], mut at: usize) -> usize {
        // Upper case differs from lower in one bit, which is put in where case does not matter.
        let fold = if self == Self::Letters { 0x20 * ONES } else { 0 };
        while let Some(Ok(eight)) = bytes.get(at..at + 8).map(TryInto::try_into) {
            let eight = u64::from_le_bytes(eight);
            // No sum of these overflows into the next byte. A byte is a letter if it reaches 0x80
            // counted from `a`, does not counted from after `z`, and is ASCII.
            let low = (eight | fold) & !HIGH;
            let from_a = low + (0x80 - u64::from(b'a')) * ONES;
            let past_z = low + (0x80 - u64::from(b'z') - 1) * ONES;
            let others = !(from_a & !past_z & !eight) & HIGH;
            if others != 0 {
                return at + others.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        let fold = if self == Self::Letters { 0x20 } else { 0 };
        while bytes.get(at).is_some_and(|byte| (byte | fold).is_ascii_lowercase()) {
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
                assert_eq!(Run::Letters.end(&bytes, 0), letters.unwrap_or(13), "{byte} at {at}");
                assert_eq!(Run::Lower.end(&bytes, 0), lower.unwrap_or(13), "{byte} at {at}");
            }
        }
        assert_eq!(Run::Lower.end(b"", 0), 0);
    }

    #[test]
    fn a_state_has_to_stay_in_all_of_them() {
        assert_eq!(Run::of(|byte| byte.is_ascii_alphabetic()), Run::Letters);
        assert_eq!(Run::of(|byte| byte.is_ascii_lowercase()), Run::Lower);
        assert_eq!(Run::of(|byte| byte.is_ascii_alphabetic() && byte != b'Q'), Run::Lower);
        assert_eq!(Run::of(|byte| byte != b'q'), Run::None);
    }
}
