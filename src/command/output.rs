//! Where a report goes: standard output in one format, and files in others.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};

use crate::report::terminal::Screen;
use crate::report::{Report, concise, github, json, markdown, terminal};
use crate::settings::UsageError;
use crate::settings::cli::{Color, Format, OutArgs};
use crate::whole;

/// Columns where the output is no terminal and `COLUMNS` does not say.
const WIDTH: usize = 100;

/// Prints the report, and writes it to the files asked for.
///
/// # Errors
///
/// If a format is unknown or a file cannot be written.
pub fn write(report: &Report, args: &OutArgs) -> anyhow::Result<()> {
    for (format, path) in &args.output {
        let format = named(format)?;
        let mut bytes = Vec::new();
        render(
            report,
            format,
            Screen {
                width: WIDTH,
                places: places(args),
            },
            &mut bytes,
        )?;
        let bytes = anstream::adapter::strip_bytes(&bytes).into_vec();
        whole::save(Path::new(path), &bytes).map_err(|error| UsageError(format!("cannot write {path}: {error}")))?;
    }
    let mut out = stdout(args.color);
    let screen = Screen {
        width: width(),
        places: places(args),
    };
    let printed = render(report, args.format, screen, &mut out).and_then(|()| out.flush());
    match printed {
        // Whoever reads it has seen enough (`gonogo check … | head`); the exit code still says the verdict.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed.map_err(|error| UsageError(format!("cannot write to standard output: {error}")))?),
    }
}

/// Standard output, coloured where it should be.
pub fn stdout(color: Color) -> AutoStream<io::StdoutLock<'static>> {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    AutoStream::new(io::stdout().lock(), choice)
}

/// Columns that lines are wrapped at for whoever reads them; `None` where another program does.
pub fn reader_width() -> Option<usize> {
    io::stdout().is_terminal().then(width)
}

/// Columns of the terminal.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(terminal).unwrap_or(WIDTH).clamp(40, 160)
}

fn places(args: &OutArgs) -> usize {
    if args.verbose { 20 } else { 3 }
}

fn render(report: &Report, format: Format, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Auto => terminal::render(report, screen, out),
        Format::Concise => concise::render(report, out),
        Format::Json => json::render(report, out),
        Format::Markdown => markdown::render(report, out),
        Format::Github => github::render(report, out),
    }
}

/// # Errors
///
/// If there is no such format.
pub(super) fn named(name: &str) -> Result<Format, UsageError> {
    <Format as clap::ValueEnum>::from_str(name, true).map_err(|_| {
        UsageError(format!(
            "`{name}` is no format; the formats are auto, concise, json, markdown, github"
        ))
    })
}
