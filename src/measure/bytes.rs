//! Bytes of a kind, counted many at a time.

/// How many bytes of a text are of a kind.
pub(super) fn count(text: &str, is_of_kind: impl Fn(u8) -> bool) -> u64 {
    // Sums of bytes fit many to a register; 255 of them fit a byte.
    let of_chunk = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(is_of_kind(*byte))).sum::<u8>();
    text.as_bytes()
        .chunks(255)
        .map(|chunk| u64::from(of_chunk(chunk)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_counted_whole() {
        let text = "a".repeat(1000) + &"b".repeat(10);
        assert_eq!(count(&text, |byte| byte == b'a'), 1000);
        assert_eq!(count(&text, |_| true), 1010);
    }
}
