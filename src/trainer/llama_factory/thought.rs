//! Thoughts of reasoning templates: finding them, taking them out, and whether one is missing.
//!
//! Source: `ReasoningTemplate` and `Template.remove_thought` of `data/template.py` (0.9.5).

use std::borrow::Cow;

/// The first stretch between two words, in Python's regular expression `open(.*?)close`.
pub(super) fn between<'t>(text: &'t str, [open, close]: &[String; 2]) -> Option<Between<'t>> {
    let start = text.find(open.as_str())?;
    let inner = start + open.len();
    let length = text[inner..].find(close.as_str())?;
    Some(Between {
        whole: &text[start..inner + length + close.len()],
        inner: &text[inner..inner + length],
        start,
    })
}

/// What stands between two words.
pub(super) struct Between<'t> {
    /// With the words.
    pub whole: &'t str,
    pub inner: &'t str,
    start: usize,
}

/// The text without its thoughts, and without the line ends that then stand at its head.
pub(super) fn remove<'t>(text: Cow<'t, str>, words: &[String; 2]) -> Cow<'t, str> {
    if between(&text, words).is_none() {
        return match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\n')),
            Cow::Owned(text) => Cow::Owned(text.trim_start_matches('\n').to_owned()),
        };
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(thought) = between(rest, words) {
        kept.push_str(&rest[..thought.start]);
        rest = &rest[thought.start + thought.whole.len()..];
    }
    kept.push_str(rest);
    Cow::Owned(kept.trim_start_matches('\n').to_owned())
}

/// Whether an answer neither opens nor closes a thought.
pub(super) fn is_missing(text: &str, [open, close]: &[String; 2]) -> bool {
    !text.contains(open.trim()) && !text.contains(close.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> [String; 2] {
        ["<think>\n".to_owned(), "\n</think>\n\n".to_owned()]
    }

    #[test]
    fn thoughts_go_and_the_rest_stays() {
        let cases = [
            ("<think>\na\n</think>\n\nb", "b"),
            ("x<think>\na\n</think>\n\n<think>\nb\n</think>\n\ny", "xy"),
            ("\n\n<think>never closed", "<think>never closed"),
            ("<think>\na\n</think>\n\n\n\nb", "b"),
        ];
        for (text, left) in cases {
            assert_eq!(remove(Cow::Borrowed(text), &words()), left);
        }
    }

    #[test]
    fn half_a_thought_is_not_a_missing_one() {
        assert!(is_missing("four", &words()));
        assert!(!is_missing("text </think> more", &words()));
        assert!(!is_missing("<think>never closed", &words()));
    }
}
