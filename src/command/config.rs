//! `gonogo config`: the settings in force, and the schema of the report.

use std::io::Write;

use serde_json::Value;

use crate::model::setup::Origin;
use crate::report::json;
use crate::report::style::visible;
use crate::settings::UsageError;
use crate::settings::cli::CheckArgs;
use crate::settings::config::{Run, Source};
use crate::settings::resolve::{Environment, Typed, resolve};

use super::trainers::Asked;
use super::{Outcome, described};

pub fn show(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let mut settings = resolve(
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
    if let Some(missing) = settings.data.iter().find(|path| !path.exists()) {
        return Err(UsageError(format!("{}: no such file or folder", missing.display())).into());
    }
    let asked = Asked::of(&settings, environment)?;
    let run = described::read(&mut settings, asked.as_ref(), environment)?;
    let mut out = anstream::stdout().lock();
    let line = |out: &mut dyn Write, name: &str, value: &str, origin: &str| {
        writeln!(out, "{name:<28} {:<32} {origin}", visible(value))
    };
    for (name, value, origin) in settings.lines() {
        line(&mut out, name, &value, &origin)?;
    }
    let Some(run) = run else { return Ok(Outcome::Go) };
    for (name, value, origin) in of_run(&run) {
        line(&mut out, &name, &value, &origin)?;
    }
    let facts = &run.facts;
    let method = if facts.method.is_empty() {
        String::new()
    } else {
        format!(", {}", facts.method)
    };
    writeln!(
        out,
        "\n{} is read as {} {}{method}",
        facts.path, facts.program, facts.version
    )?;
    for found in &facts.values {
        line(&mut out, &found.key, &shown(&found.value), &found.origin.to_string())?;
    }
    if !facts.faults.is_empty() {
        writeln!(out)?;
    }
    for fault in &facts.faults {
        writeln!(out, "{}: {}", fault.at, visible(&fault.message))?;
    }
    Ok(Outcome::Go)
}

/// Data, packing and schedule of a run, as name, value and origin.
pub(super) fn of_run(run: &Run) -> Vec<(String, String, String)> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: String, origin: &Origin| lines.push((name.to_owned(), value, origin.to_string()));
    for (name, sets) in [("data", &run.train), ("eval", &run.eval)] {
        for data in sets {
            let split = data.split.as_ref().map_or(String::new(), |split| format!(" [{split}]"));
            let place = match &data.source {
                Source::Local(files) => files.join(" "),
                Source::LocalOrHub { name, config, .. } => {
                    let config = config.as_ref().map_or(String::new(), |config| format!(" ({config})"));
                    format!("{name}{config}")
                }
                Source::Elsewhere(why) => format!("{}: {why}", data.name),
            };
            add(name, format!("{place}{split}"), &data.origin);
        }
    }
    if let Some(packing) = &run.packing {
        add("packing", packing.value.clone(), &packing.origin);
    }
    let regime = &run.regime;
    if let Some(rate) = &regime.learning_rate {
        add("learning-rate", format!("{:?}", rate.value), &rate.origin);
    }
    if let Some(scheduler) = &regime.scheduler {
        add("scheduler", scheduler.value.clone(), &scheduler.origin);
    }
    for (name, found) in [
        ("warmup-steps", &regime.warmup_steps),
        ("warmup-ratio", &regime.warmup_ratio),
        ("held-out", &regime.held_out),
    ] {
        if let Some(found) = found {
            add(name, found.value.to_string(), &found.origin);
        }
    }
    if let Some(seed) = &regime.seed {
        add("seed", seed.value.to_string(), &seed.origin);
    }
    lines
}

/// A text as it is, everything else as JSON.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}

pub fn schema() -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let schema = schemars::schema_for!(crate::report::Report);
    json::pretty(&schema, &mut out)?;
    writeln!(out)?;
    Ok(Outcome::Go)
}
