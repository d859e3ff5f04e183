//! UTF-8 read as Latin-1 or Windows-1252.
//!
//! A character of two bytes becomes one of Â to ß and one of the upper half: `Ã©`. Such pairs occur
//! in sound text as well, where a capital ends a word before a quotation mark (`CAFÉ»`, `MENÜ“`), so
//! a pair counts only where no text would have it: inside a word, in a row of pairs, or with a
//! character that has no place in text at all.

use super::decode;

/// The first piece of garbage, and what it was.
pub(in super::super::super) fn find(text: &str) -> Option<(&str, String)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    // Â to ô all begin with this byte.
    while let Some(found) = memchr::memchr(0xC3, &bytes[from..]) {
        let at = from + found;
        from = at + 2;
        // Garbage goes on with another character beyond ASCII.
        if bytes.get(from).is_some_and(u8::is_ascii) {
            continue;
        }
        if let Some((_, end)) = garbage(text, at).filter(|(lead, end)| is_certain(text, at, *end, *lead)) {
            let (end, meant) = run(text, at, end);
            return Some((&text[at..end], meant));
        }
    }
    None
}

/// The character that stood here before, if the characters from `at` undo to one, and where they end.
fn garbage(text: &str, at: usize) -> Option<(char, usize)> {
    let mut chars = text[at..].chars();
    let lead = chars.next()?;
    let start = u8::try_from(u32::from(lead)).ok()?;
    let mut end = at + lead.len_utf8();
    decode(
        start,
        chars.map_while(|c| {
            let byte = upper_half(c)?;
            end += c.len_utf8();
            Some(byte)
        }),
    )?;
    Some((lead, end))
}

/// The byte from 80 to BF that Windows-1252, or Latin-1 where that has none, reads as this character.
fn upper_half(c: char) -> Option<u8> {
    const WINDOWS: [(char, u8); 27] = [
        ('€', 0x80),
        ('‚', 0x82),
        ('ƒ', 0x83),
        ('„', 0x84),
        ('…', 0x85),
        ('†', 0x86),
        ('‡', 0x87),
        ('ˆ', 0x88),
        ('‰', 0x89),
        ('Š', 0x8A),
        ('‹', 0x8B),
        ('Œ', 0x8C),
        ('Ž', 0x8E),
        ('‘', 0x91),
        ('’', 0x92),
        ('“', 0x93),
        ('”', 0x94),
        ('•', 0x95),
        ('–', 0x96),
        ('—', 0x97),
        ('˜', 0x98),
        ('™', 0x99),
        ('š', 0x9A),
        ('›', 0x9B),
        ('œ', 0x9C),
        ('ž', 0x9E),
        ('Ÿ', 0x9F),
    ];
    match c {
        '\u{80}'..='\u{BF}' => u8::try_from(u32::from(c)).ok(),
        _ => WINDOWS.iter().find(|(known, _)| *known == c).map(|(_, byte)| *byte),
    }
}

/// Whether no sound text has these characters in this place.
fn is_certain(text: &str, at: usize, end: usize, lead: char) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[end..].chars().next();
    let inner = &text[at + lead.len_utf8()..end];
    let small = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    if inner.chars().any(|c| matches!(c, '\u{80}'..='\u{9F}')) || garbage(text, end).is_some() {
        return true;
    }
    match lead {
        'â' => inner.starts_with([
            '€', '‚', '„', '•', '†', '‡', 'ˆ', '‰', 'Š', '˜', '™', 'š', '›', 'œ', 'ž', 'Ÿ',
        ]),
        'ð' => inner.starts_with('Ÿ'),
        'ï' => matches!(inner, "»¿" | "¿½") || inner.starts_with('¼'),
        'Â' | 'Ã' => !before.is_some_and(char::is_uppercase) || small(after),
        'Ä'..='Þ' => small(before) || small(after),
        // Vietnamese, whose letters all become á and º or », and go on in small letters.
        'á' => small(after),
        _ => small(after) && !inner.contains(['»', '«', '“', '”', '’', '‘', '…', '–', '—']),
    }
}

/// Where the garbage ends, and all that it was.
fn run(text: &str, at: usize, mut end: usize) -> (usize, String) {
    let mut meant = String::new();
    let mut start = at;
    loop {
        let bytes: Vec<u8> = text[start..end]
            .chars()
            .filter_map(|c| upper_half(c).or_else(|| u8::try_from(u32::from(c)).ok()))
            .collect();
        meant.push_str(&String::from_utf8_lossy(&bytes));
        match garbage(text, end) {
            Some((_, next)) if meant.chars().count() < super::SHOWN => (start, end) = (end, next),
            _ => return (end, meant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn was(garbage: &str, meant: &str) {
        assert_eq!(
            find(garbage).map(|(_, meant)| meant).as_deref(),
            Some(meant),
            "{garbage}"
        );
    }

    #[test]
    fn what_was_read_as_windows_1252_is_found() {
        was("le cafÃ© noir", "é");
        was("Ã©tÃ©", "é");
        was("donâ€™t", "’");
        was("it costs 5 â‚¬", "€");
        was("25Â°C", "°");
        was("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет");
        was("ä½\u{A0}å¥½", "你好");
        was("ðŸ˜€", "😀");
        was("Viá»‡t Nam", "ệ");
        was("MÃ¼nchen", "ü");
        was("Å‚Ã³dÅº", "łó");
        was("\u{C3}\u{A9}", "é");
    }

    #[test]
    fn sound_texts_are_left_alone() {
        for text in [
            "« CAFÉ »",
            "CAFÉ»",
            "„MENÜ“",
            "„Spaß“",
            "Você não está só…»",
            "«está»…",
            "MAÇû",
            "IRMûs",
            "passé…»",
            "à “Paris”",
            "É…",
            "voilà »",
            "ÀÉÈ",
            "Øß",
            "naïve—ï",
            "Ñandú",
            "AÑO",
            "ÐÞ",
            "3דx”",
            "10 × 5",
            "Ää–Öö",
            "Xin chào, tôi là người Việt",
            "Öğrenci",
            "Übergröße",
            "Schloß–",
            "Łódź",
            "á »",
            "ã»",
            "É »",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
