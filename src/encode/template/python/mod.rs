//! What Python does with a value: operators, `str()` and `repr()`, methods, filters and tests.
//!
//! Read off CPython 3.11 and Jinja2 3.1.6; `tests/it/templates.rs` compares with what they gave.

pub(super) mod args;
pub(super) mod containers;
pub(super) mod filters;
pub(super) mod float;
pub(super) mod functions;
pub(super) mod json;
pub(super) mod kind;
pub(super) mod limits;
pub(super) mod methods;
pub(super) mod missed;
pub(super) mod number;
pub(super) mod operators;
pub(super) mod printf;
pub(super) mod repr;
pub(super) mod spec;
pub(super) mod strformat;
pub(super) mod strings;
pub(super) mod subscript;
pub(super) mod tests;
pub(super) mod text;
