//! `gonogo check`: the verdict.

use std::time::{Duration, Instant};

use crate::encode::kit::Kit;
use crate::model::setup::Setup;
use crate::report::Verdict;
use crate::report::style::{bytes, counted};
use crate::scan::{Finished, Gathered, Progress, partial};
use crate::settings::UsageError;
use crate::settings::cli::CheckArgs;
use crate::settings::resolve::{Environment, Typed, resolve};

use super::bar::with_bar;
use super::cache::Again;
use super::distinct::distinct;
use super::masks::Unmade;
use super::prepare::{Prepared, prepare};
use super::{Outcome, assemble, cache, content, list, never_seen, no_threads, output};

/// What was asked besides the verdict, in words: the answer, or why there is none, and then nothing is GO.
pub(super) type Aside = Result<String, String>;

pub fn run(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let mut prepared = ready(args, environment)?;
    let (gathered, again) = gather(&mut prepared, args, environment)?;
    prepared.marks.hold()?;
    if let Some(path) = &args.run.partial {
        prepared.header.content = content::of(&prepared)?;
        let header = serde_json::to_string(&prepared.header)?;
        partial::save(path, &header, prepared.shard, &gathered)?;
        return Ok(Outcome::Go);
    }
    let unanswered = asides(&mut prepared, args, &gathered)?;
    let finished = finish(gathered, &prepared.header.setup, args.run.jobs)?;
    if let Some(path) = &args.out.list {
        list::write(path, &finished, &prepared.header.sources)?;
    }
    let (size, described) = (prepared.size(), prepared.header.setup.config.is_some());
    let fails = prepared.header.fail_on.is_some();
    let report = assemble::report(prepared.header, finished);
    let unmade = prepared.unmade.filter(|unmade| unmade.flagged);
    // What a trainer does that is not reproduced nobody knows, and without it nothing is GO.
    if let Some(unmade) = unmade.as_ref().filter(|_| report.verdict.go) {
        let else_ = "leave --trainer out to check the data with the mask that is meant";
        return Err(UsageError(format!("{}; {else_}", unmade.why)).into());
    }
    output::write(&report, &args.out)?;
    if !args.out.quiet {
        tell(report.verdict.rows, size, began.elapsed(), again);
    }
    if report.verdict.is_none() {
        let why = if described {
            "none of the data the config names is here"
        } else {
            "there is no verdict"
        };
        return Err(UsageError(format!("no row was looked at: {why}")).into());
    }
    if prepared.strict
        && let Some(unread) = report.not_checked.iter().find(|lacking| lacking.is_of_rows())
    {
        return Err(UsageError(unread.to_string()).into());
    }
    outcome(&report.verdict, fails, unmade, unanswered)
}

/// The run that is asked for, with everything refused that can be before the first row is read.
fn ready(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Prepared> {
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
    let shard = args.run.shard.as_deref().map(str::parse).transpose();
    let shard = shard.map_err(UsageError)?;
    if args.run.sample == Some(0) {
        return Err(UsageError("--sample is 0, and of no row there is no verdict".to_owned()).into());
    }
    let mut prepared = prepare(settings, environment, shard)?;
    let outputs = [&args.run.partial, &args.run.never_seen].into_iter().flatten();
    distinct(
        args.out.files()?.chain(outputs.map(|path| &**path)),
        prepared.read(&args.data.data),
    )?;
    // A part has no verdict that could say what is not made.
    if args.run.partial.is_some() {
        prepared = prepared.made_as_flagged()?;
    }
    prepared.header.sample = args.run.sample;
    prepared.spill_to(args.run.tmp_dir.as_deref())?;
    if prepared.strict {
        prepared.header.all_checked()?;
    }
    Ok(prepared)
}

/// What rules and measures gather of the rows, from the cache where an earlier run has kept it.
fn gather(prepared: &mut Prepared, args: &CheckArgs, environment: &Environment) -> anyhow::Result<(Gathered, Again)> {
    // What is looked at in part, beside other data, or for more than the report, is not kept.
    let whole = args.run.sample.is_none() && args.run.partial.is_none() && args.run.tmp_dir.is_none();
    let plain = args.out.list.is_none();
    let verifies = prepared.kit.as_deref().is_some_and(|kit| kit.verified().is_some());
    let cache = cache::wanted(&args.run.cache, environment).filter(|_| whole && plain && !verifies);
    let readers = std::mem::take(&mut prepared.readers);
    let prepared = &*prepared;
    let progress = Progress::default();
    let scan = prepared.scan(&progress, args.run.jobs);
    let quiet = args.out.quiet || args.out.no_progress;
    let (size, options) = (prepared.size(), &prepared.header.options);
    let gathered = cache::gathered(cache.as_ref(), prepared, |rules| {
        with_bar(&progress, size, quiet, || {
            scan.run_with(readers, &|| match &args.out.list {
                Some(_) => Gathered::of_every(rules, options),
                None => Gathered::new(rules, options),
            })
        })
    });
    Ok(gathered.map_err(|(rule, error)| UsageError(format!("options of rule {rule}: {error}")))?)
}

/// Answers what was asked besides the verdict, into the notes of the report; why there is no GO, where something has no
/// answer.
fn asides(prepared: &mut Prepared, args: &CheckArgs, gathered: &Gathered) -> anyhow::Result<Option<String>> {
    let verified = prepared.kit.as_deref().and_then(verified);
    let listed = match &args.run.never_seen {
        Some(path) => Some(never_seen::list(path, gathered, &prepared.header)?),
        None => None,
    };
    let mut unanswered = None;
    for aside in [verified, listed].into_iter().flatten() {
        let (Ok(note) | Err(note)) = &aside;
        prepared.header.notes.push(note.clone());
        // Of two the list is what is told: it was to be written.
        unanswered = aside.err().or(unanswered);
    }
    Ok(unanswered)
}

/// What `--verify-tokenizer` found.
fn verified(kit: &Kit) -> Option<Aside> {
    let (texts, otherwise) = kit.verified()?;
    Some(match kit.tokenizer().slow_because() {
        None if otherwise > 0 => Err(format!(
            "the tokenizer engines differ on {otherwise} of {}: a fault of this program, please report it",
            counted(texts + otherwise, "text")
        )),
        None => Ok(format!(
            "verified: both tokenizer engines encode {} alike",
            counted(texts, "text")
        )),
        Some(reason) => Ok(format!(
            "nothing to verify: the reference engine alone encodes this tokenizer ({reason})"
        )),
    })
}

/// Asks rules and measures what they make of all rows, on as many cores as the scan had.
fn finish(gathered: Gathered, setup: &Setup, jobs: Option<usize>) -> anyhow::Result<Finished> {
    let finish = || gathered.finish(setup);
    let finished = match jobs {
        Some(jobs) => rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build()
            .map_err(|error| no_threads(&error))?
            .install(finish),
        None => finish(),
    };
    match finished.failure() {
        Some((rule, failure)) => anyhow::bail!("{rule}: {failure}"),
        None => Ok(finished),
    }
}

/// The exit code of a report that is out: its verdict, unless something that was asked for has no answer.
fn outcome(
    verdict: &Verdict,
    fails: bool,
    unmade: Option<Unmade>,
    unanswered: Option<String>,
) -> anyhow::Result<Outcome> {
    let why = if verdict.go {
        unanswered
    } else {
        // A run that does not take place is the answer, and more than the trainer or the list that was asked for.
        unmade.filter(|unmade| !unmade.raises).map(|unmade| unmade.why)
    };
    match why {
        Some(why) => Err(UsageError(why).into()),
        None => Ok(Outcome::of(verdict, fails)),
    }
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
        Again::Tokens(missed) => format!(
            ", with the tokens of an earlier run but for {}",
            counted(missed, "text")
        ),
        Again::Everything => ", kept from an earlier run".to_owned(),
    };
    let seconds = took.as_secs_f64();
    let line = format!("{} in {seconds:.1} s ({rate}/s){again}", counted(rows, "row"));
    // Nothing is lost where standard error is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}
