//! What a row becomes on its way to the trainer: record, example, encoded.

pub mod attention;
pub mod batch;
pub mod budget;
pub mod config;
pub mod dumped;
pub mod encoded;
pub mod example;
pub mod record;
pub mod run;
pub mod setup;
pub mod stretch;
pub mod value;
pub mod version;
