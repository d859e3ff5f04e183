//! All tests of the crate from outside, in one program: linking the whole tool once for each of thirty files
//! is most of what a test run would wait for.
//!
//! `cargo test --test it rules::` runs those of one module.

mod batches;
mod cli;
mod configs;
mod divided;
mod encode;
mod environment;
mod failures;
mod fit;
mod formats;
mod hostile;
mod laws;
mod layers;
mod leaks;
mod loaded_sets;
mod loader;
mod mix;
mod models;
mod odd_ones;
mod odd_texts;
mod odd_values;
mod parity;
mod plan;
mod planned_runs;
mod pre_commit;
mod recorded;
mod regressions;
mod rewriting;
mod rules;
mod run;
mod scanned;
mod show;
mod single_defects;
mod source;
mod states;
mod templates;
mod tokenizers;
mod trainers;
mod unharmed;
mod whole_runs;
