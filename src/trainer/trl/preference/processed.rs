//! `_process_tokens` (`kto_trainer.py` up to 1.2): BOS and EOS by id, and truncation of prompt and
//! answer, each in its way.

use std::ops::Range;

use crate::trainer::trl::options::Truncation;

/// What it goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) bos: Option<u32>,
    pub(super) eos: u32,
    pub(super) max_length: usize,
    /// Tokens the prompt is cut to where all is too long; none where only the answer is cut.
    pub(super) max_prompt_length: Option<usize>,
    pub(super) truncation: Truncation,
}

/// What is kept of a prompt and of an answer, and what is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) prompt: Range<usize>,
    /// Tokens of the answer, from its start.
    pub(super) answer: usize,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
}

impl Rules {
    pub(super) fn plan(&self, prompt: &[u32], answer: &[u32]) -> Plan {
        let signed = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        let mut most = signed(self.max_length);
        // Room is left for what will be added, also where the tokenizer has no BOS to add.
        most -= i64::from(prompt.first().is_some_and(|first| self.bos != Some(*first)));
        most -= i64::from(answer.last().is_some_and(|last| self.eos != *last));
        let mut kept = 0..prompt.len();
        let is_too_long = |kept: &Range<usize>| signed(kept.len() + answer.len()) > most;
        if is_too_long(&kept)
            && let Some(limit) = self.max_prompt_length
        {
            match self.truncation {
                Truncation::KeepStart => kept.end = kept.end.min(limit),
                // As Python's `[-n:]` does, 0 keeps all.
                Truncation::KeepEnd if limit > 0 => kept.start = prompt.len().saturating_sub(limit),
                Truncation::KeepEnd => {}
            }
        }
        let end = if is_too_long(&kept) {
            let room = most - signed(self.max_prompt_length.unwrap_or(prompt.len()));
            until(answer.len(), room)
        } else {
            answer.len()
        };
        let first = prompt[kept.clone()].first();
        let last = answer[..end].last();
        Plan {
            bos: self.bos.filter(|bos| first != Some(bos)),
            eos: Some(self.eos).filter(|eos| last != Some(eos)),
            prompt: kept,
            answer: end,
        }
    }
}

impl Plan {
    /// The prompt's ids.
    pub(super) fn prompt(&self, prompt: &[u32]) -> Vec<u32> {
        let mut ids: Vec<u32> = self.bos.into_iter().collect();
        ids.extend_from_slice(&prompt[self.prompt.clone()]);
        ids
    }

    /// The ids of prompt and answer.
    pub(super) fn whole(&self, prompt: &[u32], answer: &[u32]) -> Vec<u32> {
        let mut ids = self.prompt(prompt);
        ids.extend_from_slice(&answer[..self.answer]);
        ids.extend(self.eos);
        ids
    }
}

/// Where Python's `[:stop]` ends.
fn until(len: usize, stop: i64) -> usize {
    let size = usize::try_from(stop.unsigned_abs()).unwrap_or(usize::MAX);
    if stop < 0 {
        len.saturating_sub(size)
    } else {
        len.min(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(max_length: usize, max_prompt_length: Option<usize>) -> Rules {
        Rules {
            bos: Some(1),
            eos: 2,
            max_length,
            max_prompt_length,
            truncation: Truncation::KeepEnd,
        }
    }

    fn whole(rules: Rules, prompt: &[u32], answer: &[u32]) -> Vec<u32> {
        rules.plan(prompt, answer).whole(prompt, answer)
    }

    /// As the function of TRL 0.19.1 and 0.28.0 gives them.
    #[test]
    fn prompts_and_answers_are_cut_as_python_cuts_them() {
        assert_eq!(whole(rules(9, Some(4)), &[5, 6], &[7]), [1, 5, 6, 7, 2]);
        assert_eq!(whole(rules(9, Some(4)), &[1, 6], &[7, 2]), [1, 6, 7, 2]);
        assert_eq!(whole(rules(6, Some(2)), &[5, 6, 7, 8], &[9, 9, 9]), [1, 7, 8, 9, 9, 2]);
        // The answer is cut to what the limits leave, which may be less than nothing.
        assert_eq!(
            whole(rules(4, Some(3)), &[5, 6, 7, 8], &[9, 9, 9]),
            [1, 6, 7, 8, 9, 9, 2]
        );
        assert_eq!(whole(rules(6, None), &[5, 6, 7], &[9, 9, 9]), [1, 5, 6, 7, 9, 2]);
        assert_eq!(whole(rules(4, None), &[5, 6, 7], &[9, 9, 9]), [1, 5, 6, 7, 9, 9, 2]);
    }
}
