//! `gonogo encode`: the sequences the trainer would be fed, as a file to train on.

mod jsonl;
mod parquet;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;

use crate::model::batch::Sequence;
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::model::record::{Record, Unreadable};
use crate::place::Place;
use crate::report::style::counted;
use crate::settings::UsageError;
use crate::settings::cli::EncodeArgs;
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::shape::Layout;
use crate::source::{Batch, Part, open};
use crate::trainer::packed::restarting;
use crate::trainer::{Encode, Fate, Pool};
use crate::whole::Output;

use super::Outcome;
use super::distinct::distinct;
use super::prepare::{Prepared, prepare};

/// Stretches of the data encoded at a time, so that those before them can be written in their order.
const AT_ONCE: usize = 32;

/// Where sequences go.
trait Sink {
    fn write(&mut self, sequences: &[Sequence]) -> anyhow::Result<()>;

    /// Ends the file.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

pub fn run(args: &EncodeArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    if !args.data.eval.is_empty() {
        let message = "encode writes one set: give the evaluation data as DATA in a call of its own";
        return Err(UsageError(message.to_owned()).into());
    }
    let typed = Typed::without_rules(&args.data, &args.model, &args.train, &args.files);
    let settings = resolve(typed, environment)?;
    let prepared = prepare(settings, environment, None)?.made()?.rendered()?;
    let Some(encoder) = prepared.encoder.as_deref() else {
        return Err(UsageError("encode needs a tokenizer: give one with -m".to_owned()).into());
    };
    let files = Some(&*args.output).filter(|path| path.as_os_str() != "-");
    distinct(files, prepared.read(&args.data.data))?;
    // Nothing is lost where standard error is closed.
    for note in &prepared.header.notes {
        let _ = writeln!(anstream::stderr(), "note: {note}");
    }
    let counts = to_file(&args.output, |sink| {
        let counts = feed(&prepared, encoder, sink)?;
        prepared.marks.hold()?;
        Ok(counts)
    })?;
    let sequences = counted(counts.sequences, "sequence");
    let rows = counted(counts.rows, "row");
    let dropped = match counts.dropped {
        0 => String::new(),
        dropped => format!(", {dropped} dropped by the trainer"),
    };
    // Nothing is lost where standard error is closed.
    let _ = writeln!(
        anstream::stderr(),
        "{}: {sequences} of {rows}{dropped}",
        args.output.display()
    );
    Ok(Outcome::Go)
}

/// Writes to a file that appears when it is whole; `-` is standard output.
fn to_file<T>(path: &Path, write: impl FnOnce(&mut dyn Sink) -> anyhow::Result<T>) -> anyhow::Result<T> {
    if path.as_os_str() == "-" {
        let mut sink: Box<dyn Sink> = Box::new(jsonl::Jsonl(io::stdout().lock()));
        let done = write(sink.as_mut())?;
        sink.finish()?;
        return Ok(done);
    }
    let wrong = |error: io::Error| UsageError(format!("cannot write {}: {error}", path.display()));
    let output = Output::new(path).map_err(wrong)?;
    let out = output.handle().map_err(wrong)?;
    let mut sink: Box<dyn Sink> = match path.extension().and_then(|ending| ending.to_str()) {
        Some("jsonl" | "ndjson" | "json") => Box::new(jsonl::Jsonl(BufWriter::new(out))),
        Some("parquet") => Box::new(parquet::Parquet::new(out)),
        _ => {
            let message = "the file's ending says what is written: .jsonl or .parquet";
            return Err(UsageError(format!("{}: {message}", path.display())).into());
        }
    };
    let done = write(sink.as_mut())?;
    sink.finish()?;
    output.put().map_err(wrong)?;
    Ok(done)
}

#[derive(Default)]
struct Counts {
    rows: u64,
    dropped: u64,
    sequences: u64,
    /// What became of all sequences.
    fates: Vec<Fate>,
}

/// What a stretch of rows became.
#[derive(Default)]
struct Done {
    sequences: Vec<Sequence>,
    fates: Vec<Fate>,
    rows: u64,
    dropped: u64,
    /// Where it ends, and why.
    failed: Option<(Place, String)>,
}

/// Encodes every row in order. A trainer that packs is given all of them before anything is written.
fn feed(prepared: &Prepared, encoder: &dyn Encode, sink: &mut dyn Sink) -> anyhow::Result<Counts> {
    let mut counts = Counts::default();
    let mut all = Vec::new();
    let layouts = &prepared.layouts;
    for (source, input) in (0u32..).zip(&prepared.inputs) {
        let mut reader = open(input, source, Part::Whole, &prepared.limits);
        let before = counts.rows;
        loop {
            let batches: Vec<Box<dyn Batch>> = std::iter::from_fn(|| reader.next()).take(AT_ONCE).collect();
            if batches.is_empty() {
                break;
            }
            let done: Vec<Done> = batches
                .into_par_iter()
                .map(|batch| stretch(layouts, encoder, before, batch.as_ref()))
                .collect();
            for mut done in done {
                if let Some((place, message)) = done.failed {
                    anyhow::bail!("{}: {message}", spot(&input.name, &place));
                }
                counts.rows += done.rows;
                counts.dropped += done.dropped;
                counts.fates.append(&mut done.fates);
                if encoder.packs() {
                    all.append(&mut done.sequences);
                } else {
                    counts.sequences += done.sequences.len() as u64;
                    sink.write(&done.sequences)?;
                }
            }
        }
    }
    let raised = |error: EncodeError| anyhow::anyhow!("{}: {}", error.class, error.message);
    encoder.check_set(&counts.fates, counts.rows).map_err(raised)?;
    if encoder.packs() {
        let arranged = encoder.pack(all).map_err(raised)?;
        counts.sequences = arranged.len() as u64;
        sink.write(&with_positions(arranged))?;
    }
    Ok(counts)
}

/// Gives packed rows their positions, which trainers with a collator of their own leave to that.
fn with_positions(mut sequences: Vec<Sequence>) -> Vec<Sequence> {
    for sequence in &mut sequences {
        if sequence.position_ids.is_none() && !sequence.seq_lengths.is_empty() {
            sequence.position_ids = Some(restarting(&sequence.seq_lengths));
        }
    }
    sequences
}

fn spot(name: &str, place: &Place) -> String {
    match place.line {
        0 => format!("{name} row {}", place.row),
        line => format!("{name}:{line}"),
    }
}

/// Encodes some rows; `before` rows stand in the files before theirs.
fn stretch(layouts: &[Option<Layout>], encoder: &dyn Encode, before: u64, batch: &dyn Batch) -> Done {
    let mut done = Done::default();
    let mut pool = Pool::default();
    batch.rows(&mut |read| {
        if done.failed.is_some() {
            return;
        }
        let place = read
            .as_ref()
            .map_or_else(|unreadable| unreadable.place, |record| record.place);
        match row(layouts, encoder, read, &mut pool) {
            Ok(()) => {
                done.rows += 1;
                for encoded in pool.sequences_mut() {
                    let (ids, labels) = (encoded.len(), encoded.labels.len());
                    // Of rows tokenised before.
                    if encoder.packs() && ids != labels {
                        let message = format!("a row of {ids} ids and {labels} labels cannot be packed");
                        done.failed = Some((place, message));
                        return;
                    }
                    if encoded.input_ids.iter().any(|id| i32::try_from(*id).is_err()) {
                        done.failed = Some((place, "an id below 0, or from 2^31 on, is no token's".to_owned()));
                        return;
                    }
                    done.fates.push(Fate {
                        row: before + place.row,
                        tokens: ids,
                        dropped: encoded.dropped.is_some(),
                    });
                    if encoded.dropped.is_some() {
                        done.dropped += 1;
                    } else {
                        done.sequences.push(taken(encoded, before + place.row));
                    }
                }
            }
            Err(message) => done.failed = Some((place, message)),
        }
    });
    done
}

fn row(
    layouts: &[Option<Layout>],
    encoder: &dyn Encode,
    read: Result<Record<'_>, Unreadable>,
    pool: &mut Pool,
) -> Result<(), String> {
    pool.clear();
    let record = read.map_err(|unreadable| unreadable.message)?;
    let layout = layouts.get(record.place.source as usize).and_then(Option::as_ref);
    let example = match layout.map(|layout| layout.read(&record)) {
        Some(Ok(example)) => example,
        _ if encoder.reads_columns() => Example::unknown(),
        Some(Err(misfit)) => return Err(misfit.message),
        None => return Err("the row has no shape known here; name its columns with --columns".to_owned()),
    };
    encoder
        .encode(&record, &example, pool)
        .map_err(|error| format!("{}: {}", error.class, error.message))
}

fn taken(encoded: &mut Encoded, row: u64) -> Sequence {
    Sequence {
        rows: vec![row],
        side: encoded.side,
        input_ids: std::mem::take(&mut encoded.input_ids),
        labels: std::mem::take(&mut encoded.labels),
        ..Sequence::default()
    }
}
