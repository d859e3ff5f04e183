//! Examples to what the trainer is fed: templates, tokens, where each token came from, what is cut.
//!
//! The pieces every trainer is made of stand here; which of them a trainer chooses, and in what
//! order, stands in `trainer`.

mod chat;
pub mod fit;
pub mod frame;
pub mod kept;
pub mod kit;
pub mod locate;
pub mod pack;
pub mod probe;
pub mod template;
pub mod tokenizer;
