//! Lines that fit the screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Breaks a text into lines of at most `width` characters, at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for (at, word) in text.split(' ').enumerate() {
        let mut word = word;
        let mut length = word.width();
        // Blanks are left out where a line was broken, not where the text begins with them.
        let mut broken = at == 0 || used == 0 && !lines.is_empty();
        if used > 0 && used + 1 + length > width {
            let whole = line.trim_end().len();
            line.truncate(whole);
            lines.push(std::mem::take(&mut line));
            (used, broken) = (0, true);
        }
        while length > width {
            let mut columns = 0;
            let fits = word.char_indices().find(|(_, letter)| {
                columns += letter.width().unwrap_or(0);
                columns > width
            });
            // One letter at the least, however narrow the screen.
            let first = word.chars().next().map_or(word.len(), char::len_utf8);
            let at = fits.map_or(word.len(), |(at, _)| at).max(first);
            lines.push(word[..at].to_owned());
            broken = true;
            word = &word[at..];
            length = word.width();
        }
        if !broken {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("abcdefg h", 3), ["abc", "def", "g h"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("  a  b", 9), ["  a  b"]);
        assert_eq!(wrap("  aa bb", 5), ["  aa", "bb"]);
        assert_eq!(wrap("a  bbb", 3), ["a", "bbb"]);
        assert_eq!(wrap("日本語文 x", 4), ["日本", "語文", "x"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }
}
