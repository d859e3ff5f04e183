//! `gonogo explain RULE`: the rule's page.

use std::io::Write;

use anstyle::Style;

use crate::rules::{RULES, find};
use crate::settings::cli::ExplainArgs;
use crate::settings::{UsageError, nearest};

use super::Outcome;

pub fn run(args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let Some(entry) = find(&args.rule) else {
        let meant = nearest(&args.rule, RULES.iter().map(|entry| entry.meta.name));
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
    for line in meta.docs.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        match line.strip_prefix("## ") {
            Some(heading) => writeln!(out, "{bold}{heading}{bold:#}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(Outcome::Go)
}
