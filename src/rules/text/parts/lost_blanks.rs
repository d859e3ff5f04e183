//! Texts whose blanks were lost in part, or stand behind every letter.

/// Whether every second byte of a text's start is a blank, and what stands between them are words, not a board of a game.
pub(super) fn is_spaced_through(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 64;
    let Some(start) = bytes.get(..LOOKED_AT) else {
        return false;
    };
    let small: Vec<u8> = start
        .iter()
        .step_by(2)
        .copied()
        .filter(u8::is_ascii_lowercase)
        .collect();
    let kinds = small
        .iter()
        .fold(0_u32, |kinds, letter| kinds | 1 << (letter - b'a'))
        .count_ones();
    let blanks = start.iter().skip(1).step_by(2).all(|byte| *byte == b' ');
    let words = start.windows(3).filter(|three| *three == b"   ").count();
    blanks && small.len() * 8 >= LOOKED_AT && kinds >= 6 && words >= 1
}

/// Words with no blanks between them, which are the half of a text.
pub(super) fn run_together(text: &str) -> Option<&str> {
    const LONGEST: usize = 56;
    let bytes = text.as_bytes();
    // A word of that length stands over one of these places.
    let mut at = LONGEST - 1;
    while at < bytes.len() {
        let is_said = |byte: &&u8| !byte.is_ascii_whitespace();
        let start = at - bytes[..at].iter().rev().take_while(is_said).count();
        let end = at + bytes[at..].iter().take_while(is_said).count();
        let word = &bytes[start..end.max(start)];
        if word.len() >= LONGEST && word.len() * 2 >= bytes.len() && is_of_words(word) {
            return Some(&text[start..end]);
        }
        at = at.max(end) + LONGEST;
    }
    None
}

/// Whether a long word is many: mostly small letters of many kinds, with the signs of a sentence or longer than any word of
/// German or Welsh, and no sign of an address, a key or code.
fn is_of_words(word: &[u8]) -> bool {
    const LONGEST: usize = 120;
    let small = word.iter().filter(|byte| byte.is_ascii_lowercase());
    let (count, kinds) = small.fold((0, 0_u32), |(count, kinds), letter| {
        (count + 1, kinds | 1 << (letter - b'a'))
    });
    let turns = word
        .windows(2)
        .filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let code = |byte: &u8| b"_/\\=<>{}@#&|+*~^$[]`\"".contains(byte);
    let inner = word[..word.len() - 1].iter();
    let signs = inner.filter(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'?' | b'!'));
    count * 2 >= word.len()
        && kinds.count_ones() >= 10
        && turns.count() * 16 <= word.len()
        && (word.len() > LONGEST || signs.count() >= 2)
        && !word.iter().any(code)
        && !word.windows(3).any(|three| three == b"%20")
}
