//! The byte alphabet: the printable character that stands for each byte in byte-level models.
//!
//! Source: `bytes_to_unicode` of GPT-2; `byte_level.rs` of tokenizers 0.23.

use std::sync::LazyLock;

/// Bytes that stand for themselves.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

static CHARS: LazyLock<[char; 256]> = LazyLock::new(|| {
    let mut chars = ['\0'; 256];
    let mut others = '\u{100}'..;
    for (byte, char) in (0..=u8::MAX).zip(&mut chars) {
        *char = if is_printable(byte) {
            char::from(byte)
        } else {
            others.next().unwrap_or_default()
        };
    }
    chars
});

/// By code point below U+0144: the byte a character stands for.
static BYTES: LazyLock<[Option<u8>; 0x144]> = LazyLock::new(|| {
    let mut bytes = [None; 0x144];
    for (byte, char) in (0..=u8::MAX).zip(CHARS.iter()) {
        bytes[*char as usize] = Some(byte);
    }
    bytes
});

/// The character that stands for a byte.
pub(super) fn char_of(byte: u8) -> char {
    CHARS[usize::from(byte)]
}

/// The byte a character stands for; `None` for a character outside the alphabet.
pub(super) fn byte_of(char: char) -> Option<u8> {
    BYTES.get(char as usize).copied().flatten()
}

/// The bytes a token stands for; `None` where it holds a character outside the alphabet.
pub(super) fn bytes_of(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_character() {
        let mut chars: Vec<char> = (0..=255).map(char_of).collect();
        assert!((0..=255u8).all(|byte| byte_of(char_of(byte)) == Some(byte)));
        assert_eq!(
            (char_of(b' '), char_of(b'\n'), char_of(0xAD), char_of(b'a')),
            ('Ġ', 'Ċ', 'Ń', 'a')
        );
        chars.sort_unstable();
        chars.dedup();
        assert_eq!(chars.len(), 256);
        assert_eq!(chars.last(), Some(&'\u{143}'));
        assert_eq!(bytes_of("Ġé"), Some(vec![b' ', 0xE9]));
        assert_eq!(bytes_of("▁"), None);
    }
}
