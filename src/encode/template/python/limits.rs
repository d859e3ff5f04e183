//! How much a render may make, besides the steps the engine counts.

use minijinja::{Error, State, Value};

use crate::encode::template::error::{ErrorKind, TemplateError};

/// Bytes a render may build in values, all in all, and again in its text. Rows are far smaller.
pub(in crate::encode::template) const BYTES: usize = 1 << 28;

/// Instructions of the engine a render may take. Templates take some tens per message.
pub(in crate::encode::template) const STEPS: u64 = 20_000_000;

/// Smaller values are not worth counting: the steps bound them.
const SMALL: usize = 4096;

/// Levels of nesting a value may have.
pub(in crate::encode::template) const DEPTH: usize = 200;

/// Bytes built so far.
#[derive(Default)]
struct Built(usize);

/// Counts `bytes` about to be built.
pub(in crate::encode::template) fn charge(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    if bytes <= SMALL {
        return Ok(());
    }
    let built = state.get_or_insert_extension_with(Built::default);
    built.0 = built.0.saturating_add(bytes);
    if built.0 > BYTES { Err(exceeded()) } else { Ok(()) }
}

/// Counts a list about to be built.
pub(in crate::encode::template) fn charge_items(state: &mut State<'_, '_>, items: usize) -> Result<(), Error> {
    charge(state, items.saturating_mul(size_of::<Value>()))
}

pub(in crate::encode::template) fn exceeded() -> Error {
    TemplateError {
        kind: ErrorKind::OutOfFuel,
        message: format!("it built more than {BYTES} bytes"),
        line: None,
    }
    .into()
}
