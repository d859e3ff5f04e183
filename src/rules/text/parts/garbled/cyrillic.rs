//! UTF-8 Russian read as Windows-1251: `РџСЂРёРІРµС‚`.

use super::decode;

/// Pairs in a row that no sound text has. Ukrainian has single ones: `Рік`.
const CERTAIN: usize = 3;

/// The first piece of garbage, and what it was.
pub(in super::super::super) fn find(text: &str) -> Option<(&str, String)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    // Р and С, as the leading bytes of Cyrillic are read, begin with this byte.
    while let Some(found) = memchr::memchr(0xD0, &bytes[from..]) {
        let at = from + found;
        from = at + 2;
        if !matches!(bytes.get(at + 1), Some(0xA0 | 0xA1)) {
            continue;
        }
        let mut end = at;
        let mut meant = String::new();
        while let Some((c, next)) = pair(text, end).filter(|_| meant.len() < 2 * super::SHOWN) {
            meant.push(c);
            end = next;
        }
        if meant.chars().count() >= CERTAIN {
            return Some((&text[at..end], meant));
        }
        from = from.max(end);
    }
    None
}

/// The letter two characters undo to, and where they end.
fn pair(text: &str, at: usize) -> Option<(char, usize)> {
    let mut chars = text[at..].chars();
    let lead = match chars.next()? {
        'Р' => 0xD0,
        'С' => 0xD1,
        _ => return None,
    };
    let second = chars.next()?;
    Some((
        decode(lead, std::iter::once(upper_half(second)?))?,
        at + 2 + second.len_utf8(),
    ))
}

/// The byte from 80 to BF that Windows-1251 reads as this character.
fn upper_half(c: char) -> Option<u8> {
    const UPPER: [char; 64] = [
        'Ђ', 'Ѓ', '‚', 'ѓ', '„', '…', '†', '‡', '€', '‰', 'Љ', '‹', 'Њ', 'Ќ', 'Ћ', 'Џ', 'ђ', '‘', '’', '“', '”', '•',
        '–', '—', '\u{98}', '™', 'љ', '›', 'њ', 'ќ', 'ћ', 'џ', '\u{A0}', 'Ў', 'ў', 'Ј', '¤', 'Ґ', '¦', '§', 'Ё', '©',
        'Є', '«', '¬', '\u{AD}', '®', 'Ї', '°', '±', 'І', 'і', 'ґ', 'µ', '¶', '·', 'ё', '№', 'є', '»', 'ј', 'Ѕ', 'ѕ',
        'ї',
    ];
    let at = UPPER.iter().position(|known| *known == c)?;
    u8::try_from(0x80 + at).ok()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn russian_read_as_windows_1251_is_found() {
        assert_eq!(
            find("— РџСЂРёРІРµС‚!").map(|(_, meant)| meant).as_deref(),
            Some("Привет")
        );
    }

    #[test]
    fn sound_cyrillic_is_left_alone() {
        for text in ["Рік Січень РІК СІЛЬ", "Россия, СССР…", "Р°, С°", "РЎ", "СРСР: Рівне"]
        {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
