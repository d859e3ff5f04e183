//! Texts as they are compared: in normal form, as words, and by script and language.

mod chars;
mod ideograph;
mod language;
mod normal;
mod scripts;
mod shingles;
mod turns;
mod words;

pub use chars::char_shingles;
pub use ideograph::ideographs;
pub use language::{LANGUAGES, glance, has_words_of, language, leans_elsewhere, surely};
pub use normal::{Forms, ascii_run};
pub use scripts::{SCRIPTS, script};
pub use shingles::{gram, pieces, rolling, shingles};
pub use words::{Word, Words, hashes_of, words_of};
