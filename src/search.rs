//! A text looked for in another, once.

use memchr::memmem;

/// A needle longer than this is looked for by its head: preparing to look for a whole answer costs
/// more than looking.
const HEAD: usize = 16;
/// Places of its first byte at which a needle is looked for before its head is prepared: most stand near the start.
const NEAR: usize = 6;
/// Heads that may be followed by something else before the whole needle is prepared after all, so
/// that no text takes time in the square of its length.
const PATIENCE: usize = 64;

/// Where `needle` first stands in `text`, in bytes.
pub(crate) fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let Some(head) = needle.get(..HEAD) else {
        return memmem::find(text, needle);
    };
    let last = text.len().checked_sub(needle.len())?;
    let mut from = 0;
    for _ in 0..NEAR {
        let at = from + memchr::memchr(head[0], &text[from..=last])?;
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
        if from > last {
            return None;
        }
    }
    let finder = memmem::Finder::new(head);
    for _ in 0..PATIENCE {
        let at = from + finder.find(&text[from..last + HEAD])?;
        if text[at + HEAD..].starts_with(&needle[HEAD..]) {
            return Some(at);
        }
        from = at + 1;
        if from > last {
            return None;
        }
    }
    memmem::find(&text[from..], needle).map(|at| from + at)
}

/// The text before the first place of a needle, and after it.
pub(crate) fn split<'t>(text: &'t str, needle: &memmem::Finder<'_>) -> Option<(&'t str, &'t str)> {
    let at = needle.find(text.as_bytes())?;
    Some((&text[..at], &text[at + needle.needle().len()..]))
}

/// Whether `needle` stands in `text`.
pub(crate) fn contains(text: &str, needle: &str) -> bool {
    find(text, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_the_standard_library_finds() {
        let text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab, and the rest of it: aaaaaaaaaaaaaaaaac".repeat(3);
        for start in 0..text.len() {
            for length in [0, 1, 15, 16, 17, 40, 90] {
                let Some(piece) = text.get(start..start + length) else {
                    continue;
                };
                for needle in [piece.to_owned(), format!("{piece}x"), format!("{piece}aaaac")] {
                    assert_eq!(find(&text, &needle), text.find(&needle), "{needle}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_split_as_the_standard_library_does() {
        let finder = memmem::Finder::new("é>");
        for text in ["aé>bé>c", "é>", "a", ""] {
            assert_eq!(split(text, &finder), text.split_once("é>"));
        }
    }

    #[test]
    fn many_heads_without_the_rest_are_passed_over() {
        let (text, needle) = ("a".repeat(500) + "b", "a".repeat(20) + "b");
        assert_eq!(find(&text, &needle), Some(480));
        assert_eq!(find(&text, &("a".repeat(20) + "c")), None);
    }
}
