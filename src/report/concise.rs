//! One line a finding, `file:line:col: rule message`, as editors and `grep` read it.

use std::io::{self, Write};

use super::Report;
use super::style::{counted, visible};

pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for group in &report.findings {
        for found in &group.places {
            let pointer = found
                .pointer
                .as_deref()
                .map_or(String::new(), |pointer| format!(" at {pointer}"));
            let place = found.at.map_or("set".to_owned(), |at| report.place(at));
            let column = found.column.map_or(String::new(), |column| format!(":{column}"));
            let message = found.message(|at| report.place(at));
            let rule = &group.rule;
            writeln!(
                out,
                "{}{column}: {rule} {}{}",
                visible(&place),
                visible(&message),
                visible(&pointer)
            )?;
        }
        let more = group.count - group.places.len() as u64;
        if more > 0 {
            writeln!(out, "{}: and {} more", group.rule, counted(more, "finding"))?;
        }
    }
    let verdict = &report.verdict;
    let word = verdict.word();
    writeln!(
        out,
        "{word}{}: {}, {}",
        report.in_part(),
        counted(verdict.errors, "error"),
        counted(verdict.warnings, "warning")
    )
}
