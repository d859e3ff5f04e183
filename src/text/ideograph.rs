//! The common ideographs, U+4E00 to U+9FFF, told by their bytes: letters all of them, without case, and each its own
//! compatibility form.

/// The ideograph at the start of a text in UTF-8.
#[inline]
pub(super) fn ideograph(text: &[u8]) -> Option<[u8; 3]> {
    let three = *text.first_chunk()?;
    matches!(three, [0xE4, 0xB8..=0xFF, _] | [0xE5..=0xE9, ..]).then_some(three)
}

/// Bytes of the ideographs at the start of a text in UTF-8.
pub fn ideographs(text: &[u8]) -> usize {
    let mut length = 0;
    while ideograph(&text[length..]).is_some() {
        length += 3;
    }
    length
}

#[cfg(test)]
mod tests {
    use unicode_normalization_alignments::UnicodeNormalization;

    use super::*;

    #[test]
    fn they_are_told_from_all_other_characters() {
        for c in '\0'..=char::MAX {
            let text = format!("{c}ab");
            let expected = ('\u{4E00}'..='\u{9FFF}').contains(&c);
            assert_eq!(ideograph(text.as_bytes()).is_some(), expected, "{c:?}");
            if expected {
                assert!(c.is_alphabetic() && c.to_lowercase().eq([c]), "{c:?}");
                assert!([c].into_iter().nfkc().map(|(c, _)| c).eq([c]), "{c:?}");
            }
        }
        assert_eq!(ideographs("你好 a".as_bytes()), 6);
        assert_eq!(ideographs("你。".as_bytes()), 3);
        assert_eq!(ideographs(b""), 0);
    }
}
