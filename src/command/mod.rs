//! One file per subcommand, and what they share: [`prepare`] makes a run of the settings,
//! [`assemble`] makes a report of what was found.

pub mod assemble;
mod bar;
pub mod batches;
pub mod cache;
mod card;
pub mod check;
pub mod completions;
pub mod config;
mod content;
pub mod data;
pub mod described;
mod distinct;
pub mod encode;
pub mod explain;
pub mod filter;
pub mod fit;
pub mod fix;
mod foreign_tokenizer;
mod handles;
pub mod header;
mod holdout;
pub mod init;
pub mod inputs;
pub mod list;
mod masks;
pub mod merge;
pub mod model;
mod never_seen;
pub mod output;
pub mod prepare;
mod prepared;
pub mod rules;
pub mod run;
mod selected;
mod sets;
mod shards;
pub mod show;
mod splits;
mod swapped;
pub mod trainers;
mod unchanged;
mod unnamed;

use std::error::Error;
use std::process::ExitCode;

use crate::report::Verdict;
use crate::settings::cli::{Cli, Command, ConfigCommand};
use crate::settings::resolve::Environment;

/// What the process answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Go, or nothing was asked.
    Go,
    /// Findings at or above the level that fails.
    NoGo,
}

impl Outcome {
    /// The verdict's, unless nothing is to fail the run.
    fn of(verdict: &Verdict, fails: bool) -> Self {
        if verdict.go || !fails { Self::Go } else { Self::NoGo }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Go => Self::SUCCESS,
            Outcome::NoGo => Self::from(1),
        }
    }
}

/// Runs a command.
///
/// # Errors
///
/// If no answer can be given: a mistake in the call or the settings, a file that cannot be read, no
/// tokenizer where one is needed.
pub fn run(cli: &Cli, environment: &Environment) -> anyhow::Result<Outcome> {
    threads()?;
    match &cli.command {
        Command::Check(args) => check::run(args, environment),
        Command::Show(args) => show::run(args, environment),
        Command::Fit(args) => fit::run(args, environment),
        Command::Encode(args) => encode::run(args, environment),
        Command::Batches(args) => batches::run(args, environment),
        Command::Cache(command) => cache::run(command, environment),
        Command::Filter(args) => filter::run(args, environment),
        Command::Fix(args) => fix::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Config(ConfigCommand::Show(args)) => config::show(args, environment),
        Command::Config(ConfigCommand::Schema { .. }) => config::schema(),
        Command::Init(args) => init::run(args, environment),
        Command::Completions { shell } => completions::run(*shell),
    }
}

/// Starts the threads that all commands share: where the system refuses them later, that is a panic.
fn threads() -> anyhow::Result<()> {
    match rayon::ThreadPoolBuilder::new().build_global() {
        // Without a source they are there already.
        Err(error) if error.source().is_some() => Err(no_threads(&error)),
        _ => Ok(()),
    }
}

/// What to do where threads cannot be started.
fn no_threads(error: &rayon::ThreadPoolBuildError) -> anyhow::Error {
    anyhow::anyhow!(
        "the system starts no more threads: raise its limit (`ulimit -u`), or set RAYON_NUM_THREADS lower: {error}"
    )
}
