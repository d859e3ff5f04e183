//! `gonogo check`: the verdict.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::Never;
use crate::model::setup::Spill;
use crate::report::style::{bytes, plural};
use crate::scan::{Gathered, Progress, Scan, partial};
use crate::settings::UsageError;
use crate::settings::cli::CheckArgs;
use crate::settings::resolve::{Environment, Typed, resolve};

use super::assemble::Header;
use super::cache::Again;
use super::distinct::distinct;
use super::prepare::prepare;
use super::{Outcome, assemble, cache, list, output};

/// A bar for less than this would only flicker.
const PATIENCE: Duration = Duration::from_millis(300);

pub fn run(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let began = Instant::now();
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
    let shard = args
        .run
        .shard
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(UsageError)?;
    if args.run.sample == Some(0) {
        return Err(UsageError("--sample is 0, and of no row there is no verdict".to_owned()).into());
    }
    let mut prepared = prepare(settings, environment, shard)?;
    let outputs = [&args.run.partial, &args.run.never_seen].into_iter().flatten();
    distinct(
        args.out.files().chain(outputs.map(|path| &**path)),
        prepared.read(&args.data.data),
    )?;
    // A part has no verdict that could say what is not made.
    if args.run.partial.is_some() {
        prepared = prepared.made()?;
    }
    prepared.header.sample = args.run.sample;
    prepared.header.setup.spill = args.run.tmp_dir.as_deref().map(spill).transpose()?;
    if prepared.strict && !prepared.header.not_checked.is_empty() {
        let lacking = &prepared.header.not_checked[0];
        return Err(UsageError(format!(
            "{} cannot be checked: {}",
            lacking.rules.join(", "),
            lacking.reason
        ))
        .into());
    }
    let progress = Progress::default();
    let quiet = args.out.quiet || args.out.no_progress;
    let readers = std::mem::take(&mut prepared.readers);
    let scan = Scan {
        setup: &prepared.header.setup,
        layouts: &prepared.layouts,
        encoder: prepared.encoder.as_deref(),
        holdout: prepared.holdout.as_ref(),
        progress: &progress,
        workers: args.run.jobs.unwrap_or_else(workers),
        limit: args.run.sample,
    };
    let size = prepared.header.sources.iter().map(|source| source.bytes).sum();
    // What is looked at in part, beside other data, or for more than the report, is not kept.
    let whole = args.run.sample.is_none() && args.run.partial.is_none() && args.run.tmp_dir.is_none();
    let plain = args.out.list.is_none();
    let verifies = prepared.kit.as_deref().is_some_and(|kit| kit.verified().is_some());
    let cache = cache::wanted(&args.run.cache, environment).filter(|_| whole && plain && !verifies);
    let gathered = cache::gathered(cache.as_ref(), &prepared, |rules| {
        with_bar(&progress, size, quiet, || {
            let options = &prepared.header.options;
            scan.run_with(readers, &|| match &args.out.list {
                Some(_) => Gathered::of_every(rules, options),
                None => Gathered::new(rules, options),
            })
        })
    });
    let (gathered, again) = gathered.map_err(|(rule, error)| UsageError(format!("options of rule {rule}: {error}")))?;
    if let Some(path) = &args.run.partial {
        let header = serde_json::to_string(&prepared.header)?;
        partial::save(path, &header, shard, &gathered)?;
        return Ok(Outcome::Go);
    }
    let verified = prepared.kit.as_deref().and_then(|kit| Some((kit, kit.verified()?)));
    let mut differing = None;
    if let Some((kit, (texts, otherwise))) = verified {
        prepared.header.notes.push(match kit.tokenizer().slow_because() {
            None if otherwise > 0 => {
                let said = format!(
                    "the tokenizer engines differ on {otherwise} of {}: a fault of this program, please report it",
                    plural(texts + otherwise, "text")
                );
                differing = Some(said.clone());
                said
            }
            None => format!(
                "verified: both tokenizer engines encode {} alike",
                plural(texts, "text")
            ),
            Some(reason) => format!("nothing to verify: the reference engine alone encodes this tokenizer ({reason})"),
        });
    }
    let mut unlisted = None;
    if let Some(path) = &args.run.never_seen {
        let note = match never_seen(path, &gathered, &prepared.header)? {
            Ok(listed) => listed,
            Err(why) => {
                let note = format!("which rows are never seen cannot be told, so none are listed: {why}");
                unlisted = Some(note.clone());
                note
            }
        };
        prepared.header.notes.push(note);
    }
    let described = prepared.header.setup.config.is_some();
    let finish = || gathered.finish(&prepared.header.setup);
    let finished = match args.run.jobs {
        Some(jobs) => rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build()?
            .install(finish),
        None => finish(),
    };
    if let Some((rule, failure)) = finished.failure() {
        anyhow::bail!("{rule}: {failure}");
    }
    if let Some(path) = &args.out.list {
        list::write(path, &finished, &prepared.header.sources)?;
    }
    let report = assemble::report(prepared.header, finished);
    // A run that does not take place is the answer, and more than the trainer that was asked for; what a trainer does that
    // is not reproduced nobody knows, and without it nothing is GO.
    let unmade = prepared.unmade.filter(|unmade| report.verdict.go || !unmade.raises);
    if let Some(unmade) = unmade.as_ref().filter(|_| report.verdict.go) {
        return Err(UsageError(unmade.why.clone()).into());
    }
    output::write(&report, &args.out)?;
    if !args.out.quiet {
        tell(report.verdict.rows, size, began.elapsed(), again);
    }
    if described && report.verdict.rows == 0 && report.verdict.errors == 0 {
        return Err(UsageError("no row was looked at: none of the data the config names is here".to_owned()).into());
    }
    // A run that does not take place is more than the list that was asked for.
    let unknown = unlisted.or(differing).filter(|_| report.verdict.go);
    match unmade.map(|unmade| unmade.why).or(unknown) {
        Some(why) => Err(UsageError(why).into()),
        _ if report.verdict.go => Ok(Outcome::Go),
        _ => Ok(Outcome::NoGo),
    }
}

/// Writes the rows the planned run never sees, and says how many; or why they are not known.
fn never_seen(path: &Path, gathered: &Gathered, header: &Header) -> anyhow::Result<Result<String, String>> {
    if !header.setup.planned() {
        return Err(UsageError("--never-seen needs a plan: --max-steps or --epochs".to_owned()).into());
    }
    let rows = gathered.measures.never_seen(&header.setup);
    let rows = match rows {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    let mut lines = Vec::new();
    for (source, row, why) in &rows {
        let name = header
            .sources
            .get(*source as usize)
            .map_or("", |source| source.name.as_str());
        let why = match why {
            Never::LeftOut => "left out",
            Never::HeldOut => "held out",
            Never::NotDrawn => "not drawn",
        };
        let line = serde_json::json!({"source": name, "row": row, "why": why});
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    output::save(path, &lines).map_err(|error| UsageError(format!("cannot write {}: {error}", path.display())))?;
    let listed = format!("{} never seen in {}", plural(rows.len() as u64, "row"), path.display());
    Ok(Ok(listed))
}

/// Bytes that one worker's state of one rule keeps in memory where there is a folder for the rest.
const IN_MEMORY: usize = 32 << 20;

/// The folder for what outgrows memory, tried before it is needed.
pub fn spill(folder: &Path) -> anyhow::Result<Spill> {
    tempfile::tempfile_in(folder).map_err(|error| UsageError(format!("--tmp-dir {}: {error}", folder.display())))?;
    Ok(Spill {
        folder: folder.to_owned(),
        most: IN_MEMORY,
    })
}

pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How long it took, for whoever watches; never in the report, which is the same for the same data.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate to three digits"
)]
fn tell(rows: u64, size: u64, took: Duration, again: Again) {
    use std::io::Write;
    let rate = bytes((size as f64 / took.as_secs_f64().max(1e-6)) as u64);
    let again = match again {
        Again::Nothing => String::new(),
        Again::Tokens(0) => ", with the tokens of an earlier run".to_owned(),
        Again::Tokens(missed) => format!(", with the tokens of an earlier run but for {}", plural(missed, "text")),
        Again::Everything => ", kept from an earlier run".to_owned(),
    };
    let seconds = took.as_secs_f64();
    let line = format!("{} in {seconds:.1} s ({rate}/s){again}", plural(rows, "row"));
    // Nothing is lost where standard error is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Runs with a bar on the terminal that follows the bytes read.
pub(super) fn with_bar<T: Send>(progress: &Progress, size: u64, quiet: bool, run: impl FnOnce() -> T + Send) -> T {
    if quiet {
        return run();
    }
    let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(" {bar:30} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}");
    bar.set_style(style.expect("the template is sound"));
    std::thread::scope(|scope| {
        let (done, finished) = std::sync::mpsc::channel::<()>();
        scope.spawn(|| {
            let finished = finished;
            let mut wait = PATIENCE;
            while finished.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(progress.bytes.load(Ordering::Relaxed));
                wait = Duration::from_millis(100);
            }
            bar.finish_and_clear();
        });
        let result = run();
        drop(done);
        result
    })
}
