//! What Python would raise.

use crate::model::encoded::{EncodeError, EncodeErrorKind};

/// An error of LLaMA-Factory, or of Python inside it.
pub(super) fn raise(class: &str, message: impl Into<String>) -> EncodeError {
    EncodeError {
        class: class.to_owned(),
        message: message.into(),
        kind: EncodeErrorKind::Trainer,
    }
}

pub(super) fn type_error(message: impl Into<String>) -> EncodeError {
    raise("TypeError", message)
}

/// What is not reproduced here.
pub(super) fn unsupported(what: impl Into<String>) -> EncodeError {
    EncodeError {
        class: "Unsupported".to_owned(),
        message: what.into(),
        kind: EncodeErrorKind::Unsupported,
    }
}
