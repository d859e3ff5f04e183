//! What programs print for a missing value inside of a sentence: `nan%`, `Dear None,`, `NaT`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// The marks, and how each is told from a word.
const MARKS: [(&str, Told); 18] = [
    ("nan%", Told::Behind),
    ("nan€", Told::Behind),
    ("nan €", Told::Behind),
    ("$nan", Told::Before),
    ("€nan", Told::Before),
    ("£nan", Told::Before),
    ("NaT", Told::Word),
    ("0000-00-00", Told::Word),
    ("Dear None", Told::Greeting),
    ("Hello None", Told::Greeting),
    ("Hi None", Told::Greeting),
    ("Dear nan", Told::Greeting),
    ("Hello nan", Told::Greeting),
    ("Hi nan", Told::Greeting),
    ("Dear null", Told::Greeting),
    ("Dear undefined", Told::Greeting),
    ("Hello undefined", Told::Greeting),
    ("Hi undefined", Told::Greeting),
];

#[derive(Clone, Copy)]
enum Told {
    /// No letter stands before it.
    Behind,
    /// No letter stands behind it.
    Before,
    /// Neither.
    Word,
    /// A comma or its like follows.
    Greeting,
}

/// The first of them in a text.
pub(in super::super) fn find(text: &str) -> Option<&'static str> {
    static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let marks = MARKS.map(|(mark, _)| mark);
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(marks);
        finder.expect("a few short marks are within the limits")
    });
    FINDER.find_iter(text).find_map(|found| {
        let (mark, told) = MARKS[found.pattern().as_usize()];
        let (before, after) = (
            text[..found.start()].chars().next_back(),
            text[found.end()..].chars().next(),
        );
        let apart =
            |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '\'' | '"' | '`'));
        let is_one = match told {
            Told::Behind => apart(before),
            Told::Before => apart(after),
            Told::Word => apart(before) && apart(after),
            Told::Greeting => apart(before) && matches!(after, Some(',' | '!' | '，')),
        };
        is_one.then_some(mark)
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn missing_values_are_told_from_words() {
        for text in [
            "The fee is nan% of it.",
            "It costs $nan.",
            "Dear None,\nthanks",
            "Date: NaT",
            "since 0000-00-00.",
        ] {
            assert!(find(text).is_some(), "{text}");
        }
        for text in [
            "banan%",
            "Dear Nana,",
            "NaTional",
            "Dear nan who sings",
            "`NaT`",
            "Hi nana, hello",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
