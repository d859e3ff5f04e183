//! Stage `pt`: texts, all of them trained.
//!
//! Source: `data/processor/pretrain.py` (0.9.5).

use crate::encode::tokenizer::Side;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, What};
use crate::model::example::Example;

use super::LlamaFactory;
use super::align::Aligned;
use super::raise::{raise, type_error};
use super::row::{self, Scratch, Turns};
use super::supervised::label;
use super::template::Content;

pub(super) fn encode(
    trainer: &LlamaFactory,
    row: &Aligned<'_>,
    example: &Example<'_>,
    scratch: &mut Scratch,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    let Some(message) = row.prompt.first() else {
        return Err(raise("IndexError", "list index out of range"));
    };
    let said = Turns::new(example).said(message);
    let Content::Text(text) = &said.content else {
        return Err(type_error("unsupported operand type(s) for +: the text and 'str'"));
    };
    let packs = trainer.options.packs();
    let Scratch { tokens, first, .. } = scratch;
    first.clear();
    let mut draft = row::draft(&trainer.kit, out, first, tokens);
    if !packs && trainer.kit.facts().add_bos_token {
        let Some(bos) = trainer.kit.facts().token("bos_token") else {
            return Err(type_error("unsupported operand type(s) for +: 'NoneType' and 'str'"));
        };
        draft.push(&bos.text, What::Template);
    }
    draft.push(text, said.what);
    draft.push(trainer.end_of_text(), What::Template);
    draft.encode(0)?;
    std::mem::swap(&mut out.input_ids, &mut first.ids);
    std::mem::swap(&mut out.offsets, &mut first.offsets);
    // What the collator will say: all but what looks like padding.
    let labels = out.input_ids.iter().map(|id| {
        if *id == trainer.facts.pad_id {
            IGNORE
        } else {
            label(*id)
        }
    });
    out.labels.extend(labels);
    out.full_len = out.input_ids.len();
    out.full_trained = out.trained();
    if packs || out.full_len <= trainer.facts.cutoff {
        return Ok(());
    }
    if trainer.kit.facts().truncation_side == Side::Left {
        let cut = out.full_len - trainer.facts.cutoff;
        out.input_ids.drain(..cut);
        out.offsets.drain(..cut);
        out.labels.drain(..cut);
    } else {
        out.input_ids.truncate(trainer.facts.cutoff);
        out.offsets.truncate(trainer.facts.cutoff);
        out.labels.truncate(trainer.facts.cutoff);
    }
    out.answer_lost = out.full_trained > 0 && out.trained() == 0;
    Ok(())
}
