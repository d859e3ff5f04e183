//! Stage `sft`: conversations, of which the answers are trained.
//!
//! Source: `data/processor/supervised.py` (0.9.5).

use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::Example;

use super::LlamaFactory;
use super::align::Aligned;
use super::fit::infer_seqlen;
use super::raise::unsupported;
use super::row::{self, Scratch, Turns};
use super::template::Said;

/// A question and its answer, as they stand among the tokens.
#[derive(Clone, Copy)]
struct Pair {
    start: usize,
    middle: usize,
    end: usize,
    /// Its number in the order in which pairs are given their share of the budget.
    order: usize,
    /// Tokens kept of each.
    kept: (usize, usize),
}

impl Pair {
    fn source(&self) -> usize {
        self.middle - self.start
    }

    fn target(&self) -> usize {
        self.end - self.middle
    }
}

pub(super) fn encode(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    scratch: &mut Scratch,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    if row.prompt.len() % 2 != 1 || row.response.len() != 1 {
        out.dropped = Some(row::invalid(row, 1));
        return Ok(());
    }
    let messages = || row.prompt.iter().chain(&row.response);
    trainer.check_media(row, messages())?;
    let mut turns = Turns::new(example);
    let mut said: Vec<Said<'_>> = messages().map(|message| turns.said(message)).collect();
    let Scratch {
        tokens, first, ends, ..
    } = scratch;
    first.clear();
    ends.clear();
    let mut draft = row::draft(&trainer.kit, out, first, tokens);
    let last_only = trainer.options.mask_history;
    let opening = row::opening(row, example);
    trainer
        .template
        .conversation(&mut draft, &opening, &mut said, last_only, ends)?;
    if trainer.template.efficient_eos {
        row::push_token(&mut draft, &trainer.facts.eos, trainer.facts.eos_id);
    }
    let pairs = budget(trainer, ends);
    assemble(trainer, &pairs, scratch, out)?;
    if trainer.options.packs() && out.input_ids.len() > trainer.facts.cutoff {
        out.dropped = Some(format!(
            "{} tokens, more than the {} of a packed sequence",
            out.input_ids.len(),
            trainer.facts.cutoff
        ));
        return Ok(());
    }
    row::check_tokens(out)
}

/// Shares the budget out among the pairs: from the first on, or where only the last is trained
/// from that one back.
fn budget(trainer: &LlamaFactory, ends: &[usize]) -> Vec<Pair> {
    let count = ends.len() / 2;
    let from_the_last = trainer.options.mask_history;
    let mut start = 0;
    let mut pairs: Vec<Pair> = ends
        .chunks_exact(2)
        .enumerate()
        .map(|(at, bounds)| {
            let pair = Pair {
                start,
                middle: bounds[0],
                end: bounds[1],
                order: if from_the_last { count - 1 - at } else { at },
                kept: (0, 0),
            };
            start = bounds[1];
            pair
        })
        .collect();
    let mut total = usize::from(trainer.template.efficient_eos);
    let cutoff = trainer.facts.cutoff;
    for turn in 0..count {
        if total >= cutoff {
            break;
        }
        let pair = &mut pairs[if from_the_last { count - 1 - turn } else { turn }];
        pair.kept = infer_seqlen(pair.source(), pair.target(), cutoff - total);
        total += pair.kept.0 + pair.kept.1;
    }
    pairs
}

/// Copies what is kept, and labels it.
fn assemble(trainer: &LlamaFactory, pairs: &[Pair], scratch: &Scratch, out: &mut Encoded) -> Result<(), EncodeError> {
    let all = &scratch.first;
    let options = &trainer.options;
    let eos = label(trainer.facts.eos_id);
    let (mut answers, mut answers_kept) = (0, 0);
    let mut trained = 0;
    for pair in pairs {
        let (source, target) = pair.kept;
        // After EOS was left out between turns, the next turn's first token is to be EOS, whatever
        // it is fed as; in the order of the budget, so that going backwards hits the wrong ones.
        let eos_first = trainer.template.efficient_eos && pair.order != 0 && !options.train_on_prompt;
        let answer_trained = !options.mask_history || pair.order == 0;
        let kept_source = pair.start..pair.start + source;
        let kept_target = pair.middle..pair.middle + target;
        if eos_first && source == 0 && source + target > 0 {
            return Err(unsupported(
                "an empty question where EOS is only a label: labels and ids part",
            ));
        }
        for (at, place) in kept_source.enumerate() {
            let id = all.ids[place];
            out.input_ids.push(id);
            out.offsets.push(all.offsets[place]);
            out.labels.push(if options.train_on_prompt {
                label(id)
            } else if eos_first && at == 0 {
                eos
            } else {
                IGNORE
            });
        }
        for place in kept_target {
            let id = all.ids[place];
            out.input_ids.push(id);
            out.offsets.push(all.offsets[place]);
            out.labels.push(if answer_trained { label(id) } else { IGNORE });
        }
        trained += match (options.train_on_prompt, eos_first) {
            (true, _) => pair.source(),
            (false, true) => pair.source().min(1),
            (false, false) => 0,
        };
        if answer_trained {
            answers += pair.target();
            answers_kept += target;
            trained += pair.target();
        }
    }
    if trainer.template.efficient_eos {
        let last = all.ids.len() - 1;
        out.input_ids.push(all.ids[last]);
        out.offsets.push(all.offsets[last]);
        out.labels.push(eos);
        trained += 1;
    }
    out.full_len = all.ids.len();
    out.full_trained = trained - usize::from(first_is_trained(trainer, pairs));
    out.answer_lost = answers > 0 && answers_kept == 0;
    Ok(())
}

/// Whether the first token of the whole, which never carries loss, has a label.
fn first_is_trained(trainer: &LlamaFactory, pairs: &[Pair]) -> bool {
    let options = &trainer.options;
    let first = pairs.iter().find(|pair| pair.end > pair.start);
    first.is_some_and(|pair| match pair.source() {
        0 => !options.mask_history || pair.order == 0,
        _ => options.train_on_prompt || trainer.template.efficient_eos && pair.order != 0,
    })
}

/// An id as a label. Vocabularies are far below 2^31.
pub(super) fn label(id: u32) -> i32 {
    i32::try_from(id).unwrap_or(i32::MAX)
}
