//! `gonogo fix`: repairs what needs no one's judgement, and shows what it changed.

use std::io::{self, BufWriter, Seek, Write};

use anstyle::{AnsiColor, Style};

use crate::report::style::{count, visible};
use crate::rewrite::repair::{Repairs, Report, repair};
use crate::rewrite::writer;
use crate::settings::UsageError;
use crate::settings::cli::FixArgs;
use crate::source::{Compression, Format, discover};

use super::Outcome;
use super::distinct::distinct;
use super::unnamed::Unnamed;

pub fn run(args: &FixArgs) -> anyhow::Result<Outcome> {
    let found = discover(std::slice::from_ref(&args.data), &mut io::stdin())?;
    let [input] = found.inputs.as_slice() else {
        return Err(UsageError("fix repairs one file at a time".to_owned()).into());
    };
    if input.format != Format::JsonLines {
        let message = format!("{} is {}: fix repairs JSON lines", input.name, input.format);
        return Err(UsageError(message).into());
    }
    let repairs = Repairs {
        to_messages: args.to_messages,
    };
    let mut screen = anstream::stdout().lock();
    let report = match &args.output {
        None => repair(input, repairs, &mut io::sink(), &mut |number, before, after| {
            if args.diff {
                diff(&mut screen, number, before, after)?;
            }
            Ok(())
        })?,
        Some(path) => {
            distinct([&**path], [&*input.path])?;
            let file = Unnamed::new(path)?;
            let mut out = writer(Compression::of_name(path).1, file.handle()?)?;
            // The file is there before the diff is shown: whoever reads that may have had enough of it.
            let mut shown = BufWriter::new(tempfile::tempfile()?);
            let report = repair(input, repairs, &mut out, &mut |number, before, after| {
                if args.diff {
                    diff(&mut shown, number, before, after)?;
                }
                Ok(())
            })?;
            out.finish()?;
            file.place()?;
            let mut shown = shown.into_inner()?;
            shown.rewind()?;
            io::copy(&mut shown, &mut screen)?;
            report
        }
    };
    tell(&report);
    Ok(Outcome::Go)
}

/// A changed line as it was and as it is.
fn diff(out: &mut dyn Write, number: u64, before: &[u8], after: &[u8]) -> io::Result<()> {
    const RED: Style = AnsiColor::Red.on_default();
    const GREEN: Style = AnsiColor::Green.on_default();
    let text = |line: &[u8]| {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).replace('\r', "\\r");
        visible(&line).into_owned()
    };
    writeln!(out, "@@ line {number} @@")?;
    writeln!(out, "{RED}-{}{RED:#}", text(before))?;
    writeln!(out, "{GREEN}+{}{GREEN:#}", text(after))
}

/// What was repaired, for whoever watches: standard output is for the diff.
fn tell(report: &Report) {
    let mut out = anstream::stderr();
    if report.is_empty() {
        let _ = writeln!(out, "nothing to repair");
    }
    for (name, lines) in report {
        let _ = writeln!(out, "{:>8}  {name}", count(*lines));
    }
}
