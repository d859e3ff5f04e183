//! Capitals inside words: how letters of Latin languages look that were read as the code page of DOS or of a Mac.

/// Capitals between small letters that a text has at least.
const LEAST: usize = 3;

/// A word with such a capital, in a text with several.
pub(in super::super::super) fn inside_words(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_small = |c: Option<char>| c.is_some_and(char::is_lowercase);
    // À to ÿ all begin with this byte.
    let mut found = memchr::memchr_iter(0xC3, bytes).filter(|at| {
        let capital = bytes
            .get(at + 1)
            .is_some_and(|second| (0x80..0x9F).contains(second) && *second != 0x97);
        capital && is_small(text[..*at].chars().next_back()) && is_small(text[at + 2..].chars().next())
    });
    let first = found.next()?;
    (found.take(LEAST - 1).count() == LEAST - 1).then(|| {
        let is_letter = |c: char| c.is_alphabetic();
        let start = text[..first]
            .rfind(|c| !is_letter(c))
            .map_or(0, |at| text.ceil_char_boundary(at + 1));
        let end = text[first..]
            .find(|c| !is_letter(c))
            .map_or(text.len(), |length| first + length);
        &text[start..end]
    })
}

#[cfg(test)]
mod tests {
    use super::inside_words;

    #[test]
    fn words_of_another_page_are_told_from_names() {
        assert_eq!(inside_words("a informaþÒo e a situaþÒo da naþÒo"), Some("informaþÒo"));
        assert_eq!(inside_words("el cafÈ, la canciÛn y el ·rbol, o el corazÛn"), None);
        assert_eq!(
            inside_words("una canciÛna, un corazÛne, un avi\u{d3}na"),
            Some("canciÛna")
        );
        assert_eq!(inside_words("Él y Ángel, MacÉire, ÉTÉ, LÈVRE"), None);
    }
}
