//! `gonogo config`: the settings in force, and the schema of the report.

use std::io::Write;

use crate::settings::cli::CheckArgs;
use crate::settings::resolve::{Environment, Typed, resolve};

use super::Outcome;

pub fn show(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let settings = resolve(
        Typed {
            data: &args.data,
            model: &args.model,
            train: &args.train,
            rules: Some(&args.rules),
            fail: Some(&args.run.fail),
            files: &args.files,
            strict: args.run.strict,
        },
        environment,
    )?;
    let mut out = anstream::stdout().lock();
    for (name, value, origin) in settings.lines() {
        writeln!(out, "{name:<14} {value:<24} {origin}")?;
    }
    Ok(Outcome::Go)
}

pub fn schema() -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let schema = schemars::schema_for!(crate::report::Report);
    serde_json::to_writer_pretty(&mut out, &schema)?;
    writeln!(out)?;
    Ok(Outcome::Go)
}
