//! Letters that were drawn by lot, as those of keys.

/// Whether letters look as if they were drawn by lot: of many kinds, without words that stand for a key.
pub(in super::super) fn is_drawn(key: &str) -> bool {
    const KINDS: usize = 10;
    let small = key.to_ascii_lowercase();
    let mut kinds = small.clone().into_bytes();
    kinds.sort_unstable();
    kinds.dedup();
    let made_up = [
        "example",
        "your",
        "xxx",
        "abcd",
        "1234",
        "token",
        "placeholder",
        "redacted",
        "000",
    ];
    kinds.len() >= KINDS && !made_up.iter().any(|word| small.contains(word))
}
