//! What `gonogo fit` has to say, for a person at a terminal.

use crate::measure::share;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::fit::{Axis, Choice, Compared, LengthRow, Outcome, Sizing, StepsRow, Unit};

use super::style::{count, counted, percent, rate, short};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Width of the column of names at the left.
const NAMES: usize = 11;

pub fn render(sizing: &Sizing, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { width, out };
    page.line(
        "rows",
        &format!(
            "{} · {} tokens, {} of them trained ({}) · {}",
            counted(sizing.rows, "row"),
            short(sizing.tokens),
            short(sizing.trained),
            percent(share(sizing.trained, sizing.tokens)),
            sizing.trainer
        ),
    )?;
    page.line("now", &choice(&sizing.now))?;
    match (&sizing.now_comes_to, &sizing.now_refused) {
        (Some(outcome), _) => page.line("", &comes_to(outcome))?,
        (None, Some(refused)) => page.line("", &format!("no run: {refused}"))?,
        (None, None) => {}
    }
    for note in &sizing.notes {
        page.line("note", note)?;
    }
    page.lengths(&sizing.lengths)?;
    page.steps(&sizing.steps)?;
    if let (Some(recommended), Some(outcome)) = (&sizing.recommended, &sizing.recommended_comes_to) {
        writeln!(page.out)?;
        page.line("recommended", &choice(recommended))?;
        page.line("", &comes_to(outcome))?;
        page.compared(&sizing.compared)?;
    }
    if let Some(why) = &sizing.not_recommended {
        writeln!(page.out)?;
        page.line("recommended", &format!("nothing: {why}"))?;
    }
    Ok(())
}

struct Page<'p> {
    width: usize,
    out: &'p mut dyn Write,
}

/// A table's column: its two lines of heading, and its cells.
struct Column {
    heads: [&'static str; 2],
    cells: Vec<String>,
    /// Columns of higher numbers go first where there is no room.
    rank: u8,
}

impl Page<'_> {
    fn line(&mut self, name: &str, text: &str) -> io::Result<()> {
        let room = self.width.saturating_sub(NAMES + 3).max(20);
        let mut rest: Vec<String> = Vec::new();
        for part in text.split(" · ") {
            match rest.last_mut() {
                Some(line) if line.chars().count() + 3 + part.chars().count() <= room => {
                    line.push_str(" · ");
                    line.push_str(part);
                }
                _ => rest.push(part.to_owned()),
            }
        }
        for (at, part) in rest.iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            writeln!(self.out, " {DIM}{name:<NAMES$}{DIM:#} {part}")?;
        }
        Ok(())
    }

    fn lengths(&mut self, rows: &[LengthRow]) -> io::Result<()> {
        let cells = |cell: &dyn Fn(&LengthRow) -> String| rows.iter().map(cell).collect::<Vec<_>>();
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        let column = |rank, heads, cells| Column { heads, cells, rank };
        let times = |cost: f64| format!("{cost:.2}×");
        let dropped = rows.iter().any(|row| row.rows_dropped > 0);
        let mut columns = vec![
            column(0, ["", "max_length"], cells(&|row| count(row.max_length))),
            column(0, ["rows", "cut"], cells(&|row| count(row.rows_cut))),
            column(0, ["trained", "lost"], cells(&|row| percent(row.lost_share))),
            column(1, ["answers", "lost"], cells(&|row| count(row.answers_lost))),
            column(0, ["padding", "as is"], cells(&|row| percent(row.padding))),
            column(4, ["padding", "grouped"], cells(&|row| percent(row.padding_grouped))),
            column(
                2,
                ["padding", "packed"],
                cells(&|row| or_dash(row.padding_packed.map(percent))),
            ),
            column(1, ["steps an", "epoch"], cells(&|row| count(row.steps_per_epoch))),
            column(
                1,
                ["steps", "packed"],
                cells(&|row| or_dash(row.packed_steps_per_epoch.map(count))),
            ),
            column(2, ["linear", "layers"], cells(&|row| times(row.linear))),
            column(
                2,
                ["linear", "packed"],
                cells(&|row| or_dash(row.linear_packed.map(times))),
            ),
            column(3, ["atten-", "tion"], cells(&|row| times(row.attention))),
            column(
                3,
                ["attention", "packed"],
                cells(&|row| or_dash(row.attention_packed.map(times))),
            ),
        ];
        if dropped {
            columns.insert(2, column(1, ["rows", "dropped"], cells(&|row| count(row.rows_dropped))));
        }
        let marks = rows.iter().map(|row| {
            let marks = [
                (row.is_now, "now"),
                (row.is_knee, "knee"),
                (row.is_recommended, "recommended"),
            ];
            let set = marks.iter().filter(|(set, _)| *set).map(|(_, name)| *name);
            (set.collect::<Vec<_>>().join(", "), row.is_recommended)
        });
        let marks: Vec<_> = marks.collect();
        self.table(columns, &marks)
    }

    fn steps(&mut self, rows: &[StepsRow]) -> io::Result<()> {
        let cells = |cell: &dyn Fn(&StepsRow) -> String| rows.iter().map(cell).collect::<Vec<_>>();
        let column = |rank, heads, cells| Column { heads, cells, rank };
        let mut columns = vec![
            column(0, ["", "max_steps"], cells(&|row| count(row.steps))),
            column(0, ["", "epochs"], cells(&|row| format!("{:.2}", row.epochs))),
            column(0, ["rows", "seen"], cells(&|row| percent(row.share))),
            column(1, ["trained", "tokens"], cells(&|row| short(row.trained))),
            column(
                1,
                ["rate at", "the step"],
                cells(&|row| row.rate.map_or_else(|| "–".to_owned(), rate)),
            ),
        ];
        if rows.iter().any(|row| row.hours.is_some()) {
            let hours = |row: &StepsRow| row.hours.map_or_else(String::new, time);
            columns.push(column(0, ["", "time"], cells(&hours)));
        }
        let marks: Vec<_> = rows
            .iter()
            .map(|row| {
                let mark = if row.is_recommended { "recommended" } else { "" };
                (mark.to_owned(), row.is_recommended)
            })
            .collect();
        self.table(columns, &marks)
    }

    /// Columns of figures, as many as there is room for, and a mark behind each line.
    fn table(&mut self, mut columns: Vec<Column>, marks: &[(String, bool)]) -> io::Result<()> {
        if marks.is_empty() {
            return Ok(());
        }
        let widest = |column: &Column| {
            let texts = column.cells.iter().map(String::as_str).chain(column.heads);
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let mark = marks.iter().map(|(mark, _)| mark.len()).max().unwrap_or(0) + 4;
        let total = |columns: &[Column]| 1 + mark + columns.iter().map(|column| widest(column) + 2).sum::<usize>();
        while total(&columns) > self.width {
            let Some(last) = columns.iter().map(|column| column.rank).max().filter(|rank| *rank > 0) else {
                break;
            };
            let at = columns.iter().rposition(|column| column.rank == last);
            columns.remove(at.expect("a column has the highest rank"));
        }
        writeln!(self.out)?;
        for head in 0..2 {
            write!(self.out, " {DIM}")?;
            for column in &columns {
                write!(self.out, "  {:>width$}", column.heads[head], width = widest(column))?;
            }
            writeln!(self.out, "{DIM:#}")?;
        }
        for (at, (mark, strong)) in marks.iter().enumerate() {
            let style = if *strong { BOLD } else { Style::new() };
            write!(self.out, " {style}")?;
            for column in &columns {
                write!(self.out, "  {:>width$}", column.cells[at], width = widest(column))?;
            }
            let mark = if mark.is_empty() {
                String::new()
            } else {
                format!("  ← {mark}")
            };
            writeln!(self.out, "{style:#}{mark}")?;
        }
        Ok(())
    }

    fn compared(&mut self, axes: &[Axis]) -> io::Result<()> {
        for axis in axes {
            let (word, style) = match axis.verdict {
                Compared::Better => ("better", GREEN),
                Compared::Equal => ("same", DIM),
                Compared::Worse => ("costs", YELLOW),
            };
            let text = match axis.unit {
                Unit::Times => format!("{:.2}×", axis.recommended),
                unit => format!("{} (now {})", shown(axis.recommended, unit), shown(axis.now, unit)),
            };
            writeln!(
                self.out,
                " {:<NAMES$} {style}{word:<6}{style:#}  {} {text}",
                "", axis.name
            )?;
        }
        Ok(())
    }
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => percent(value),
        Unit::Count => format!("{value:.0}"),
        Unit::Times => format!("{value:.2}×"),
        Unit::Hours => time(value),
    }
}

/// `4.2 h`, `12 min`, `40 s`
fn time(hours: f64) -> String {
    match hours {
        hours if hours >= 1.0 => format!("{hours:.1} h"),
        hours if hours * 60.0 >= 1.0 => format!("{:.0} min", hours * 60.0),
        hours => format!("{:.0} s", hours * 3600.0),
    }
}

/// The sizes, each by its own name.
fn choice(choice: &Choice) -> String {
    let packing = choice
        .packing
        .as_ref()
        .map_or_else(|| "not packed".to_owned(), |packing| format!("packing {packing}"));
    let length = match choice.max_steps {
        Some(steps) => format!("max_steps {}", count(steps)),
        None => format!("epochs {}", choice.epochs),
    };
    let mut text = format!(
        "max_length {} · {packing} · batch {} × {} accumulated × {} · {length}",
        count(choice.max_length),
        count(choice.batch_size),
        count(choice.grad_accum),
        counted(choice.world_size, "rank")
    );
    if let Some(warmup) = choice.warmup_steps {
        text.push_str(&format!(" · warmup {}", counted(warmup, "step")));
    }
    text
}

fn comes_to(outcome: &Outcome) -> String {
    let mut text = vec![
        format!(
            "{} of {:.0} row{}",
            counted(outcome.steps, "step"),
            outcome.rows_per_step,
            if outcome.rows_per_step.round() <= 1.0 { "" } else { "s" }
        ),
        format!("{:.2} epochs", outcome.epochs),
        format!("{} of the rows seen", percent(outcome.share)),
    ];
    if let Some(never) = outcome.never_seen.filter(|never| *never > 0) {
        text.push(format!("{} never", count(never)));
    }
    if outcome.rows_dropped > 0 {
        text.push(format!("{} left out", count(outcome.rows_dropped)));
    }
    if let Some(last) = outcome.last_rate {
        text.push(format!(
            "rate {} at the end, of {}",
            rate(last),
            rate(outcome.peak_rate)
        ));
    }
    if let Some(hours) = outcome.hours {
        text.push(time(hours));
    }
    text.join(" · ")
}
