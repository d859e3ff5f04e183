//! `gonogo cache`: where what was worked out before is kept, how much it is, and away with it.
//!
//! And what `fit` keeps there: the columns of rows, under everything they follow from.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cache::{Cache, Key, KeyOf};
use crate::measure::Rows;
use crate::report::style::{bytes, plural};
use crate::settings::UsageError;
use crate::settings::cli::{CacheArgs, CacheCommand};
use crate::settings::resolve::Environment;

use super::Outcome;
use super::prepare::Prepared;

/// Files of a model folder beyond this size are weights, which say nothing about tokens.
const LARGEST: u64 = 256 << 20;

pub fn run(command: &CacheCommand, environment: &Environment) -> anyhow::Result<Outcome> {
    let (CacheCommand::Dir { cache_dir } | CacheCommand::Clean { cache_dir } | CacheCommand::Stats { cache_dir }) =
        command;
    let cache = locate(cache_dir.as_deref(), environment).ok_or_else(|| {
        UsageError("there is no folder for a cache: set GONOGO_CACHE_DIR or give --cache-dir".to_owned())
    })?;
    let mut out = anstream::stdout().lock();
    let folder = cache.folder().display();
    match command {
        CacheCommand::Dir { .. } => writeln!(out, "{folder}")?,
        CacheCommand::Clean { .. } => {
            let removed = cache.clean()?;
            writeln!(
                out,
                "removed {}, {}, from {folder}",
                entries(removed.entries),
                bytes(removed.bytes)
            )?;
        }
        CacheCommand::Stats { .. } => {
            let stats = cache.stats()?;
            writeln!(out, "{}, {}, in {folder}", entries(stats.entries), bytes(stats.bytes))?;
        }
    }
    Ok(Outcome::Go)
}

fn entries(count: u64) -> String {
    if count == 1 {
        "1 entry".to_owned()
    } else {
        plural(count, "entrie")
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

/// The rows of a run, from the cache where they are in it, else from `scan` and then into it.
pub(super) fn rows(cache: Option<&Cache>, prepared: Prepared, scan: impl FnOnce(Prepared) -> Rows) -> Rows {
    let Some((cache, key)) = cache.and_then(|cache| Some((cache, key(&prepared)?))) else {
        return scan(prepared);
    };
    match cache.load(key) {
        Ok(Some(rows)) => return rows,
        Ok(None) => {}
        Err(unusable) => note(&format!("{unusable}; it is made anew")),
    }
    let rows = scan(prepared);
    if let Err(error) = cache.store(key, &rows) {
        note(&format!("nothing is kept in {}: {error}", cache.folder().display()));
    }
    rows
}

fn note(text: &str) {
    // Nothing is lost where standard error is closed.
    let _ = writeln!(anstream::stderr(), "note: {text}");
}

/// Everything the rows follow from; `None` where not all of it can be read.
fn key(prepared: &Prepared) -> Option<Key> {
    let mut key = KeyOf::default();
    key.text("rows").text(&program()?).text(&prepared.identity);
    for (input, layout) in prepared.inputs.iter().zip(&prepared.layouts) {
        let read = (input.format, input.compression, &input.field, &input.split);
        key.text(&format!("{read:?} {layout:?}"));
        key.file(&input.path).ok()?;
    }
    key.text(&format!("{:?} {:?}", prepared.header.setup.eval, prepared.limits));
    for path in tokenizer(prepared.kit.as_ref()?.path())? {
        key.text(&path.file_name()?.to_string_lossy());
        key.file(&path).ok()?;
    }
    Some(key.key())
}

/// This very build: two of the same version need not make the same tokens.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let about = path.metadata().ok()?;
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!(
        "{} {} {}",
        env!("CARGO_PKG_VERSION"),
        about.len(),
        changed.as_nanos()
    ))
}

/// The files of a model folder but for its weights, in order of name.
fn tokenizer(path: &Path) -> Option<Vec<PathBuf>> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let mut files: Vec<PathBuf> = std::fs::read_dir(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    })
    .ok()?
    .flatten()
    .map(|entry| entry.path())
    .filter(|path| {
        path.metadata()
            .is_ok_and(|about| about.is_file() && about.len() <= LARGEST)
    })
    .filter(|path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        matches!(ending, "json" | "jinja" | "model" | "txt" | "tiktoken")
    })
    .collect();
    files.sort();
    Some(files)
}
