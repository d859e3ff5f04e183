//! Words that were taken apart, stacked with marks, or written in letters that only look right.

use super::lost_blanks::{is_spaced_through, run_together};

/// Letters of Cyrillic that look like Latin ones, and those.
const ALIKE: &str = "аеорсухіјѕһԁАВЕКМНОРСТУХІЈЅ";
const LATIN: &str = "aeopcyxijshdABEKMHOPCTYXIJS";
/// ASCII letters of a word that one such letter alone is surely wrong in: `IP-адрес` is two words, `Тx` a sign.
const CERTAIN: usize = 4;

/// Words with a blank after each letter, at the start of a text. Notes of a melody are capitals, and few.
pub(in super::super) fn spaced(text: &str) -> Option<(&'static str, &str)> {
    const LETTERS: usize = 8;
    let start = text.trim_start();
    if start.as_bytes().get(1) != Some(&b' ') {
        return None;
    }
    if is_spaced_through(start.as_bytes()) {
        return Some(("a blank after each letter, in", start));
    }
    let words = start.split_ascii_whitespace().take(LETTERS);
    let mut letters: Vec<u8> = words
        .filter_map(|word| <[u8; 1]>::try_from(word.as_bytes()).ok()?.first().copied())
        .collect();
    if letters.len() < LETTERS || !letters.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    // The alphabet is written so.
    let alphabet = letters.is_sorted();
    let small = letters.iter().filter(|letter| letter.is_ascii_lowercase()).count();
    letters.sort_unstable();
    letters.dedup();
    (!alphabet && small + 2 >= LETTERS && letters.len() * 2 > LETTERS)
        .then_some(("a blank after each letter, in", start))
}

/// A text of sentences without a blank in it, in a script that has them.
pub(in super::super) fn joined(text: &str) -> Option<(&'static str, &str)> {
    const SHORTEST: usize = 80;
    let text = text.trim();
    if let Some(run) = run_together(text) {
        return Some(("no blanks between words, in", run));
    }
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST || bytes[..SHORTEST].iter().any(u8::is_ascii_whitespace) || !text.is_ascii() {
        return None;
    }
    let small = bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let sentences = bytes
        .windows(2)
        .filter(|pair| matches!(pair[0], b'.' | b',' | b'?' | b'!') && pair[1].is_ascii_alphabetic());
    // Links, paths, keys and code have other letters and signs, or no sentences.
    let prose = !text.starts_with("http") && !bytes.iter().any(|byte| b" {}();=<>_\\".contains(byte));
    (prose && small * 4 >= bytes.len() * 3 && sentences.count() >= 2).then_some(("no blanks between words, in", text))
}

/// Blanks in their hundreds behind a text.
pub(in super::super) fn trailing(text: &str) -> Option<(&'static str, &str)> {
    const MOST: usize = 256;
    let said = text.trim_end();
    // Line ends alone are a loop.
    if !text[said.len()..].contains(' ') {
        return None;
    }
    let start = said.floor_char_boundary(said.len().saturating_sub(24));
    (!said.is_empty() && text.len() - said.len() > MOST)
        .then(|| ("hundreds of blanks behind the text, which ends in", &said[start..]))
}

/// Three marks and more over one letter, in several places.
pub(in super::super) fn stacked(text: &str) -> Option<(&'static str, &str)> {
    memchr::memchr2(0xCC, 0xCD, text.as_bytes())?;
    let is_mark = |c: char| matches!(c, '\u{300}'..='\u{36F}');
    let mut run = 0;
    let mut stacks = text.char_indices().filter(|(_, c)| {
        run = if is_mark(*c) { run + 1 } else { 0 };
        run == 3
    });
    let (_, second) = (stacks.next()?, stacks.next()?);
    let start = text.floor_char_boundary(second.0.saturating_sub(24));
    Some(("stacks of combining marks, in", &text[start..]))
}

/// Words of Latin letters with some of Cyrillic that look like them, in a text that has few others, and words of Cyrillic
/// with a Latin letter or two inside.
pub(in super::super) fn mixed(text: &str) -> Option<(&'static str, &str)> {
    memchr::memchr2(0xD0, 0xD1, text.as_bytes())?;
    let is_cyrillic = |c: char| matches!(c, '\u{400}'..='\u{52F}');
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.contains(is_cyrillic));
    let is_mixed = |word: &&str| {
        let ascii = word.bytes().filter(u8::is_ascii_alphabetic).count();
        ascii >= 2 && word.chars().all(|c| c.is_ascii() || ALIKE.contains(c))
    };
    let is_certain = |word: &str| {
        let ascii = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
        let (first, last) = (word.chars().next(), word.chars().next_back());
        ascii(last) && first.is_some_and(|c| c.is_ascii()) && word.bytes().filter(u8::is_ascii).count() >= CERTAIN
    };
    let (mut first, mut count, mut all, mut certain) = (None, 0, 0, false);
    for word in words {
        all += 1;
        if is_mixed(&word) {
            count += 1;
            certain |= is_certain(word);
            first.get_or_insert(word);
        } else if has_latin(word) {
            return Some(("Latin letters in Cyrillic words, in", word));
        }
    }
    // A letter alone may stand for any word.
    ((count >= 2 || certain) && count * 2 > all)
        .then(|| ("Cyrillic letters in Latin words, in", first.unwrap_or_default()))
}

/// Whether a word of Cyrillic has one or two Latin letters inside that look like its own.
fn has_latin(word: &str) -> bool {
    const LEAST: usize = 5;
    let is_cyrillic = |c: char| matches!(c, '\u{400}'..='\u{52F}');
    let latin = word.chars().filter(char::is_ascii).count();
    let bounds = [word.chars().next(), word.chars().next_back()];
    matches!(latin, 1 | 2)
        && word.chars().count() >= LEAST
        && bounds.into_iter().all(|c| c.is_some_and(is_cyrillic))
        && word.chars().all(|c| is_cyrillic(c) || LATIN.contains(c))
}

#[cfg(test)]
mod tests {
    use super::mixed;

    #[test]
    fn letters_of_another_alphabet_are_told_from_words_of_it() {
        let found = |text: &str| mixed(text).map(|(_, word)| word.to_owned());
        assert_eq!(found("ask the cоmpany for it"), Some("cоmpany".to_owned()));
        assert_eq!(found("это дoкумент о том"), Some("дoкумент".to_owned()));
        for text in [
            "IP-адрес и SMSки",
            "в web-е",
            "скачать apkшник и exeшник",
            "the word дом is short",
            "Тx и хy",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
