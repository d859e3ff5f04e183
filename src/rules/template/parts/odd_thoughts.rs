//! In which ways thoughts are odd.

use serde::{Deserialize, Serialize};

/// What is odd about thoughts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in super::super) enum Odd {
    Empty,
    /// Nothing but dots, or a word that stands for nothing: `None`.
    Hollow,
    /// `<think><think>`
    Doubled,
    /// `<think>` once more after `</think>`.
    Again,
    /// Tags in `reasoning_content`.
    Tags,
    /// `reasoning_content` is the answer.
    Same,
    /// `reasoning_content` of another turn than an answer.
    Misplaced,
}

impl Odd {
    pub(in super::super) fn said(self) -> &'static str {
        match self {
            Self::Empty => "the thoughts are empty",
            Self::Hollow => "the thoughts are nothing but dots, or a word for nothing",
            Self::Doubled => "the answer opens `<think>` twice",
            Self::Again => "the answer thinks again after `</think>`",
            Self::Tags => "the thoughts in `reasoning_content` have tags around them",
            Self::Same => "the thoughts in `reasoning_content` are the answer itself",
            Self::Misplaced => "the thoughts stand beside another turn than the answer",
        }
    }
}

/// Words that stand for nothing where thoughts should.
const NOTHING: [&str; 10] = [
    "none",
    "null",
    "nan",
    "n/a",
    "na",
    "nil",
    "undefined",
    "todo",
    "tbd",
    "empty",
];

/// Whether thoughts are nothing but signs, or a word that stands for nothing.
pub(in super::super) fn are_hollow(thoughts: &str) -> bool {
    let word = thoughts
        .trim_end_matches('.')
        .trim_matches(['[', ']', '<', '>', '(', ')']);
    let is = |nothing: &str| word.eq_ignore_ascii_case(nothing);
    !thoughts.chars().any(char::is_alphanumeric) || NOTHING.into_iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::are_hollow;

    #[test]
    fn words_for_nothing_are_no_thoughts() {
        for thoughts in ["None", "...", "…", "N/A.", "[TODO]", "null"] {
            assert!(are_hollow(thoughts), "{thoughts}");
        }
        for thoughts in ["None of them is.", "4", "否", "so"] {
            assert!(!are_hollow(thoughts), "{thoughts}");
        }
    }
}
