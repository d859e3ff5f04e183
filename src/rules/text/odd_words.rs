//! Words that were taken apart, stacked with marks, or written in letters that only look right.

/// Letters of Cyrillic that look like Latin ones.
const ALIKE: &str = "аеорсухіјѕһԁАВЕКМНОРСТУХІЈЅ";

/// Words with a blank after each letter, at the start of a text. Notes of a melody are capitals, and few.
pub(super) fn spaced(text: &str) -> Option<(&'static str, &str)> {
    const LETTERS: usize = 8;
    let start = text.trim_start();
    let pairs = start.as_bytes().chunks_exact(2).take(LETTERS);
    if pairs.len() < LETTERS || !{ pairs.clone() }.all(|pair| pair[0].is_ascii_alphabetic() && pair[1] == b' ') {
        return None;
    }
    let mut letters: Vec<u8> = pairs.map(|pair| pair[0]).collect();
    let small = letters.iter().filter(|letter| letter.is_ascii_lowercase()).count();
    letters.sort_unstable();
    letters.dedup();
    (small + 2 >= LETTERS && letters.len() * 2 > LETTERS).then_some(("a blank after each letter", start))
}

/// Three marks and more over one letter, in several places.
pub(super) fn stacked(text: &str) -> Option<(&'static str, &str)> {
    memchr::memchr2(0xCC, 0xCD, text.as_bytes())?;
    let is_mark = |c: char| matches!(c, '\u{300}'..='\u{36F}');
    let mut run = 0;
    let mut stacks = text.char_indices().filter(|(_, c)| {
        run = if is_mark(*c) { run + 1 } else { 0 };
        run == 3
    });
    let (_, second) = (stacks.next()?, stacks.next()?);
    let start = text.floor_char_boundary(second.0.saturating_sub(24));
    Some(("stacks of combining marks", &text[start..]))
}

/// Words of Latin letters with some of Cyrillic that look like them, two at least, in a text that has no others.
pub(super) fn mixed(text: &str) -> Option<(&'static str, &str)> {
    memchr::memchr2(0xD0, 0xD1, text.as_bytes())?;
    let is_cyrillic = |c: char| matches!(c, '\u{400}'..='\u{52F}');
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.contains(is_cyrillic));
    let is_mixed = |word: &&str| {
        let ascii = word.bytes().filter(u8::is_ascii_alphabetic).count();
        ascii >= 2 && word.chars().all(|c| c.is_ascii() || ALIKE.contains(c))
    };
    let (mut first, mut count, mut all) = (None, 0, 0);
    for word in words {
        all += 1;
        if is_mixed(&word) {
            count += 1;
            first.get_or_insert(word);
        }
    }
    // A letter alone may stand for any word.
    (count >= 2 && count * 2 > all).then(|| ("Cyrillic letters in Latin words", first.unwrap_or_default()))
}
