//! `gonogo`: the check that runs before a training job.

pub mod finding;
pub mod model;
pub mod place;
pub mod rule;
pub mod rules;
pub mod shape;
pub mod sketch;
pub mod source;
