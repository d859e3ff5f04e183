//! `gonogo show`: one row as the trainer sees it.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::model::encoded::{EncodeError, Encoded, IGNORE, What};
use crate::model::example::{Example, Misfit};
use crate::model::record::Unreadable;
use crate::report::style::{percent, plural, visible};
use crate::settings::UsageError;
use crate::settings::cli::{ShowArgs, ShowFormat};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::source::{Part, open};
use crate::trainer::Pool;

use super::prepare::{Prepared, prepare};
use super::{Outcome, output};

/// A row as JSON.
#[derive(Debug, Default, Serialize)]
struct Shown {
    source: String,
    row: u64,
    line: Option<u64>,
    shape: Option<&'static str>,
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
    let settings = resolve(
        Typed {
            data: &args.data,
            model: &args.model,
            train: &args.train,
            rules: None,
            fail: None,
            files: &args.files,
            strict: false,
        },
        environment,
    )?;
    let prepared = prepare(settings, environment, None)?;
    let shown = find(&prepared, args.row)?;
    let mut out = output::stdout(args.color);
    if args.format == ShowFormat::Json {
        serde_json::to_writer_pretty(&mut out, &shown)?;
        writeln!(out)?;
    } else {
        print(&prepared, &shown, args, &mut out)?;
    }
    Ok(if shown.error.is_some() {
        Outcome::NoGo
    } else {
        Outcome::Go
    })
}

/// The row of that number, counting through all files.
fn find(prepared: &Prepared, wanted: u64) -> anyhow::Result<Shown> {
    let mut before = 0;
    for (source, input) in (0u32..).zip(&prepared.inputs) {
        let mut shown = None;
        let mut rows = 0;
        let mut reader = open(input, source, Part::Row(wanted - before), &prepared.limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| {
                let mut row = Shown {
                    source: input.name.clone(),
                    ..Shown::default()
                };
                let place = read
                    .as_ref()
                    .map_or_else(|unreadable| unreadable.place, |record| record.place);
                (row.row, row.line) = (place.row, Some(place.line).filter(|line| *line > 0));
                fill(prepared, source, read, &mut row);
                shown = Some(row);
            });
        }
        if let Some(shown) = shown {
            return Ok(shown);
        }
        let mut reader = open(input, source, Part::Whole, &prepared.limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |_| rows += 1);
        }
        before += rows;
        if before > wanted {
            break;
        }
    }
    Err(UsageError(format!(
        "there is no row {wanted}: the data has {}",
        plural(before, "row")
    ))
    .into())
}

fn fill(
    prepared: &Prepared,
    source: u32,
    read: Result<crate::model::record::Record<'_>, Unreadable>,
    shown: &mut Shown,
) {
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
    shown.text = Some(encoded.text.clone());
    shown.input_ids = Some(encoded.input_ids.clone());
    shown.labels = Some(encoded.labels.clone());
    shown.offsets = Some(encoded.offsets.clone());
    shown.tokens_before_truncation = Some(encoded.full_len);
    shown.dropped.clone_from(&encoded.dropped);
}

/// Tokens by part, trained ones bright, masked ones dim; the gutter says the same without colour.
fn print(prepared: &Prepared, shown: &Shown, args: &ShowArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let dim = Style::new().dimmed();
    let trained_style = AnsiColor::Green.on_default().bold();
    let place = shown.line.map_or_else(
        || format!("{} row {}", shown.source, shown.row),
        |line| format!("{}:{line}", shown.source),
    );
    let labels = shown.labels.as_deref().unwrap_or_default();
    let trained = labels.iter().skip(1).filter(|label| **label != IGNORE).count();
    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    let share = if labels.is_empty() {
        0.0
    } else {
        trained as f64 / labels.len() as f64
    };
    write!(
        out,
        " row {}  {}  {}",
        shown.row,
        visible(&place),
        shown.shape.unwrap_or("unknown shape")
    )?;
    if !labels.is_empty() {
        write!(
            out,
            "  {}, {trained} trained ({})",
            plural(labels.len() as u64, "token"),
            percent(share)
        )?;
    }
    writeln!(out)?;
    if let Some(error) = &shown.error {
        let class = error
            .class
            .as_deref()
            .map_or(String::new(), |class| format!("{class}: "));
        writeln!(out, " {}: {}{}", error.stage, visible(&class), visible(&error.message))?;
    }
    let Some(text) = &shown.text else { return Ok(()) };
    let (Some(ids), Some(offsets)) = (&shown.input_ids, &shown.offsets) else {
        writeln!(out, "{}", visible_lines(text))?;
        return Ok(());
    };
    if let Some(reason) = &shown.dropped {
        writeln!(out, " dropped: {}", visible(reason))?;
    }
    if let Some(cut) = shown.tokens_before_truncation.filter(|full| *full > ids.len()) {
        writeln!(out, " truncated from {}", plural(cut as u64, "token"))?;
    }
    let mut at = 0;
    while at < ids.len() {
        let kept = labels[at] != IGNORE && at > 0;
        let from = origin(shown, offsets.get(at));
        let mut end = at + 1;
        while end < ids.len() && (labels[end] != IGNORE) == kept && origin(shown, offsets.get(end)) == from {
            end += 1;
        }
        let (mark, style, word) = if kept {
            ("█", trained_style, "trained")
        } else {
            ("░", dim, "masked")
        };
        writeln!(out, "{at:>6} {mark} {dim}{word} {from}{dim:#}")?;
        let mut line = String::from("         ");
        for token in at..end {
            let piece = offsets.get(token).map_or("", |(start, end)| {
                text.get(*start as usize..*end as usize).unwrap_or("�")
            });
            line.push_str(&format!("{style}{}{style:#}", visible(piece)));
            if args.ids {
                line.push_str(&format!("{dim}[{}]{dim:#}", ids[token]));
            }
            if args.labels {
                line.push_str(&format!("{dim}<{}>{dim:#}", labels[token]));
            }
            if piece.ends_with('\n') {
                writeln!(out, "{line}")?;
                line = String::from("         ");
            }
        }
        if !line.trim().is_empty() {
            writeln!(out, "{line}")?;
        }
        at = end;
    }
    let _ = prepared;
    Ok(())
}

fn origin<'s>(shown: &'s Shown, offset: Option<&(u32, u32)>) -> &'s str {
    let Some((start, _)) = offset else { return "" };
    let at = shown.parts.partition_point(|part| part.end <= *start);
    shown.parts.get(at).map_or("tokenizer", |part| part.from.as_str())
}

fn visible_lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("         {}", visible(line)))
        .collect::<Vec<_>>()
        .join("\n")
}
