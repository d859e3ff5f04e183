//! A row for people: tokens by what they are part of, with their loss.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::command::output;
use crate::finding::Level;
use crate::model::encoded::IGNORE;
use crate::report::style::{counted, percent, visible};
use crate::report::wrap::wrap;
use crate::settings::cli::ShowArgs;

use super::Shown;

const DIM: Style = Style::new().dimmed();
const INDENT: &str = "         ";

/// Trained tokens bright, masked ones dim, cut ones struck; the gutter says the same without colour.
pub(super) fn print(shown: &Shown, args: &ShowArgs, out: &mut dyn Write) -> std::io::Result<()> {
    head(shown, out)?;
    if let Some(error) = &shown.error {
        let class = error
            .class
            .as_deref()
            .map_or(String::new(), |class| format!("{class}: "));
        writeln!(out, " {}: {}{}", error.stage, visible(&class), visible(&error.message))?;
    }
    sequence(shown, args, out)?;
    for other in &shown.rejected {
        writeln!(out)?;
        head(other, out)?;
        sequence(other, args, out)?;
    }
    for (at, finding) in shown.findings.iter().enumerate() {
        if at == 0 {
            writeln!(out)?;
        }
        let (word, color) = match finding.level {
            Level::Error => ("error", AnsiColor::Red),
            Level::Warning => ("warn", AnsiColor::Yellow),
            Level::Note => ("note", AnsiColor::Cyan),
        };
        let style = color.on_default();
        write!(
            out,
            " {style}{word:<5}{style:#}  {}  {}",
            finding.rule,
            visible(&finding.message)
        )?;
        match &finding.pointer {
            Some(pointer) => writeln!(out, "  {DIM}{}{DIM:#}", visible(pointer))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

fn head(shown: &Shown, out: &mut dyn Write) -> std::io::Result<()> {
    let place = shown.line.map_or_else(
        || format!("{} row {}", shown.source, shown.row),
        |line| format!("{}:{line}", shown.source),
    );
    let shape = shown.shape.unwrap_or("unknown shape");
    write!(out, " row {}  {}  {shape}", shown.row, visible(&place))?;
    if !shown.side.is_empty() {
        write!(out, "  {}", shown.side)?;
    }
    if let Some(id) = &shown.id {
        write!(out, "  {DIM}id {id}{DIM:#}")?;
    }
    writeln!(out)?;
    let labels = shown.labels.as_deref().unwrap_or_default();
    // Rows tokenised before may have more labels than ids, or fewer.
    let all = shown.input_ids.as_ref().map_or(0, Vec::len);
    if all > 0 {
        let trained = labels.iter().take(all).skip(1).filter(|label| **label != IGNORE);
        let trained = trained.count();
        #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
        let share = trained as f64 / all as f64;
        let tokens = counted(all as u64, "token");
        let full = shown.tokens_before_truncation.filter(|full| *full > all);
        let cut = full.map_or(String::new(), |full| format!(", cut from {full}"));
        writeln!(out, " {tokens}{cut}, {trained} trained ({})", percent(share))?;
    }
    if let Some(reason) = &shown.dropped {
        writeln!(out, " dropped by the trainer: {}", visible(reason))?;
    }
    Ok(())
}

/// The tokens of a sequence, or its text where it has none.
fn sequence(shown: &Shown, args: &ShowArgs, out: &mut dyn Write) -> std::io::Result<()> {
    let (Some(ids), Some(offsets), Some(labels)) = (&shown.input_ids, &shown.offsets, &shown.labels) else {
        return shown
            .text
            .as_deref()
            .map_or(Ok(()), |text| lines(text, Style::new(), out));
    };
    let width = output::reader_width().unwrap_or(usize::MAX);
    let text = shown.text.as_deref().unwrap_or_default();
    let cut = shown.tokens_before_truncation.is_some_and(|full| full > ids.len());
    let start = offsets.first().map_or(0, |first| first.0 as usize);
    let end = offsets.last().map_or(0, |last| last.1 as usize);
    if cut {
        struck(text.get(..start).unwrap_or_default(), out)?;
    }
    let is_trained = |at: usize| at > 0 && labels.get(at).is_some_and(|label| *label != IGNORE);
    let kind = |at: usize| (is_trained(at), origin(shown, offsets.get(at)));
    let mut at = 0;
    while at < ids.len() {
        let (trained, from) = kind(at);
        let next = (at + 1..ids.len()).find(|next| kind(*next) != (trained, from));
        let next = next.unwrap_or(ids.len());
        let (mark, style, word) = if trained {
            ("█", AnsiColor::Green.on_default().bold(), "trained")
        } else {
            ("░", DIM, "masked")
        };
        writeln!(out, "{at:>6} {mark} {DIM}{word} {from}{DIM:#}")?;
        let (mut line, mut used) = (INDENT.to_owned(), INDENT.len());
        for (token, id) in ids.iter().enumerate().take(next).skip(at) {
            let piece = offsets.get(token).map_or("", |(start, end)| {
                text.get(*start as usize..*end as usize).unwrap_or("\u{FFFD}")
            });
            let piece_shown = visible(piece);
            let columns = piece_shown.width();
            if used > INDENT.len() && columns > width.saturating_sub(used) {
                writeln!(out, "{line}")?;
                INDENT.clone_into(&mut line);
                used = INDENT.len();
            }
            used += columns;
            line.push_str(&format!("{style}{piece_shown}{style:#}"));
            let id = args.ids.then(|| format!("[{id}]"));
            let label = args.labels.then(|| match labels.get(token) {
                Some(label) => format!("<{label}>"),
                None => "<none>".to_owned(),
            });
            for number in [id, label].into_iter().flatten() {
                line.push_str(&format!("{DIM}{number}{DIM:#}"));
                used += number.len();
            }
            if piece.ends_with('\n') {
                writeln!(out, "{line}")?;
                INDENT.clone_into(&mut line);
                used = INDENT.len();
            }
        }
        if !line.trim().is_empty() {
            writeln!(out, "{line}")?;
        }
        at = next;
    }
    if cut {
        struck(text.get(end..).unwrap_or_default(), out)?;
    }
    Ok(())
}

/// Text that truncation left out.
fn struck(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:>6} ╳ {DIM}cut{DIM:#}", "")?;
    lines(text, DIM.strikethrough(), out)
}

fn lines(text: &str, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    let width = output::reader_width();
    for line in text.lines().map(visible) {
        let parts = match width {
            Some(columns) => wrap(&line, columns.saturating_sub(INDENT.len()).max(20)),
            None => vec![line.to_string()],
        };
        for part in parts {
            writeln!(out, "{INDENT}{style}{part}{style:#}")?;
        }
    }
    Ok(())
}

/// What a token's text is part of.
fn origin<'s>(shown: &'s Shown, offset: Option<&(u32, u32)>) -> &'s str {
    let Some((start, _)) = offset else { return "" };
    let at = shown.parts.partition_point(|part| part.end <= *start);
    shown.parts.get(at).map_or("tokenizer", |part| part.from.as_str())
}
