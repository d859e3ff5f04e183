//! `type: completion`: plain text with an EOS, in pieces of `sequence_len`
//! (`prompt_strategies/completion.py`).

use std::cell::RefCell;

use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::trainer::Pool;
use crate::trainer::intended::label;
use crate::trainer::parts::{close, mark};

use super::pieces::{Finish, Pieces};
use crate::trainer::failure::{key_error, raises};
use crate::trainer::python::{truthy, type_name};
use crate::trainer::row::Row;

/// A text is cut to this many times `sequence_len` before it is put in pieces.
pub(super) const MOST_PIECES: usize = 64;

pub(super) struct Completion {
    pub(super) pieces: Pieces,
    pub(super) field: String,
    /// Tokens of a piece.
    pub(super) sequence_len: usize,
}

#[derive(Default)]
struct Scratch {
    tokens: Tokens,
    whole: Encoded,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Completion {
    /// Adds a sequence for each piece; an empty text gives none.
    pub(super) fn encode(&self, row: Row<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let value = row.get(&self.field).ok_or_else(|| key_error(&self.field))?;
        if !truthy(Some(value)) {
            return Ok(());
        }
        let text = value.as_str().ok_or_else(|| {
            raises(
                "ValueError",
                format!("text input must be of type `str`, not {}", type_name(value)),
            )
        })?;
        SCRATCH.with_borrow_mut(|scratch| {
            let whole = &mut scratch.whole;
            whole.clear();
            whole.text.push_str(text);
            let finish = Finish {
                eos: 1,
                strip_bos: false,
            };
            let cut = self.pieces.append(0, finish, whole, &mut scratch.tokens)?;
            // Of rows of several columns, the one that stands in this.
            let turn = example.turns.iter().position(|turn| turn.field == self.field);
            let turn = turn.and_then(|turn| u16::try_from(turn).ok());
            let ids = whole.input_ids.chunks(self.sequence_len);
            let offsets = whole.offsets.chunks(self.sequence_len);
            let count = ids.len();
            for (at, (ids, offsets)) in ids.zip(offsets).enumerate() {
                let out = pool.add();
                out.text.push_str(text);
                out.input_ids.extend_from_slice(ids);
                out.labels.extend(ids.iter().copied().map(label));
                out.offsets.extend_from_slice(offsets);
                mark(&mut out.parts, 0..text.len(), turn);
                close(&mut out.parts, text.len());
                let lost = if at + 1 == count { cut } else { 0 };
                out.full_len = ids.len() + lost;
                out.full_trained = out.trained() + lost;
            }
            Ok(())
        })
    }
}
