//! In which ways thoughts are odd.

use serde::{Deserialize, Serialize};

/// What is odd about thoughts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in super::super) enum Odd {
    Empty,
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
            Self::Doubled => "the answer opens `<think>` twice",
            Self::Again => "the answer thinks again after `</think>`",
            Self::Tags => "the thoughts in `reasoning_content` have tags around them",
            Self::Same => "the thoughts in `reasoning_content` are the answer itself",
            Self::Misplaced => "the thoughts stand beside another turn than the answer",
        }
    }
}
