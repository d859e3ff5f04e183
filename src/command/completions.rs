//! `gonogo completions SHELL`.

use std::io::Write;

use clap::CommandFactory;

use crate::settings::cli::Cli;

use super::Outcome;

pub fn run(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gonogo", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Outcome::Go)
}
