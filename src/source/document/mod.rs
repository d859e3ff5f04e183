//! JSON that is not cut into rows by lines: one array, an object around an array, or objects over
//! several lines.
//!
//! What a row is can only be told by walking brackets and quotes from the start, which the reader
//! does without parsing; the rows it cuts out are parsed by the workers.

mod batch;
mod brackets;
mod reader;
mod resume;
mod survey;

pub(super) use brackets::Brackets;
pub(super) use reader::Documents;
pub(super) use survey::{Survey, survey};
