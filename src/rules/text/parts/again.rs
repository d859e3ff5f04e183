//! Where a short piece of text stands again.

/// Where the piece stands first, by the rarest of its bytes: a searcher would take longer to make than to use.
pub(in super::super) fn again(window: &[u8], piece: &[u8]) -> Option<usize> {
    let rarest = (0..piece.len()).max_by_key(|at| RARITY[usize::from(piece[*at])])?;
    let mut found = memchr::memchr_iter(piece[rarest], window).filter_map(|at| at.checked_sub(rarest));
    found.find(|at| window[*at..].starts_with(piece))
}

/// The word a text ends with, if it stands there that many times without another between.
pub(in super::super) fn last_word(text: &str, times: usize) -> Option<(&str, usize)> {
    let mut words = text.rsplit(' ');
    let last = words.next()?;
    let found = 1 + words.take_while(|word| *word == last).count();
    // Two letters are a sound: la la la.
    let said = last.chars().filter(|c| c.is_alphabetic()).count() >= 4;
    (said && found >= times).then_some((last, found))
}

/// How rare a byte is in English, the blank and then the letters in order of frequency; others are rarest.
const RARITY: [u8; 256] = {
    let frequent = b" etaoinshrdlcumwfgypbvkjxqz";
    let mut table = [u8::MAX; 256];
    let mut at = 0;
    while at < frequent.len() {
        #[expect(clippy::cast_possible_truncation, reason = "there are 27")]
        {
            table[frequent[at] as usize] = at as u8;
        }
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::{again, last_word};

    #[test]
    fn a_word_over_and_over_is_told_from_a_song() {
        let blue = format!("It is{}", " blue".repeat(12));
        assert_eq!(last_word(&blue, 10), Some(("blue", 12)));
        assert_eq!(last_word(&blue, 13), None);
        assert_eq!(last_word("la la la la la la la la la la la la", 10), None);
    }

    #[test]
    fn the_first_place_is_found() {
        assert_eq!(again(b"the quick brown fox, the quick", b"the qu"), Some(0));
        assert_eq!(again(b"a quick brown fox, the quick", b"the qu"), Some(19));
        assert_eq!(again(b"qu", b"the qu"), None);
        assert_eq!(
            again("\u{4ed6}\u{4eec}\u{4ed6}".as_bytes(), "\u{4eec}".as_bytes()),
            Some(3)
        );
    }
}
