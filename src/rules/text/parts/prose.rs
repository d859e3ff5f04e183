//! Whether a place in a text is prose or code.

/// Bytes of a line that are looked at on each side.
const NEAR: usize = 240;

/// Whether the line around a slot is prose: two words at least, and no sign that code is made of.
pub(in super::super) fn is_prose(text: &str, at: usize, length: usize) -> bool {
    // Of a long line what stands near is enough.
    let from = text.floor_char_boundary(at.saturating_sub(NEAR));
    let to = text.ceil_char_boundary(text.len().min(at + length + NEAR));
    let start = text[from..at].rfind('\n').map_or(from, |line| from + line + 1);
    let end = text[at..to].find('\n').map_or(to, |line| at + line);
    let Some(after) = text.get(at + length..end) else {
        return false;
    };
    let before = &text[start..at];
    let code = |c: char| "`=;\\{}$<>|&@#+*_^~\"".contains(c);
    // Other slots on the line are no code.
    let bare = |part: &str| {
        let mut bare = String::with_capacity(part.len());
        let (mut inside, mut last) = (false, ' ');
        for c in part.chars() {
            let before = std::mem::replace(&mut last, c);
            match c {
                '{' | '<' | '[' => inside = true,
                '}' | '>' | ']' if inside => inside = false,
                '}' if before == '}' => {}
                '$' | '%' => {}
                c if !inside => bare.push(c),
                _ => {}
            }
        }
        bare
    };
    // The way through a menu is no code, nor are two of a name.
    let line = (bare(before) + " " + &bare(after))
        .replace(" > ", " ")
        .replace(" & ", " ");
    // Scripts without blanks are counted in letters.
    let ideographs = line.chars().filter(|c| *c > '\u{2E7F}' && c.is_alphabetic()).count();
    let words = line
        .split_whitespace()
        .filter(|word| {
            word.trim_matches(|c: char| c.is_ascii_punctuation())
                .chars()
                .all(char::is_alphabetic)
        })
        .filter(|word| word.chars().any(char::is_alphabetic))
        .count();
    let command = ["echo ", "export ", "sudo "].iter().any(|word| line.contains(word));
    (words >= 2 || ideographs >= 4) && !command && !line.contains(code) && !line.contains("()")
}

/// Slots that may stand in code before one that does not: whether one does follows from all that is before it.
pub(in super::super) const CANDIDATES: usize = 16;

/// Whether a place is inside a fence, between back quotes, in an f-string, or what an element of JSX holds.
pub(in super::super) fn in_code(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let line = &before[before.rfind('\n').map_or(0, |line| line + 1)..];
    let after = text[at..].lines().next().unwrap_or_default();
    let quoted = line.contains('`') && after.contains('`');
    let formatted = ["f\"", "f'", "f“", "f‘"].iter().any(|string| line.contains(string));
    quoted || formatted || line.ends_with('>') || before.matches("```").count() % 2 == 1
}
