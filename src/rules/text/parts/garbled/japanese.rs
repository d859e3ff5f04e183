//! Japanese in UTF-8 that was read as Shift-JIS.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// What half of all Kana begin as.
static KANA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("縺"));
/// How often that stands in a text at least: it is a rare character of its own.
const LEAST: usize = 3;

/// The text from the first such character on, where there are several among half-width Kana and others of the kind.
pub(in super::super::super) fn as_shift_jis(text: &str) -> Option<&str> {
    let mut found = KANA.find_iter(text.as_bytes());
    let first = found.next()?;
    let others = || text.contains(|c: char| matches!(c, '繧' | '繝' | '\u{FF61}'..='\u{FF9F}'));
    (found.take(LEAST - 1).count() == LEAST - 1 && others()).then(|| &text[first..])
}

#[cfg(test)]
mod tests {
    use super::as_shift_jis;

    #[test]
    fn kana_read_as_kanji_are_told_from_kanji() {
        assert_eq!(as_shift_jis("貞牡繧頑険縺｣縺ｦ縺"), Some("縺｣縺ｦ縺"));
        for text in ["縺れる", "縺れ、縺れ、縺れる", "これは良い例です。"] {
            assert_eq!(as_shift_jis(text), None, "{text}");
        }
    }
}
