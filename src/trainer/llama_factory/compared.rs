//! Stages `rm`, `dpo` and `kto`: one question, and answers to it that are compared.
//!
//! Source: `data/processor/pairwise.py` and `data/processor/feedback.py` (0.9.5).

use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::Example;
use crate::trainer::Pool;

use super::LlamaFactory;
use super::align::{Aligned, Message, Origin};
use super::facts::Facts;
use super::fit::infer_seqlen;
use super::raise::raise;
use super::row::{self, Scratch, Turns};
use super::slots::Run;
use super::supervised::label;
use super::template::Said;

/// The side of an answer that is wanted, of one that is not, and of one to another question.
pub const DESIRABLE: &str = "desirable";
pub const UNDESIRABLE: &str = "undesirable";
pub const KL: &str = "kl";

/// A row whose question is asked.
pub(super) struct Asked<'a> {
    pub trainer: &'a LlamaFactory,
    pub row: &'a Aligned<'a>,
    pub example: &'a Example<'a>,
}

/// The answer that the next row of the batch is compared with, which is asked for of rows that are passed over too.
fn lent<'r, 'm>(row: &'r Aligned<'m>) -> Option<&'r Message<'m>> {
    match &row.response[..] {
        [wanted, ..] if wanted.content.truth() => Some(wanted),
        [_, unwanted, ..] => Some(unwanted),
        _ => None,
    }
}

impl Asked<'_> {
    /// The row's two sequences, which share what is kept of the question.
    pub(super) fn pairwise(&self, scratch: &mut Scratch, pool: &mut Pool) -> Result<(), EncodeError> {
        let Some([chosen, rejected]) = self.answers() else {
            pool.add().dropped = Some(row::invalid(self.row, 2));
            return Ok(());
        };
        let prompt = || self.row.prompt.iter();
        self.trainer.check_media(self.row, prompt().chain([chosen, rejected]))?;
        let mut turns = Turns::new(self.example);
        let mut said: Vec<Said<'_>> = prompt().map(|message| turns.said(message)).collect();
        let (mut chosen, mut rejected) = (turns.said(chosen), turns.said(rejected));
        let Scratch {
            tokens, first, second, ..
        } = scratch;
        let out = pool.add();
        out.side = "chosen";
        let asked = self.question(&mut said, &mut chosen, out, first, tokens)?;
        let (text, parts) = (out.text.clone(), out.parts.clone());
        second.ids.clone_from(&first.ids);
        second.offsets.clone_from(&first.offsets);
        self.answer(&chosen, out, first, tokens)?;

        let out = pool.add();
        out.side = "rejected";
        out.text = text;
        out.parts = parts;
        self.trainer.template.settle(&mut rejected)?;
        self.answer(&rejected, out, second, tokens)?;

        let longest = first.ids.len().max(second.ids.len()) - asked;
        let kept = infer_seqlen(asked, longest, self.trainer.facts.cutoff);
        let sequences = pool.sequences_mut().iter_mut().rev().take(2);
        for (out, all) in sequences.zip([second, first]) {
            assemble(all, asked, kept, out);
            row::check_tokens(out)?;
        }
        Ok(())
    }

    /// The row's sequence, and on its side whether its answer is wanted.
    pub(super) fn feedback(&self, scratch: &mut Scratch, out: &mut Encoded) -> Result<(), EncodeError> {
        let Some([wanted, unwanted]) = self.answers() else {
            if lent(self.row).is_none() {
                let message =
                    "list index out of range: the row is passed over, and the next is compared with its answer";
                return Err(raise("IndexError", message));
            }
            let untold = self.row.broken.is_none() && self.row.response.len() == 1;
            out.dropped = Some(if untold {
                "no column that `kto_tag` names says `true` or `false`".to_owned()
            } else {
                row::invalid(self.row, 2)
            });
            return Ok(());
        };
        let is_wanted = wanted.content.truth();
        out.side = if is_wanted { DESIRABLE } else { UNDESIRABLE };
        self.one(if is_wanted { wanted } else { unwanted }, scratch, out)
    }

    /// The row's question with the answer of another row, from which the run's distance to its
    /// reference model is estimated.
    pub(super) fn kl(&self, donor: &Aligned<'_>, scratch: &mut Scratch, out: &mut Encoded) -> Result<(), EncodeError> {
        if self.answers().is_none() {
            out.dropped = Some(row::invalid(self.row, 2));
            return Ok(());
        }
        let given = lent(donor).ok_or_else(|| raise("IndexError", "list index out of range"))?;
        out.side = KL;
        // It stands in another row, where its places mean other turns.
        let given = Message {
            origin: Origin::Nowhere,
            ..given.clone()
        };
        self.one(&given, scratch, out)
    }

    /// A wanted and an unwanted answer, if the row is as this stage takes it.
    fn answers(&self) -> Option<&[Message<'_>; 2]> {
        self.row
            .response
            .first_chunk()
            .filter(|_| self.row.prompt.len() % 2 == 1)
    }

    fn one(&self, given: &Message<'_>, scratch: &mut Scratch, out: &mut Encoded) -> Result<(), EncodeError> {
        let prompt = || self.row.prompt.iter();
        self.trainer.check_media(self.row, prompt().chain([given]))?;
        let mut turns = Turns::new(self.example);
        let mut said: Vec<Said<'_>> = prompt().map(|message| turns.said(message)).collect();
        let mut given = turns.said(given);
        let Scratch { tokens, first, .. } = scratch;
        let asked = self.question(&mut said, &mut given, out, first, tokens)?;
        self.answer(&given, out, first, tokens)?;
        let kept = infer_seqlen(asked, first.ids.len() - asked, self.trainer.facts.cutoff);
        assemble(first, asked, kept, out);
        row::check_tokens(out)
    }

    /// Writes all before the answer; the number of its tokens.
    fn question(
        &self,
        said: &mut [Said<'_>],
        answer: &mut Said<'_>,
        out: &mut Encoded,
        all: &mut Run,
        tokens: &mut Tokens,
    ) -> Result<usize, EncodeError> {
        all.clear();
        let template = &self.trainer.template;
        template.settle(answer)?;
        let opening = row::opening(self.row, self.example);
        let mut draft = row::draft(&self.trainer.kit, out, all, tokens);
        template.prompt(&mut draft, &opening, said, answer)?;
        Ok(all.ids.len())
    }

    fn answer(
        &self,
        answer: &Said<'_>,
        out: &mut Encoded,
        all: &mut Run,
        tokens: &mut Tokens,
    ) -> Result<(), EncodeError> {
        let Facts { eos, eos_id, .. } = &self.trainer.facts;
        let template = &self.trainer.template;
        let opening = row::opening(self.row, self.example);
        let mut draft = row::draft(&self.trainer.kit, out, all, tokens);
        template.answer(&mut draft, &opening, self.row.prompt.len(), answer)?;
        if template.efficient_eos {
            row::push_token(&mut draft, eos, *eos_id);
        }
        Ok(())
    }
}

/// Copies what is kept of the question and of the answer, and labels the answer.
fn assemble(all: &Run, asked: usize, (source, target): (usize, usize), out: &mut Encoded) {
    let end = all.ids.len().min(asked + target);
    for range in [0..source, asked..end] {
        out.input_ids.extend_from_slice(&all.ids[range.clone()]);
        out.offsets.extend_from_slice(&all.offsets[range]);
    }
    out.labels.resize(source, IGNORE);
    out.labels.extend(all.ids[asked..end].iter().map(|id| label(*id)));
    out.full_len = all.ids.len();
    let answer = all.ids.len() - asked;
    out.full_trained = answer - usize::from(asked == 0 && answer > 0);
    out.answer_lost = answer > 0 && end == asked;
}
