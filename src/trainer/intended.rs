//! The mask people mean when no trainer is named.
