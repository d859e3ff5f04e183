//! `gonogo cache`: where what was worked out before is kept, how much it is, and away with it.
//!
//! And what `fit` keeps there: the columns of rows, under everything they follow from.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cache::{Cache, Key, KeyOf};
use crate::measure::Rows;
use crate::model::run::Run;
use crate::model::setup::{Origin, Regime, Setting};
use crate::report::style::{bytes, plural};
use crate::scan::{Gathered, partial};
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

/// What a scan for these rules gathers, from the cache where it is in it, else from `scan` and then into it.
///
/// Kept is what stands before the run is planned, so a check with other batches, steps or schedule finds it.
pub(super) fn gathered<E>(
    cache: Option<&Cache>,
    prepared: &Prepared,
    scan: impl FnOnce() -> Result<Gathered, E>,
) -> Result<Gathered, E> {
    let key = cache.and_then(|cache| Some((cache, scan_key(prepared)?)));
    let Some((cache, key)) = key else { return scan() };
    let options = &prepared.header.options;
    let read = |bytes: Vec<u8>| -> Option<Gathered> {
        let part = partial::from_bytes(&bytes, "the cache").ok()?;
        let mut gathered = Gathered::new(&prepared.rules, options).ok()?;
        part.add_to(&mut gathered).ok()?;
        Some(gathered)
    };
    match cache.load::<Vec<u8>>(key) {
        Ok(kept) => {
            if let Some(gathered) = kept.and_then(read) {
                return Ok(gathered);
            }
        }
        Err(unusable) => note(&format!("{unusable}; it is made anew")),
    }
    let gathered = scan()?;
    let kept = partial::to_bytes("", None, &gathered).map_err(|error| error.to_string());
    let stored = kept.and_then(|bytes| cache.store(key, &bytes).map_err(|error| error.to_string()));
    if let Err(error) = stored {
        note(&format!("nothing is kept in {}: {error}", cache.folder().display()));
    }
    Ok(gathered)
}

/// Everything that rules and measures see of a row follows from; of the setup, all but what only the plan follows from.
fn scan_key(prepared: &Prepared) -> Option<Key> {
    fn plain<T>(value: T) -> Setting<T> {
        Setting {
            value,
            origin: Origin::Default,
        }
    }
    let mut key = begun(prepared)?;
    let mut setup = prepared.header.setup.clone();
    setup.batch_size = plain(0);
    setup.grad_accum = plain(0);
    setup.world_size = plain(0);
    setup.epochs = plain(0.0);
    setup.max_steps = None;
    setup.regime = Regime::default();
    setup.run = Run::default();
    if setup.trainer.is_none() {
        setup.packing = None;
    }
    key.text("scan").text(&serde_json::to_string(&setup).ok()?);
    for entry in &prepared.rules {
        key.text(entry.meta.name);
    }
    key.text(&serde_json::to_string(&prepared.header.options).ok()?);
    Some(key.key())
}

fn note(text: &str) {
    // Nothing is lost where standard error is closed.
    let _ = writeln!(anstream::stderr(), "note: {text}");
}

/// Everything the rows follow from; `None` where not all of it can be read.
fn key(prepared: &Prepared) -> Option<Key> {
    Some(begun(prepared)?.text("rows").key())
}

/// The program, the data and the tokenizer.
fn begun(prepared: &Prepared) -> Option<KeyOf> {
    let mut key = KeyOf::default();
    key.text(&program()?).text(&prepared.identity);
    for (input, layout) in prepared.inputs.iter().zip(&prepared.layouts) {
        let read = (input.format, input.compression, &input.field, &input.split, &input.rows);
        key.text(&format!("{read:?} {layout:?}"));
        key.file(&input.path).ok()?;
    }
    key.text(&format!("{:?} {:?}", prepared.header.setup.eval, prepared.limits));
    for path in tokenizer(prepared.kit.as_ref()?.path())? {
        key.text(&path.file_name()?.to_string_lossy());
        key.file(&path).ok()?;
    }
    Some(key)
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
