//! `gonogo explain RULE`: the rule's page.

use std::io::Write;

use anstyle::Style;

use crate::report::wrap::wrap;
use crate::rules::{all, find};
use crate::settings::cli::ExplainArgs;
use crate::settings::{UsageError, nearest};

use super::{Outcome, output};

pub fn run(args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let Some(entry) = find(&args.rule) else {
        let meant = nearest(&args.rule, all().map(|entry| entry.meta.name));
        let hint = meant.map_or_else(
            || "see `gonogo rules`".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        return Err(UsageError(format!("there is no rule `{}`; {hint}", args.rule)).into());
    };
    let meta = entry.meta;
    let bold = Style::new().bold();
    let mut out = anstream::stdout().lock();
    write!(
        out,
        "{bold}{}{bold:#}  {}",
        meta.name,
        format!("{:?}", meta.level).to_lowercase()
    )?;
    if let Some((share, level)) = meta.escalate {
        write!(
            out,
            ", above {} of rows {}",
            crate::report::style::percent(share),
            format!("{level:?}").to_lowercase()
        )?;
    }
    writeln!(out, "\n")?;
    for line in flowing(meta.docs, output::reader_width().unwrap_or(WIDEST).min(WIDEST)) {
        match line.strip_prefix("## ") {
            Some(heading) => writeln!(out, "{bold}{heading}{bold:#}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(Outcome::Go)
}

/// Columns of the longest lines that are read with ease.
const WIDEST: usize = 100;

/// The lines of a page, its paragraphs broken anew; headings, lists and examples stay as they are.
fn flowing(page: &str, width: usize) -> Vec<String> {
    let (mut lines, mut paragraph, mut example) = (Vec::new(), String::new(), false);
    let end = |paragraph: &mut String, lines: &mut Vec<String>| {
        if !paragraph.is_empty() {
            lines.extend(wrap(&std::mem::take(paragraph), width));
        }
    };
    for line in page.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let fence = line.starts_with("```");
        if fence || example || line.is_empty() || line.starts_with(['#', '-', '|', ' ']) {
            end(&mut paragraph, &mut lines);
            lines.push(line.to_owned());
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line);
        }
        example ^= fence;
    }
    end(&mut paragraph, &mut lines);
    lines
}

#[cfg(test)]
mod tests {
    use super::flowing;

    #[test]
    fn paragraphs_are_broken_anew_and_examples_are_not() {
        let page = " ## What it finds\n one two\n three four\n\n ```jsonl\n {\"a\": \"b c d e f g\"}\n ```\n- a list of things\nend";
        let expected = [
            "## What it finds",
            "one two three",
            "four",
            "",
            "```jsonl",
            "{\"a\": \"b c d e f g\"}",
            "```",
            "- a list of things",
            "end",
        ];
        assert_eq!(flowing(page, 14), expected);
    }
}
