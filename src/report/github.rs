//! GitHub workflow commands, which show as annotations on the changed lines.
//!
//! GitHub keeps ten annotations of a kind per step: the first nine are given and the rest counted.

use std::io::{self, Write};

use crate::finding::Level;

use super::style::{counted, visible};
use super::{Found, Group, Report};

const SHOWN: usize = 9;

pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for level in [Level::Error, Level::Warning, Level::Note] {
        let groups = || report.findings.iter().filter(|group| group.level == level);
        // One of each rule first, so that no rule hides behind another's rows.
        let mut shown: Vec<(&Group, &Found)> = groups()
            .filter_map(|group| Some((group, group.places.first()?)))
            .collect();
        shown.extend(groups().flat_map(|group| group.places.iter().skip(1).map(move |found| (group, found))));
        for (group, found) in shown.iter().take(SHOWN) {
            annotate(report, level, group, found, out)?;
        }
        let more = groups().map(|group| group.count).sum::<u64>() - shown.len().min(SHOWN) as u64;
        if more > 0 {
            writeln!(
                out,
                "::{}::and {}",
                command(level),
                counted(more, &format!("more {}", word(level)))
            )?;
        }
    }
    let (verdict, part) = (&report.verdict, report.in_part());
    if !part.is_empty() {
        writeln!(
            out,
            "::notice::{}{part}, {}",
            verdict.word(),
            counted(verdict.rows, "row")
        )?;
    }
    Ok(())
}

fn annotate(report: &Report, level: Level, group: &Group, found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut at = String::new();
    if let Some(source) = found.at.and_then(|at| report.sources.get(at.source as usize)) {
        at.push_str(&format!("file={},", property(&source.name)));
    }
    if let Some(line) = found.at.and_then(|at| at.line) {
        at.push_str(&format!("line={line},"));
    }
    if let Some(column) = found.column {
        at.push_str(&format!("col={column},"));
    }
    let mut rows = if group.rows > 1 {
        format!(" ({})", counted(group.rows, "row"))
    } else {
        String::new()
    };
    if let Some(at) = found.at.filter(|at| at.shares_its_line()) {
        rows.push_str(&format!(" [row {}]", at.row));
    }
    writeln!(
        out,
        "::{} {at}title={}::{}{}",
        command(level),
        property(&group.rule),
        data(&found.message(|at| report.place(at))),
        data(&rows)
    )
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// A message, with what would end the command escaped.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// A property's value, in which `,` and `:` are special as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
