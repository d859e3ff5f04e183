//! `gonogo`: the check that runs before a training job.

pub mod cache;
pub mod command;
pub mod dump;
pub mod encode;
pub mod finding;
pub mod fit;
pub mod guard;
pub mod holdout;
mod json;
pub mod loader;
pub mod measure;
pub mod model;
pub mod place;
pub mod plan;
pub mod report;
pub mod rewrite;
pub mod rule;
pub mod rules;
pub mod scan;
mod search;
pub mod settings;
pub mod shape;
pub mod sketch;
pub mod source;
pub mod text;
pub mod trainer;
