//! `gonogo`: the check that runs before a training job.
//!
//! The way of a row: **source** reads it (a [`Record`](model::record::Record)), **shape** says what it means (an
//! [`Example`](model::example::Example)), **trainer** makes of it what the trainer is fed (an
//! [`Encoded`](model::encoded::Encoded)), and **rules** and **measure** look at all three. **scan** takes every row along
//! that way, on all cores; **command** asks for it, and **report** says what was found.
//!
//! The rooms, from the floor up. One may use those above it, never those below (`tests/it/layers.rs` has the
//! exact table):
//!
//! | room | what it owns |
//! |---|---|
//! | [`place`] | where in the data something stands |
//! | `whole` | files that are there whole or not at all |
//! | [`cache`] | what a run keeps for the next, by what it follows from; the keys are made in `command/cache` |
//! | [`guard`] | that foreign code may panic without taking the program along |
//! | [`text`] | texts as they are compared: normal forms, words, scripts, languages |
//! | [`model`] | what a row is at every step, and the facts of a run: setup, config, budget |
//! | `search` | whether a text stands in another |
//! | `json` | JSON as Python's `json` reads it, bytes kept |
//! | [`sketch`] | mergeable state: counts, histograms, sets, duplicates; merged in any order it is the same |
//! | [`finding`] | what a rule found, and the bounded list of it |
//! | [`holdout`] | held-out rows and benchmarks, and what training rows give away of them |
//! | [`rule`] | what a rule is: its row, its options, its place in a scan |
//! | [`source`] | files to records: every format and compression, in parts and in parallel |
//! | [`dump`] | batches of a real DataLoader, as records |
//! | [`loader`] | what `datasets` makes of a file before a trainer sees it |
//! | [`shape`] | records to examples |
//! | [`encode`] | tokenizers, chat templates, truncation and packing |
//! | [`plan`] | steps, coverage, warmup and schedules of a planned run |
//! | [`trainer`] | what each trainer chooses: texts, masks, cuts, collation; a folder for each |
//! | [`rules`] | every rule, a file each, and their `parts`; how to add one is said there |
//! | [`measure`] | the numbers of a report: lengths, masks, mix, padding, passages |
//! | [`fit`] | which `max_length` and batch the data call for |
//! | [`scan`] | every row through all of this, by workers whose results merge; parts on disk |
//! | [`rewrite`] | files written anew without some rows, or repaired |
//! | [`report`] | a report as terminal, concise, JSON, Markdown and GitHub text |
//! | [`settings`] | the command line, `gonogo.toml`, and the configs of trainers (`settings/config`) |
//! | [`command`] | a file or folder for each command; `assemble` decides the verdict, [`command::Outcome`] is the exit code |

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
mod whole;
