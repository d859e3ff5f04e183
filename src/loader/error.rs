//! Why the rows cannot be loaded.

use crate::place::Place;

/// The rows give no data set, or none that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Python raises.
    #[error("{class}: {message}")]
    Raises {
        /// The class of what reaches the user, such as `DatasetGenerationError`.
        class: &'static str,
        /// The class of what is behind it, such as `ArrowInvalid`; the same where nothing is.
        cause: &'static str,
        /// What the cause says, without the number of the row, which Arrow counts from its own blocks.
        message: String,
        /// Where in the row, as Arrow writes it: `/messages/[]/content`; empty for the row itself.
        path: String,
        /// The first row to blame, where one is.
        place: Option<Place>,
    },
    /// Something so odd that what comes out is not known here.
    #[error("not known what the loader makes of this: {reason}")]
    Unknown {
        reason: String,
        path: String,
        place: Option<Place>,
    },
}

impl LoadError {
    /// Raised while a file is turned into tables.
    pub(super) fn generation(cause: &'static str, message: String, path: &str, place: Option<Place>) -> Self {
        Self::Raises {
            class: "DatasetGenerationError",
            cause,
            message,
            path: path.to_owned(),
            place,
        }
    }

    /// Raised at the user as it is.
    pub(super) fn plain(class: &'static str, message: String, path: &str, place: Option<Place>) -> Self {
        Self::Raises {
            class,
            cause: class,
            message,
            path: path.to_owned(),
            place,
        }
    }

    pub(super) fn unknown(reason: &str, path: &str, place: Option<Place>) -> Self {
        Self::Unknown {
            reason: reason.to_owned(),
            path: path.to_owned(),
            place,
        }
    }

    /// The first row to blame, where one is.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Raises { place, .. } | Self::Unknown { place, .. } => *place,
        }
    }
}
