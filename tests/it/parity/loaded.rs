//! Rows as datasets loads them.

use gonogo::loader::{Datasets, Extent, LoadError, Loader, Look, Schema};
use gonogo::model::encoded::{EncodeError, EncodeErrorKind};
use gonogo::model::record::Record;

use super::case::Case;

/// The schema of a case's rows, by the loader it was recorded with.
///
/// # Errors
///
/// What loading raises, and what is not known of it.
pub(crate) fn schema(case: &Case, records: &[Record<'_>]) -> Result<Schema, EncodeError> {
    let loader = if case.config["loader"] == "from_list" {
        Loader::FromList
    } else if case.is_legacy() {
        Loader::Json(Datasets::V3_6_0)
    } else {
        Loader::Json(Datasets::V5_2_0)
    };
    let mut look = Look::default();
    for record in records {
        look.add(record, Extent::JSON_LINES);
    }
    Schema::of(&look, loader).map_err(|error| match error {
        LoadError::Raises { class, message, .. } => EncodeError {
            class: class.to_owned(),
            message,
            kind: EncodeErrorKind::Trainer,
        },
        LoadError::Unknown { reason, .. } => EncodeError {
            class: String::new(),
            message: reason,
            kind: EncodeErrorKind::Unsupported,
        },
    })
}

/// The names of its columns.
pub(crate) fn columns(schema: &Schema) -> impl Iterator<Item = String> {
    schema.columns().iter().map(|(name, _)| name.to_string())
}
