//! Texts as they are compared: in normal form, and as words.

mod normal;
mod shingles;
mod words;

pub use normal::Forms;
pub use shingles::{gram, rolling, shingles};
pub use words::{Word, Words, hashes_of, words_of};
