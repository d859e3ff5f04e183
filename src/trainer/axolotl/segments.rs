//! `type: input_output`: segments with a label of their own, put end to end as they stand
//! (`prompt_strategies/input_output.py`). No template, no special tokens, no EOS.

use std::cell::RefCell;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::value::Value;
use crate::trainer::intended::label;
use crate::trainer::parts::close;

use crate::trainer::failure::{key_error, raises};
use crate::trainer::python::{truthy, type_name};
use crate::trainer::row::Row;

pub(super) struct Segments {
    pub(super) kit: Arc<Kit>,
    pub(super) train_on_inputs: bool,
}

thread_local! {
    static TOKENS: RefCell<Tokens> = RefCell::default();
}

impl Segments {
    pub(super) fn encode(&self, row: Row<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        let segments = row.get("segments").ok_or_else(|| key_error("segments"))?;
        let Value::Array(segments) = segments else {
            let name = type_name(segments);
            return Err(raises("TypeError", format!("'{name}' object is not iterable")));
        };
        TOKENS.with_borrow_mut(|tokens| {
            for segment in segments {
                let field = |key: &str| segment.get(key).ok_or_else(|| key_error(key));
                let (trained, value) = (field("label")?, field("text")?);
                let text = value.as_str().ok_or_else(|| {
                    raises(
                        "ValueError",
                        format!("text input must be of type `str`, not {}", type_name(value)),
                    )
                })?;
                let start = offset(out.text.len());
                out.text.push_str(text);
                self.kit.encode(text, false, Detail::Extents, tokens)?;
                out.input_ids.extend_from_slice(&tokens.ids);
                out.offsets
                    .extend(tokens.extents.iter().map(|(from, to)| (from + start, to + start)));
                let trained = self.train_on_inputs || truthy(Some(trained));
                let labels = tokens.ids.iter().map(|id| if trained { label(*id) } else { IGNORE });
                out.labels.extend(labels);
            }
            close(&mut out.parts, out.text.len());
            Ok(())
        })
    }
}
