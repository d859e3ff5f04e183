//! What a trainer raises, and what is not reproduced.

use crate::model::encoded::{EncodeError, EncodeErrorKind};

/// What is said of a padding token that no id goes with, or of none.
pub(super) fn not_in_vocabulary(pad: Option<&str>) -> String {
    match pad {
        Some(pad) => format!("the pad token `{pad}` is not in the vocabulary"),
        None => "there is no pad token, and no EOS to pad with".to_owned(),
    }
}

/// The run would stop with this exception.
pub(super) fn raises(class: &str, message: impl Into<String>) -> EncodeError {
    EncodeError {
        class: class.into(),
        message: message.into(),
        kind: EncodeErrorKind::Trainer,
    }
}

/// Python's exception for a missing key.
pub(super) fn key_error(key: &str) -> EncodeError {
    raises("KeyError", format!("'{key}'"))
}

/// The trainer does it, and it is not reproduced here.
pub(super) fn unsupported(message: impl Into<String>) -> EncodeError {
    EncodeError {
        class: "Unsupported".into(),
        message: message.into(),
        kind: EncodeErrorKind::Unsupported,
    }
}
