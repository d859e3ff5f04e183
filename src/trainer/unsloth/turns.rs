//! Which tokens of a row are answers, by the signs that stand in it.
//!
//! An answer begins behind a response's sign and ends with the first of: an EOS, which belongs to it;
//! a BOS; the special tokens any turn opens with; a sign; the end of the row. Source: the project's
//! notes on the documented behaviour, and black-box recordings.

use std::ops::Range;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::EncodeError;
use crate::trainer::failure::raises;

use super::sign::{Sign, is_special};

/// What tells the turns of a row apart.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    question: Sign,
    answer: Sign,
    /// Special tokens with which both signs begin; none where there are none.
    opening: Vec<u32>,
    eos: Option<u32>,
    bos: Option<u32>,
    only_last: bool,
}

impl Turns {
    /// By the texts of the markers.
    ///
    /// # Errors
    ///
    /// `ValueError` for one that has no sign.
    pub(super) fn new(
        kit: &Kit,
        (question, answer): (&str, &str),
        (by_text, only_last): (bool, bool),
        tokens: &mut Tokens,
    ) -> Result<Self, EncodeError> {
        let mut sign = |option: &str, text: &str| {
            Sign::of(kit, text, by_text, tokens)?.ok_or_else(|| {
                let message = format!("{option} could not be resolved to a stable token sequence: {text:?}");
                raises("ValueError", message)
            })
        };
        let mut question = sign("instruction_part", question)?;
        let mut answer = sign("response_part", answer)?;
        // One that the other begins with would be found in it.
        let (of_question, of_answer) = (question.kernel().to_vec(), answer.kernel().to_vec());
        if of_answer.starts_with(&of_question) {
            question.take_trail();
        }
        if of_question.starts_with(&of_answer) {
            answer.take_trail();
        }
        let alike = question.kernel().iter().zip(answer.kernel());
        let opening: Vec<u32> = alike
            .take_while(|(one, other)| one == other)
            .map(|(id, _)| *id)
            .collect();
        let opens = |id: &u32| {
            let text = kit.tokenizer().token_text(*id).unwrap_or_default();
            is_special(kit, *id) && !text.trim().is_empty()
        };
        let named = |name: &str| kit.facts().token(name).and_then(|token| token.id);
        Ok(Self {
            opening: Some(opening).filter(|ids| ids.iter().all(opens)).unwrap_or_default(),
            question,
            answer,
            eos: named("eos_token"),
            bos: named("bos_token"),
            only_last,
        })
    }

    /// What must stand in a row for a question, and for an answer.
    pub(super) fn kernels(&self) -> [&[u32]; 2] {
        [self.question.kernel(), self.answer.kernel()]
    }

    /// Marks the tokens of answers.
    pub(super) fn mark(&self, row: &[u32], trained: &mut Vec<bool>) {
        trained.clear();
        trained.resize(row.len(), false);
        let mut last = None;
        self.answers(row, |answer| {
            if self.only_last {
                last = Some(answer);
            } else {
                trained[answer].fill(true);
            }
        });
        if let Some(answer) = last {
            trained[answer].fill(true);
        }
    }

    /// The answers of a row, from the first to the last.
    fn answers(&self, row: &[u32], mut found: impl FnMut(Range<usize>)) {
        let mut begun = None;
        let mut at = 0;
        while at < row.len() {
            let Some(start) = begun else {
                if self.answer.begins(&row[at..]) {
                    at = self.answer.end(row, at);
                    begun = Some(at).filter(|start| *start < row.len());
                } else {
                    at += 1;
                }
                continue;
            };
            let (end, next) = if Some(row[at]) == self.eos {
                (at + 1, at + 1)
            } else if self.stops(&row[at..]) {
                (at, at)
            } else if at + 1 == row.len() {
                // Seen: what may lead a question is left out before the last token, and the token with it.
                let start = self.question.start(row, at);
                (if start < at { start } else { row.len() }, row.len())
            } else if self.question.begins(&row[at..]) {
                (self.question.start(row, at), self.question.end(row, at))
            } else {
                at += 1;
                continue;
            };
            found(start..end.max(start));
            (begun, at) = (None, next);
        }
        if let Some(start) = begun {
            found(start..row.len());
        }
    }

    /// Whether what follows begins another turn, whose sign may be an answer's.
    fn stops(&self, rest: &[u32]) -> bool {
        let opens = !self.opening.is_empty() && rest.starts_with(&self.opening);
        opens || rest.first().copied() == self.bos && self.bos.is_some() || self.answer.begins(rest)
    }
}
