//! `gonogo show`: one row as the trainer sees it.

mod print;
mod search;

use std::io::Write;

use serde::Serialize;

use crate::finding::Level;
use crate::model::encoded::{EncodeError, Encoded, What};
use crate::model::example::{Example, Misfit};
use crate::model::record::{Record, Unreadable};
use crate::report::json;
use crate::scan::{Gathered, Progress, Scan};
use crate::settings::UsageError;
use crate::settings::cli::{RuleArgs, ShowArgs, ShowFormat};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::trainer::Pool;

use super::prepare::{Prepared, prepare};
use super::{Outcome, output};

/// A row as JSON.
#[derive(Debug, Default, Serialize)]
struct Shown {
    source: String,
    row: u64,
    line: Option<u64>,
    /// By which `--id` finds the row again, in any file; `None` where it could not be read.
    id: Option<String>,
    shape: Option<&'static str>,
    /// `chosen` or `rejected`; empty where the row is one sequence.
    #[serde(skip_serializing_if = "str::is_empty")]
    side: &'static str,
    /// The text that is tokenised; `None` where it could not be made.
    text: Option<String>,
    input_ids: Option<Vec<u32>>,
    /// -100 where no loss is.
    labels: Option<Vec<i32>>,
    /// Bytes of the text each token stands for.
    offsets: Option<Vec<(u32, u32)>>,
    /// Where each token came from: `template`, or a pointer to the turn.
    parts: Vec<ShownPart>,
    tokens_before_truncation: Option<usize>,
    /// Why the trainer would leave the row out.
    dropped: Option<String>,
    /// The other sequences of a preference row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Shown>,
    /// What went wrong on the way, and how far the row came.
    error: Option<ShownError>,
    /// What the rules that look at one row at a time say of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<ShownFinding>,
}

#[derive(Debug, Serialize)]
struct ShownFinding {
    rule: &'static str,
    level: Level,
    message: String,
    /// JSON pointer to the field.
    pointer: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownPart {
    /// Bytes of the text.
    start: u32,
    end: u32,
    from: String,
}

#[derive(Debug, Serialize)]
struct ShownError {
    /// `read`, `shape` or `encode`.
    stage: &'static str,
    /// The class the trainer raises, where it is known.
    class: Option<String>,
    message: String,
}

pub fn run(args: &ShowArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let select = RuleArgs {
        select: args.worst.iter().cloned().collect(),
        ..RuleArgs::default()
    };
    let settings = resolve(
        Typed {
            data: &args.data,
            model: &args.model,
            train: &args.train,
            rules: Some(&select),
            fail: None,
            files: &args.files,
            strict: false,
        },
        environment,
    )?;
    let prepared = prepare(settings, environment, None)?.made()?;
    let shown = match (&args.id, &args.worst, args.row) {
        (Some(id), ..) => search::by_id(&prepared, id)?,
        (_, Some(rule), _) => search::worst(prepared, rule)?,
        (.., row) => search::by_number(&prepared, row.unwrap_or(0))?,
    };
    let mut out = output::stdout(args.color);
    if args.format == ShowFormat::Json {
        json::pretty(&shown, &mut out)?;
        writeln!(out)?;
    } else {
        print::print(&shown, args, &mut out)?;
    }
    Ok(if shown.error.is_some() {
        Outcome::NoGo
    } else {
        Outcome::Go
    })
}

/// A row of a source, as far as it comes.
fn shown(prepared: &Prepared, source: u32, read: Result<Record<'_>, Unreadable>) -> anyhow::Result<Shown> {
    let mut row = Shown {
        source: prepared.inputs[source as usize].name.clone(),
        ..Shown::default()
    };
    let place = read
        .as_ref()
        .map_or_else(|unreadable| unreadable.place, |record| record.place);
    (row.row, row.line) = (place.row, Some(place.line).filter(|line| *line > 0));
    row.id = read.as_ref().ok().map(|record| search::id(&record.value));
    row.findings = findings(prepared, &read)?;
    fill(prepared, source, read, &mut row);
    Ok(row)
}

/// What the rules say that need no other row to say it.
fn findings(prepared: &Prepared, read: &Result<Record<'_>, Unreadable>) -> anyhow::Result<Vec<ShownFinding>> {
    let wrong = |(rule, error)| UsageError(format!("options of rule {rule}: {error}"));
    let mut gathered = Gathered::new(&prepared.rules, &prepared.header.options).map_err(wrong)?;
    let setup = &prepared.header.setup;
    let scan = Scan {
        setup,
        layouts: &prepared.layouts,
        encoder: prepared.encoder.as_deref(),
        holdout: prepared.holdout.as_ref(),
        progress: &Progress::default(),
        workers: 1,
        limit: None,
    };
    scan.row(read, &mut scan.worker(), &mut gathered);
    let mut out = Vec::new();
    for (meta, findings) in gathered.finish(setup).found {
        let of_row = findings
            .into_kept()
            .into_iter()
            .filter(|finding| finding.place.is_some());
        out.extend(of_row.map(|finding| ShownFinding {
            rule: meta.name,
            level: meta.level,
            message: finding.message,
            pointer: finding.pointer,
        }));
    }
    Ok(out)
}

fn fill(prepared: &Prepared, source: u32, read: Result<Record<'_>, Unreadable>, shown: &mut Shown) {
    let record = match read {
        Ok(record) => record,
        Err(unreadable) => {
            shown.error = Some(ShownError {
                stage: "read",
                class: None,
                message: unreadable.message,
            });
            return;
        }
    };
    let layout = prepared.layouts[source as usize].as_ref();
    shown.shape = layout.map(|layout| layout.shape.name());
    let read = layout.map_or_else(
        || Err("the row has no shape known here; name its columns with --columns".to_owned()),
        |layout| layout.read(&record).map_err(|Misfit { message, .. }| message),
    );
    let example = match read {
        Ok(example) => example,
        Err(message) => {
            shown.error = Some(ShownError {
                stage: "shape",
                class: None,
                message,
            });
            if !prepared.encoder.as_ref().is_some_and(|encoder| encoder.reads_columns()) {
                return;
            }
            Example::unknown()
        }
    };
    let Some(encoder) = &prepared.encoder else {
        shown.text = Some(
            example
                .turns
                .iter()
                .map(|turn| turn.text.as_ref())
                .collect::<Vec<_>>()
                .join("\n"),
        );
        return;
    };
    let mut pool = Pool::default();
    match encoder.encode(&record, &example, &mut pool) {
        Ok(()) => {
            // The trainer knows what the row is.
            shown.error = None;
            let mut sequences = pool.sequences().iter();
            if let Some(first) = sequences.next() {
                sequence(first, &example, shown);
            }
            for other in sequences {
                let mut more = Shown {
                    source: shown.source.clone(),
                    row: shown.row,
                    line: shown.line,
                    shape: shown.shape,
                    ..Shown::default()
                };
                sequence(other, &example, &mut more);
                shown.rejected.push(more);
            }
        }
        Err(EncodeError { class, message, .. }) => {
            shown.error = Some(ShownError {
                stage: "encode",
                class: Some(class),
                message,
            });
        }
    }
}

fn sequence(encoded: &Encoded, example: &Example<'_>, shown: &mut Shown) {
    let mut start = 0;
    for part in &encoded.parts {
        let from = match part.what {
            What::Template => "template".to_owned(),
            What::Turn(at) => example
                .turns
                .get(usize::from(at))
                .map_or("template".to_owned(), crate::model::example::Turn::pointer),
        };
        shown.parts.push(ShownPart {
            start,
            end: part.end,
            from,
        });
        start = part.end;
    }
    shown.side = encoded.side;
    shown.text = Some(encoded.text.clone());
    shown.input_ids = Some(encoded.input_ids.clone());
    shown.labels = Some(encoded.labels.clone());
    shown.offsets = Some(encoded.offsets.clone());
    shown.tokens_before_truncation = Some(encoded.full_len);
    shown.dropped.clone_from(&encoded.dropped);
}
