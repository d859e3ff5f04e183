//! Python's `json`, both ways: `loads` straight into a [`Value`] that borrows from the text, and
//! `dumps`.
//!
//! One parser serves good rows and bad ones. A strict one beside it would have to be followed by a
//! second for what Python takes and JSON does not (`NaN`, lone surrogates, nesting beyond 128),
//! and the two would have to agree on every number. This one is faster than `serde_json` into the
//! same tree (by a half on English chats, a tenth on token ids), and a law in `tests/it/source` holds
//! it to what `serde_json` says of strict JSON.
//!
//! [`Value`]: crate::model::value::Value

mod number;
mod parser;
mod string;
mod write;
mod wrong;

pub(crate) use parser::parse;
pub(crate) use write::{Layout, float, write};
pub(crate) use wrong::{What, Wrong, characters};
