//! Sets of character n-grams, by which texts are compared.

/// Adds the n-grams of the characters of a text in UTF-8, as hashes; of fewer characters than `n` the one gram they are. A text
/// without characters has none. The list is no set yet: a row's texts are added one after the other, and no gram
/// reaches from one into the next.
pub fn char_shingles(text: &[u8], n: usize, out: &mut Vec<u32>) {
    let text = std::str::from_utf8(text).unwrap_or_default();
    if text.is_empty() {
        return;
    }
    let n = n.max(1);
    let bytes = text.as_bytes();
    let starts = text.char_indices().map(|(at, _)| at);
    let ends = text.char_indices().skip(n).map(|(at, _)| at).chain([bytes.len()]);
    out.extend(starts.zip(ends).map(|(start, end)| hash(&bytes[start..end])));
}

/// The high half of xxh3, whose low half is as good: both are the same in every run and on every machine.
fn hash(bytes: &[u8]) -> u32 {
    u32::try_from(xxhash_rust::xxh3::xxh3_64(bytes) >> 32).expect("half of a hash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_of_characters_is_a_gram() {
        let grams = |text: &str, n: usize| {
            let mut grams = Vec::new();
            char_shingles(text.as_bytes(), n, &mut grams);
            grams
        };
        assert_eq!(grams("abcdef", 5), [hash(b"abcde"), hash(b"bcdef")]);
        assert_eq!(
            grams("héllo", 2),
            ["hé", "él", "ll", "lo"].map(|gram| hash(gram.as_bytes()))
        );
        assert_eq!(grams("你好", 5), [hash("你好".as_bytes())]);
        assert!(grams("", 5).is_empty());
    }
}
