//! Where a short piece of text stands again, and what a text ends with over and over.

/// Where the piece stands first, by the rarest of its bytes: a searcher would take longer to make than to use.
pub(in super::super) fn again(window: &[u8], piece: &[u8]) -> Option<usize> {
    let rarest = (0..piece.len()).max_by_key(|at| RARITY[usize::from(piece[*at])])?;
    let mut found = memchr::memchr_iter(piece[rarest], window).filter_map(|at| at.checked_sub(rarest));
    found.find(|at| window[*at..].starts_with(piece))
}

/// A stretch of some words that stands twice in a row, where nothing else is said again: pieces were joined that overlap.
pub(in super::super) fn stretch(text: &str) -> Option<&str> {
    const SHORTEST: usize = 80;
    const LONGEST: usize = 480;
    const PIECE: usize = 24;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + PIECE + SHORTEST <= bytes.len() {
        let near = &bytes[at + SHORTEST..bytes.len().min(at + LONGEST + PIECE)];
        if let Some(found) = again(near, &bytes[at..at + PIECE]) {
            let apart = found + SHORTEST;
            let alike = |(one, other): &(&u8, &u8)| one == other;
            let before = { bytes[..at].iter().rev() }
                .zip(bytes[..at + apart].iter().rev())
                .take_while(alike)
                .count();
            let after = bytes[at..].iter().zip(&bytes[at + apart..]).take_while(alike).count();
            let (start, length) = (at - before, before + after);
            // What stands three times is a refrain, a table or a loop.
            if length >= apart && length < 2 * apart {
                let once = text.get(text.ceil_char_boundary(start)..text.floor_char_boundary(start + apart))?;
                return is_said(once).then_some(once);
            }
            at += after.max(SHORTEST);
        } else {
            at += SHORTEST;
        }
    }
    None
}

/// Whether a stretch is words of a text, and no line of a table, a song or code.
fn is_said(once: &str) -> bool {
    const WORDS: usize = 10;
    let code = |c: char| "|{}[]=<>\\_#*`".contains(c);
    // What comes again inside of it is a list or a loop.
    const PIECE: usize = 48;
    let bytes = once.as_bytes();
    if again(&bytes[1..], &bytes[..PIECE]).is_some() {
        return false;
    }
    let wide = once.chars().filter(|c| *c > '\u{2E7F}').count();
    let words = once
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphabetic))
        .count();
    !once.contains(code) && once.matches('\n').count() <= 2 && (words >= WORDS || wide >= 2 * WORDS)
}

/// The word a text ends with, if it stands there that many times without another between.
pub(in super::super) fn last_word(text: &str, times: usize) -> Option<(&str, usize)> {
    let mut words = text.rsplit(' ');
    let last = words.next()?;
    let found = 1 + words.take_while(|word| *word == last).count();
    // Two letters are a sound: la la la.
    let letters = last.chars().filter(|c| c.is_alphabetic()).count();
    (found >= times && letters >= 4 || found >= 2 * times && letters == 3).then_some((last, found))
}

/// The line of a list with numbers that the text ends with, if so many such lines that differ by their number alone take
/// up so many bytes, and how many there are.
pub(in super::super) fn last_line(text: &str, (times, bytes): (usize, usize)) -> Option<(&str, usize)> {
    let mut lines = text.trim_end().rsplit('\n').map(without_number);
    let last = lines.next()??;
    let found = 1 + lines.take_while(|line| *line == Some(last)).count();
    (last.contains(' ') && found >= times && found * last.len() >= bytes).then_some((last, found))
}

/// What a line of a list says behind its number.
fn without_number(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let said = rest.strip_prefix(['.', ')', ':'])?.trim();
    (rest.len() < line.len() && said.chars().filter(|c| c.is_alphabetic()).count() >= 10).then_some(said)
}

/// The one character the text ends with, if that many times that no sound is as long, and how often; of an emoji a
/// quarter will do.
pub(in super::super) fn last_character(text: &str, times: usize) -> Option<(&str, usize)> {
    let last = text.chars().next_back()?;
    // Rules, dots and boxes are drawn.
    let is_emoji = matches!(last, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..);
    let said = last.is_alphabetic() || is_emoji || matches!(last, '\n' | '!' | '?' | '！' | '？');
    let least = if is_emoji { times / 4 } else { times };
    if !said || text.len() < least {
        return None;
    }
    let found = text.chars().rev().take_while(|c| *c == last).count();
    let piece = if last == '\n' {
        "\\n"
    } else {
        &text[text.len() - last.len_utf8()..]
    };
    (found >= least).then_some((piece, found))
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
    use super::{again, last_character, last_line, last_word};

    #[test]
    fn a_word_over_and_over_is_told_from_a_song() {
        let blue = format!("It is{}", " blue".repeat(12));
        assert_eq!(last_word(&blue, 10), Some(("blue", 12)));
        assert_eq!(last_word(&blue, 13), None);
        assert_eq!(last_word(&" you".repeat(30), 10), Some(("you", 30)));
        assert_eq!(last_word("la la la la la la la la la la la la", 10), None);
    }

    #[test]
    fn lines_of_a_list_are_told_from_its_steps() {
        let listed: String = (1..9)
            .map(|n| format!("{n}. Ask the dealer for the manual.\n"))
            .collect();
        assert_eq!(
            last_line(&listed, (8, 150)),
            Some(("Ask the dealer for the manual.", 8))
        );
        assert_eq!(last_line(&listed, (9, 150)), None);
        let steps: String = (1..9)
            .map(|n| format!("{n}. Ask dealer {n} for the manual.\n"))
            .collect();
        assert_eq!(last_line(&steps, (8, 150)), None);
    }

    #[test]
    fn one_character_over_and_over_is_told_from_a_cry() {
        let run =
            |piece: &str, times| last_character(&format!("so {}", piece.repeat(times)), 200).map(|(_, times)| times);
        assert_eq!(run("a", 800), Some(800));
        assert_eq!(run("\u{54C8}", 300), Some(300));
        assert_eq!((run("\u{1F602}", 60), run("\u{1F602}", 40)), (Some(60), None));
        assert_eq!(last_character(&"\n".repeat(300), 200), Some(("\\n", 300)));
        // Drawn, or a cry.
        assert_eq!((run("-", 500), run("\u{2500}", 500), run("a", 150)), (None, None, None));
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
