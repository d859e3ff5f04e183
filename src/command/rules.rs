//! `gonogo rules`: the table.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::finding::Level;
use crate::report::json;
use crate::report::wrap::wrap;
use crate::rules::all;
use crate::settings::cli::{RulesArgs, ShowFormat};

use super::{Outcome, output};

/// A rule as JSON.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    level: Level,
    /// Share of rows above which the level is `above_level`.
    above: Option<f64>,
    above_level: Option<Level>,
    needs: Vec<String>,
    finds: String,
}

pub fn run(args: &RulesArgs) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    let lines = all().map(|entry| Line {
        name: entry.meta.name,
        level: entry.meta.level,
        above: entry.meta.escalate.map(|(share, _)| share),
        above_level: entry.meta.escalate.map(|(_, level)| level),
        needs: entry
            .meta
            .needs
            .iter()
            .map(|need| format!("{need:?}").to_lowercase())
            .collect(),
        finds: entry.meta.section("What it finds").unwrap_or_default(),
    });
    if args.format == ShowFormat::Json {
        json::pretty(&lines.collect::<Vec<_>>(), &mut out)?;
        writeln!(out)?;
        return Ok(Outcome::Go);
    }
    let width = all().map(|entry| entry.meta.name.len()).max().unwrap_or(0);
    for line in lines {
        let (word, color) = match line.level {
            Level::Error => ("error", AnsiColor::Red),
            Level::Warning => ("warn", AnsiColor::Yellow),
            Level::Note => ("note", AnsiColor::Cyan),
        };
        let style = Style::new().fg_color(Some(color.into()));
        // The first sentence says it; the page says the rest.
        let finds = line
            .finds
            .split_once(". ")
            .map_or(line.finds.as_str(), |(first, _)| first);
        let finds = finds
            .split(": ")
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
            .replace('`', "");
        let room = output::reader_width().map_or(usize::MAX, |columns| columns.saturating_sub(width + 9).max(20));
        for (at, part) in wrap(&finds, room).into_iter().enumerate() {
            match at {
                0 => writeln!(out, "{style}{word:<5}{style:#}  {:<width$}  {part}", line.name)?,
                _ => writeln!(out, "{:<5}  {:<width$}  {part}", "", "")?,
            }
        }
    }
    Ok(Outcome::Go)
}
