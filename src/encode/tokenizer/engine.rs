//! What can turn a text into tokens.

use super::tokens::{Detail, Tokens};

/// The library failed on a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tokenizer failed: {0}")]
pub struct EncodeError(pub String);

/// Turns texts into tokens. Shared by all workers; what changes while encoding is in [`Tokens`].
pub trait Engine: Send + Sync {
    /// Encodes a text. `add_special` lets the post-processor add its tokens (BOS, `[CLS]`).
    ///
    /// False where the engine is not proven exact on this text, which then goes to the reference;
    /// `out` holds nothing of use.
    fn encode(&self, text: &str, add_special: bool, detail: Detail, out: &mut Tokens) -> Result<bool, EncodeError>;
}
