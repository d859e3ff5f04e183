//! Texts as they are compared: in normal form, and as words.

mod normal;
mod words;

pub use normal::normalise;
pub use words::{Word, Words, hashes_of, words_of};
