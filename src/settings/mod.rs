//! What was asked for: flags, environment, files, and the origin of every value.
//!
//! [`cli`] holds what was typed, [`mod@file`] what stands in gonogo.toml; [`resolve`] makes of them one
//! [`Settings`], in which the strongest has won and said where it came from.

pub mod cli;
pub mod config;
pub mod environment;
pub mod file;
pub mod resolve;
pub mod threshold;

pub use crate::rule::nearest;
pub use resolve::Settings;

/// A mistake of the user's, to be shown as it is, with exit code 2.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct UsageError(pub String);
