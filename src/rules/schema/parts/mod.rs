//! What rules about shapes are made of: values as a loader has them, and the arguments of calls beside what is declared.

pub(super) mod arguments;
pub(super) mod dates;
pub(super) mod loaded;
pub(super) mod meant;
pub(super) mod properties;
pub(super) mod telling;
