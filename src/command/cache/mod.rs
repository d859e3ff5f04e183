//! `gonogo cache`: where what was worked out before is kept, how much it is, and away with it.

mod gathered;
mod keys;
mod rows;
mod tokens;

use std::io::Write;
use std::path::Path;

use crate::cache::Cache;
use crate::report::style::{bytes, counted};
use crate::settings::UsageError;
use crate::settings::cli::{CacheArgs, CacheCommand};
use crate::settings::resolve::Environment;

use super::Outcome;

pub(super) use gathered::{Again, gathered};
pub(super) use keys::tokenizer;
pub(super) use rows::rows;

pub fn run(command: &CacheCommand, environment: &Environment) -> anyhow::Result<Outcome> {
    let (CacheCommand::Dir { cache_dir } | CacheCommand::Clean { cache_dir } | CacheCommand::Stats { cache_dir }) =
        command;
    let cache = locate(cache_dir.as_deref(), environment).ok_or_else(|| {
        UsageError("there is no folder for a cache: set GONOGO_CACHE_DIR or give --cache-dir".to_owned())
    })?;
    let mut out = anstream::stdout().lock();
    let folder = cache.folder().display();
    let unusable = |error: std::io::Error| UsageError(format!("{folder}: {error}"));
    match command {
        CacheCommand::Dir { .. } => writeln!(out, "{folder}")?,
        CacheCommand::Clean { .. } => {
            let removed = cache.clean().map_err(unusable)?;
            writeln!(
                out,
                "removed {}, {}, from {folder}",
                entries(removed.entries),
                bytes(removed.bytes)
            )?;
        }
        CacheCommand::Stats { .. } => {
            let stats = cache.stats().map_err(unusable)?;
            writeln!(out, "{}, {}, in {folder}", entries(stats.entries), bytes(stats.bytes))?;
        }
    }
    Ok(Outcome::Go)
}

fn entries(count: u64) -> String {
    if count == 1 {
        "1 entry".to_owned()
    } else {
        counted(count, "entrie")
    }
}

fn locate(given: Option<&Path>, environment: &Environment) -> Option<Cache> {
    Cache::locate(given, |name| environment.get(name).cloned())
}

/// The cache a command may use; none with `--no-cache`.
pub(super) fn wanted(args: &CacheArgs, environment: &Environment) -> Option<Cache> {
    if args.no_cache {
        return None;
    }
    locate(args.cache_dir.as_deref(), environment)
}

fn note(text: &str) {
    // Nothing is lost where standard error is closed.
    let _ = writeln!(anstream::stderr(), "note: {text}");
}
