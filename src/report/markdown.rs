//! A Markdown page, for a CI job's summary or a pull request.

use std::io::{self, Write};

use super::style::{count, counted, percent, short, visible};
use super::{Group, Report, batches, passages, plan};

pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = &report.verdict;
    let sign = if verdict.go { "✅" } else { "❌" };
    writeln!(out, "## {sign} {}\n", verdict.word())?;
    let sample = report.in_part();
    writeln!(
        out,
        "{}, {}, {} in {}{sample}\n",
        counted(verdict.errors, "error"),
        counted(verdict.warnings, "warning"),
        counted(verdict.notes, "note"),
        counted(verdict.rows, "row")
    )?;
    if let Some(section) = &report.batches {
        for (name, text) in batches::lines(section) {
            let name = if name.is_empty() { "columns" } else { name };
            writeln!(out, "- **{name}**: {}", cell(&text))?;
        }
    } else {
        sources(report, out)?;
    }
    if !report.findings.is_empty() {
        writeln!(
            out,
            "\n| level | rule | rows | share | first |\n|---|---|---:|---:|---|"
        )?;
        for group in &report.findings {
            finding(report, group, out)?;
        }
        writeln!(out)?;
        for group in report.findings.iter().filter(|group| !group.fix.is_empty()) {
            writeln!(out, "- **{}**: {}", group.rule, group.fix)?;
        }
    }
    if let Some(lengths) = &report.lengths {
        let (all, mark) = (&lengths.all, if lengths.estimated { "≈" } else { "" });
        writeln!(
            out,
            "\n| tokens | mean | p50 | p90 | p95 | p99 | p99.9 | max |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        writeln!(
            out,
            "| {mark}{} | {mark}{:.0} | {mark}{} | {mark}{} | {mark}{} | {mark}{} | {mark}{} | {mark}{} |",
            short(all.tokens),
            all.mean,
            count(all.p50),
            count(all.p90),
            count(all.p95),
            count(all.p99),
            count(all.p999),
            count(all.max)
        )?;
        if let Some(cut) = &lengths.max_length {
            writeln!(
                out,
                "\nmax_length {} ({}) cuts {} and {} trained tokens.",
                count(cut.limit as u64),
                cut.origin,
                counted(cut.rows, "row"),
                count(cut.trained)
            )?;
        }
    }
    for (at, (_, text)) in passages::lines(report).into_iter().enumerate() {
        let start = if at == 0 { "\nRepeated: " } else { "- " };
        writeln!(out, "{start}{}", cell(&text))?;
    }
    if let Some(budget) = &report.plan {
        writeln!(out)?;
        for (name, text) in plan::lines(budget) {
            let name = if name.is_empty() { "note" } else { name };
            writeln!(out, "- **{name}**: {}", cell(&text))?;
        }
    }
    for not_checked in &report.not_checked {
        writeln!(
            out,
            "\nNot checked ({}): {}",
            cell(&not_checked.reason),
            not_checked.rules.join(", ")
        )?;
    }
    Ok(())
}

fn sources(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| data | format | rows | shape |\n|---|---|---:|---|")?;
    for source in report.sources.iter().filter(|source| !source.settings) {
        let shape = source.shape.map_or("unknown", crate::model::example::Shape::name);
        writeln!(
            out,
            "| {} | {} | {} | {shape} |",
            cell(&source.name),
            source.format,
            count(source.rows)
        )?;
    }
    Ok(())
}

fn finding(report: &Report, group: &Group, out: &mut dyn Write) -> io::Result<()> {
    let first = group.places.first().map_or(String::new(), |found| {
        let place = found.at.map_or("the set".to_owned(), |at| report.place(at));
        format!("`{}` {}", cell(&place), cell(&found.message(|at| report.place(at))))
    });
    // What is said of files, or of the set as a whole, has no rows.
    let (rows, share) = if group.rows == 0 || report.is_of_files(group) {
        (String::new(), String::new())
    } else {
        (count(group.rows), percent(group.share))
    };
    writeln!(
        out,
        "| {:?} | {} | {rows} | {share} | {first} |",
        group.level, group.rule
    )
}

/// Text in a table cell: one line, no cell borders, no markup from the data.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(&text.replace(['\n', '\r'], " ")).chars() {
        match c {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}
