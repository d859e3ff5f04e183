//! Whether NFC leaves a text as it is, told quickly.
//!
//! The reference normalizes with the Unicode 9 tables of `unicode-normalization-alignments`, so the
//! same tables are asked here: newer ones would call texts changed that it leaves alone.

use std::sync::LazyLock;

use unicode_normalization_alignments::char::canonical_combining_class;
use unicode_normalization_alignments::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Composes with nothing and keeps its place.
const INERT: u8 = 0;
/// Keeps its place if the marks before it are of no higher class.
const MARK: u8 = 1;
/// Changes, or may compose with what stands before it.
const ACTIVE: u8 = 2;

/// Code points beyond this are inert but for nothing: the supplementary planes above the third
/// hold no character that Unicode 9 composes or reorders.
const END: usize = 0x3_0000;

/// What each code point below [`END`] does.
static CLASSES: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let class = |point: u32| match char::from_u32(point) {
        None => INERT,
        Some(char) if is_nfc_quick(std::iter::once(char)) != IsNormalized::Yes => ACTIVE,
        Some(char) if canonical_combining_class(char) != 0 => MARK,
        Some(_) => INERT,
    };
    (0u32..).take(END).map(class).collect()
});

/// Whether normalizing gives the same text.
pub(super) fn leaves_alone(text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let classes = &**CLASSES;
    let mut last = 0;
    let bytes = text.as_bytes();
    let is_ascii = |eight: &[u8; 8]| u64::from_ne_bytes(*eight) & 0x8080_8080_8080_8080 == 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte < 0x80 {
            last = 0;
            at += 1;
            while bytes[at..].first_chunk().is_some_and(is_ascii) {
                at += 8;
            }
            continue;
        }
        let char = text[at..].chars().next().expect("a byte of a character");
        at += char.len_utf8();
        match classes.get(char as usize).copied().unwrap_or(INERT) {
            INERT => last = 0,
            MARK => {
                let class = canonical_combining_class(char);
                if class < last {
                    return false;
                }
                last = class;
            }
            // Rare enough in texts that are composed already to be looked at in full.
            _ => return text.nfc().map(|(char, _)| char).eq(text.chars()),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plainly(text: &str) -> bool {
        text.nfc().map(|(char, _)| char).eq(text.chars())
    }

    #[test]
    fn agrees_with_normalizing_for_every_character_in_company() {
        for char in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            for text in [format!("{char}"), format!("a{char}\u{301}"), format!("x\u{323}{char}")] {
                assert_eq!(leaves_alone(&text), plainly(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn agrees_for_pairs_of_marks() {
        let marks: Vec<char> = (0x300..0x370)
            .chain(0x591..0x5C8)
            .chain(0x64B..0x660)
            .chain(0x93C..0x955)
            .chain(0x1DC0..0x1E00)
            .chain(0x1100..0x1120)
            .chain(0x1160..0x1176)
            .filter_map(char::from_u32)
            .collect();
        for first in &marks {
            for second in &marks {
                let text = format!("e{first}{second}");
                assert_eq!(leaves_alone(&text), plainly(&text), "{text:?}");
            }
        }
    }
}
