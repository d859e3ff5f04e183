//! Stages `rm`, `dpo` and `kto`: one question, and answers to it that are compared.
//!
//! Source: `data/processor/pairwise.py` and `data/processor/feedback.py` (0.9.5).

use crate::encode::kit::Tokens;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, What};
use crate::model::example::Example;
use crate::trainer::Pool;

use super::LlamaFactory;
use super::align::{Aligned, Message};
use super::fit::infer_seqlen;
use super::raise::raise;
use super::row::{self, Scratch};
use super::supervised::label;
use super::template::Said;

/// The side of an answer that is wanted, of one that is not, and of one to another question.
pub const DESIRABLE: &str = "desirable";
pub const UNDESIRABLE: &str = "undesirable";
pub const KL: &str = "kl";

/// The row's two sequences, which share what is kept of the question.
pub(super) fn pairwise(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    scratch: &mut Scratch,
    pool: &mut Pool,
) -> Result<(), EncodeError> {
    let (Some([chosen, rejected]), 1) = (row.response.first_chunk(), row.prompt.len() % 2) else {
        pool.add().dropped = Some(row::invalid(row, 2));
        return Ok(());
    };
    trainer.check_media(row, row.prompt.iter().chain([chosen]))?;
    trainer.check_media(row, row.prompt.iter().chain([rejected]))?;
    let mut chosen = row::said(chosen, example);
    let mut rejected = row::said(rejected, example);
    let Scratch {
        tokens, first, second, ..
    } = scratch;
    let out = pool.add();
    out.side = "chosen";
    let asked = question(trainer, row, example, &mut chosen, out, first, tokens)?;
    let (text, parts) = (out.text.clone(), out.parts.clone());
    second.ids.clone_from(&first.ids);
    second.offsets.clone_from(&first.offsets);
    answer(trainer, row, example, &chosen, out, first, tokens)?;

    let out = pool.add();
    out.side = "rejected";
    out.text = text;
    out.parts = parts;
    trainer.template.settle(&mut rejected)?;
    answer(trainer, row, example, &rejected, out, second, tokens)?;

    let longest = first.ids.len().max(second.ids.len()) - asked;
    let kept = infer_seqlen(asked, longest, trainer.facts.cutoff);
    let sequences = pool.sequences_mut().iter_mut().rev().take(2);
    for (out, all) in sequences.zip([second, first]) {
        assemble(all, asked, kept, out);
    }
    Ok(())
}

/// The row's sequence, and on its side whether its answer is wanted.
pub(super) fn feedback(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    scratch: &mut Scratch,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    let (Some([wanted, unwanted]), 1) = (row.response.first_chunk(), row.prompt.len() % 2) else {
        out.dropped = Some(row::invalid(row, 2));
        return Ok(());
    };
    let is_wanted = wanted.content.truth();
    out.side = if is_wanted { DESIRABLE } else { UNDESIRABLE };
    let given = if is_wanted { wanted } else { unwanted };
    one(trainer, row, example, given, row::said(given, example), scratch, out)
}

/// The row's question with the answer of another row, from which the run's distance to its
/// reference model is estimated.
pub(super) fn kl(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    donor: &Aligned<'_>,
    scratch: &mut Scratch,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    if row.response.len() < 2 || row.prompt.len() % 2 != 1 {
        out.dropped = Some(row::invalid(row, 2));
        return Ok(());
    }
    let given = match donor.response.first_chunk() {
        Some([wanted, unwanted]) if !wanted.content.truth() => Some(unwanted),
        _ => donor.response.first().filter(|wanted| wanted.content.truth()),
    };
    // The answer of a row that is passed over is asked for all the same.
    let given = given.ok_or_else(|| raise("IndexError", "list index out of range"))?;
    out.side = KL;
    let mut answer = row::said(given, example);
    answer.what = What::Template;
    one(trainer, row, example, given, answer, scratch, out)
}

fn one(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    given: &Message<'_>,
    mut said: Said<'_>,
    scratch: &mut Scratch,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    trainer.check_media(row, row.prompt.iter().chain([given]))?;
    let Scratch { tokens, first, .. } = scratch;
    let asked = question(trainer, row, example, &mut said, out, first, tokens)?;
    answer(trainer, row, example, &said, out, first, tokens)?;
    let kept = infer_seqlen(asked, first.ids.len() - asked, trainer.facts.cutoff);
    assemble(first, asked, kept, out);
    Ok(())
}

/// Writes all before the answer; the number of its tokens.
fn question(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    answer: &mut Said<'_>,
    out: &mut Encoded,
    all: &mut Tokens,
    tokens: &mut Tokens,
) -> Result<usize, EncodeError> {
    row::clear(all);
    let mut said: Vec<Said<'_>> = row.prompt.iter().map(|message| row::said(message, example)).collect();
    let mut draft = row::draft(&trainer.kit, out, all, tokens);
    trainer.template.settle(answer)?;
    let opening = row::opening(row, example);
    trainer.template.prompt(&mut draft, &opening, &mut said, answer)?;
    Ok(all.ids.len())
}

fn answer(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    answer: &Said<'_>,
    out: &mut Encoded,
    all: &mut Tokens,
    tokens: &mut Tokens,
) -> Result<(), EncodeError> {
    let mut draft = row::draft(&trainer.kit, out, all, tokens);
    let opening = row::opening(row, example);
    trainer
        .template
        .answer(&mut draft, &opening, row.prompt.len(), answer)?;
    if trainer.template.efficient_eos {
        row::push_token(&mut draft, &trainer.facts.eos, trainer.facts.eos_id);
    }
    Ok(())
}

/// Copies what is kept of the question and of the answer, and labels the answer.
fn assemble(all: &Tokens, asked: usize, (source, target): (usize, usize), out: &mut Encoded) {
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
