//! The report for a person at a terminal: what was read, the verdict, the findings with their
//! fixes, the lengths, what was not checked, what to run next.
//!
//! Colour is always written; the caller's stream strips it where it is not wanted.

use crate::measure::share;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::finding::Level;
use crate::measure::LengthSection;

use super::style::{bytes, count, counted, percent, short, shortened, visible};
use super::wrap::wrap;
use super::{At, Cluster, Found, Group, Report, Source, bars, batches, clusters, passages, plan};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// Width of the column of names at the left.
const NAMES: usize = 11;
/// Sources listed before the rest are summed up.
const SOURCES: usize = 8;

/// How much to show.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns to fill.
    pub width: usize,
    /// Places shown per rule.
    pub places: usize,
}

pub fn render(report: &Report, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { report, screen, out };
    page.inputs()?;
    page.verdict()?;
    page.findings()?;
    page.lengths()?;
    page.plan()?;
    page.not_checked()?;
    page.next()
}

struct Page<'p> {
    report: &'p Report,
    screen: Screen,
    out: &'p mut dyn Write,
}

impl Page<'_> {
    /// A name at the left and its text, broken at ` · ` and spaces where it is too long.
    fn line(&mut self, name: &str, text: &str) -> io::Result<()> {
        let width = self.screen.width.saturating_sub(NAMES + 3).max(20);
        for (at, part) in wrap(text, width).into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            writeln!(self.out, " {DIM}{name:<NAMES$}{DIM:#} {part}")?;
        }
        Ok(())
    }

    fn inputs(&mut self) -> io::Result<()> {
        if let Some(section) = &self.report.batches {
            for (name, text) in batches::lines(section) {
                self.line(name, &visible(&text))?;
            }
            return self.made_with();
        }
        self.sources()?;
        self.made_with()
    }

    fn sources(&mut self) -> io::Result<()> {
        let sources: Vec<&Source> = self.report.sources.iter().filter(|source| !source.settings).collect();
        for source in sources.iter().take(SOURCES) {
            let text = super::source::describe(source);
            let name = if source.against {
                "against"
            } else if source.eval {
                "eval"
            } else {
                "data"
            };
            self.line(name, &text)?;
            for note in &source.notes {
                self.line("", &visible(note))?;
            }
        }
        if sources.len() > SOURCES {
            let rest = &sources[SOURCES..];
            let rows = rest.iter().map(|source| source.rows).sum();
            let size = rest.iter().map(|source| source.bytes).sum();
            let text = format!(
                "and {} · {} · {}",
                counted(rest.len() as u64, "file"),
                counted(rows, "row"),
                bytes(size)
            );
            self.line("", &text)?;
        }
        Ok(())
    }

    /// Tokenizer, trainer and settings.
    fn made_with(&mut self) -> io::Result<()> {
        match &self.report.tokenizer {
            Some(tokenizer) => {
                let template = tokenizer
                    .template
                    .as_deref()
                    .map_or_else(|| "no chat template".to_owned(), |from| format!("template from {from}"));
                let text = format!(
                    "{} ({}) · {} ids · {template}",
                    tokenizer.name,
                    tokenizer.origin,
                    count(tokenizer.size as u64)
                );
                self.line("tokenizer", &visible(&text))?;
            }
            None if self.report.batches.is_some() => self.line("tokenizer", "none: tokens are shown by their ids")?,
            None => self.line(
                "tokenizer",
                "none: lengths are estimated (≈), tokens and masks are not checked",
            )?,
        }
        let trainer = &self.report.trainer;
        let text = match &trainer.name {
            Some(name) => format!("{name} · {}", trainer.mask),
            None => trainer.mask.clone(),
        };
        // The labels of batches are their own.
        if self.report.batches.is_none() {
            self.line("trainer", &visible(&text))?;
        }
        let settings = self
            .report
            .settings
            .iter()
            .map(|setting| format!("{} {} ({})", setting.name, setting.value, setting.origin));
        let settings = settings.collect::<Vec<_>>().join(" · ");
        if !settings.is_empty() {
            self.line("settings", &visible(&settings))?;
        }
        for note in &self.report.notes {
            self.line("note", &visible(note))?;
        }
        Ok(())
    }

    fn verdict(&mut self) -> io::Result<()> {
        let verdict = &self.report.verdict;
        let (word, style) = (verdict.word(), if verdict.go { GREEN } else { RED });
        let mut counts = Vec::new();
        for (number, name) in [
            (verdict.errors, "error"),
            (verdict.warnings, "warning"),
            (verdict.notes, "note"),
        ] {
            if number > 0 {
                counts.push(counted(number, name));
            }
        }
        let found = if counts.is_empty() {
            "nothing found".to_owned()
        } else {
            counts.join(", ")
        };
        let sampled = self.report.partly();
        writeln!(
            self.out,
            "\n {style}{word}{style:#}  {found} in {sampled}{}",
            counted(verdict.rows, "row")
        )
    }

    fn findings(&mut self) -> io::Result<()> {
        for group in &self.report.findings {
            writeln!(self.out)?;
            self.group(group)?;
        }
        Ok(())
    }

    fn group(&mut self, group: &Group) -> io::Result<()> {
        let (word, style) = match group.level {
            Level::Error => ("error", RED),
            Level::Warning => ("warn", YELLOW),
            Level::Note => ("note", CYAN),
        };
        let mut amount = String::new();
        if self.report.is_of_files(group) {
            amount = format!("  {}", counted(group.rows, "file"));
        } else if group.rows > 0 {
            amount = format!("  {} · {}", counted(group.rows, "row"), percent(group.share));
        }
        if group.tokens > 0 {
            amount.push_str(&format!(" · {} trained tokens", short(group.tokens)));
        }
        if let Some((met, of)) = group.held_out {
            amount.push_str(&format!(" · {} of {} met", count(met), counted(of, "held-out row")));
        }
        if let Some(clusters) = &group.clusters {
            let largest = clusters.largest.first().map_or(0, |cluster| cluster.size);
            amount.push_str(&format!(
                " · {}, the largest of {} · {} remain",
                counted(clusters.groups, "group"),
                count(largest),
                count(clusters.remaining)
            ));
        }
        writeln!(
            self.out,
            " {style}{word:<5}{style:#}  {BOLD}{}{BOLD:#}{amount}",
            group.rule
        )?;
        let more = self.places(group)?;
        if more > 0 {
            let more = match group.clusters {
                Some(_) => counted(more, "more group"),
                None => format!("{} more", count(more)),
            };
            writeln!(self.out, "        {DIM}and {more}{DIM:#}")?;
        }
        for note in group.clusters.iter().flat_map(|clusters| &clusters.notes) {
            for part in wrap(note, self.screen.width.saturating_sub(9).max(20)) {
                writeln!(self.out, "        {DIM}{part}{DIM:#}")?;
            }
        }
        if !group.fix.is_empty() {
            for (at, part) in wrap(&group.fix, self.screen.width.saturating_sub(14).max(20))
                .into_iter()
                .enumerate()
            {
                let name = if at == 0 { "fix:" } else { "" };
                writeln!(self.out, "        {name:<4} {part}")?;
            }
        }
        Ok(())
    }

    /// The first places, or the largest groups of rows that are alike, which say more; and how many are not shown.
    fn places(&mut self, group: &Group) -> io::Result<u64> {
        let most = self.screen.places;
        if let Some(alike) = &group.clusters {
            for cluster in alike.largest.iter().take(most) {
                self.cluster(cluster)?;
            }
            return Ok(alike.groups - alike.largest.len().min(most) as u64);
        }
        for found in group.places.iter().take(most) {
            self.found(found)?;
        }
        Ok(group.count - group.places.len().min(most) as u64)
    }

    fn cluster(&mut self, cluster: &Cluster) -> io::Result<()> {
        let text = clusters::line(self.report, cluster);
        let width = self.screen.width.saturating_sub(8).max(30);
        for (at, part) in wrap(&visible(&text), width - 2).into_iter().enumerate() {
            let pad = if at == 0 { "        " } else { "          " };
            writeln!(self.out, "{pad}{part}")?;
        }
        Ok(())
    }

    fn found(&mut self, found: &Found) -> io::Result<()> {
        let pointer = found
            .pointer
            .as_deref()
            .map_or(String::new(), |pointer| format!("  {pointer}"));
        let column = found.column.map_or(String::new(), |column| format!(":{column}"));
        let place = found
            .at
            .map_or(String::new(), |at| format!("{}{column}  ", self.report.short_place(at)));
        let text = format!("{}{pointer}", found.message(|at| self.report.short_place(at)));
        let indent = 8;
        let width = self.screen.width.saturating_sub(indent).max(30);
        let (place, text) = (visible(&place), visible(&text));
        if place.chars().count() + text.chars().count() <= width {
            return writeln!(self.out, "        {DIM}{place}{DIM:#}{text}");
        }
        for (at, part) in wrap(&format!("{place}{text}"), width - 2).into_iter().enumerate() {
            let pad = if at == 0 { "        " } else { "          " };
            writeln!(self.out, "{pad}{part}")?;
        }
        Ok(())
    }

    fn lengths(&mut self) -> io::Result<()> {
        let Some(lengths) = &self.report.lengths else {
            return Ok(());
        };
        let mark = if lengths.estimated { "≈" } else { "" };
        let all = &lengths.all;
        writeln!(self.out)?;
        let figures = [
            ("mean", format!("{:.0}", all.mean)),
            ("p50", count(all.p50)),
            ("p90", count(all.p90)),
            ("p95", count(all.p95)),
            ("p99", count(all.p99)),
            ("p99.9", count(all.p999)),
            ("max", count(all.max)),
        ];
        let figures = figures
            .iter()
            .map(|(name, value)| format!("{name} {mark}{value}"))
            .collect::<Vec<_>>()
            .join(" · ");
        self.line(
            "tokens",
            &format!(
                "{mark}{} in {}{}{} · {figures}",
                short(all.tokens),
                counted(all.rows, "row"),
                self.report.of_evaluation(),
                self.report.of_pairs(", of each the longer side")
            ),
        )?;
        self.histogram(lengths)?;
        if let Some(cut) = &lengths.max_length {
            let text = format!(
                "{} ({}) cuts {} ({}), {} tokens, {} of them trained · {} whole",
                count(cut.limit as u64),
                cut.origin,
                counted(cut.rows, "row"),
                percent(share(cut.rows, all.rows)),
                short(cut.tokens),
                short(cut.trained),
                counted(cut.answers_lost, "answer"),
            );
            self.line("max_length", &text)?;
        }
        if let Some(masks) = &self.report.masks {
            let text = format!(
                "{} of {} tokens{} ({})",
                short(masks.trained),
                short(masks.tokens),
                self.report.of_pairs(" of both sides"),
                percent(share(masks.trained, masks.tokens))
            );
            let roles = masks.roles.iter().filter(|role| role.tokens > 0);
            let roles = roles.map(|role| format!("{} {}", role.role, percent(share(role.trained, role.tokens))));
            let roles: Vec<String> = std::iter::once(text).chain(roles).collect();
            self.line("trained", &roles.join(" · "))?;
            for (at, worth) in masks.worth.iter().enumerate() {
                let spot = self.report.short_place(At {
                    source: worth.source,
                    row: worth.row,
                    line: worth.line,
                });
                let spot = visible(&spot);
                let text = format!(
                    "{spot}  {}, {} of {} tokens trained",
                    worth.why.said(),
                    count(worth.trained),
                    count(worth.tokens)
                );
                self.line(if at == 0 { "look at" } else { "" }, &text)?;
            }
        }
        let mut waste = Vec::new();
        if let Some(padding) = &lengths.padding {
            waste.push(format!(
                "{} at batch {} in file order",
                percent(padding.unsorted),
                padding.batch_size
            ));
            waste.push(format!("{} grouped by length", percent(padding.grouped)));
        }
        if let Some(packed) = &lengths.packed {
            waste.push(format!(
                "{} packed to {} ({})",
                percent(1.0 - packed.efficiency),
                count(u64::from(packed.capacity)),
                counted(packed.sequences, "sequence")
            ));
        }
        if !waste.is_empty() {
            self.line("padding", &waste.join(" · "))?;
        }
        self.mix(lengths)?;
        for (name, text) in passages::lines(self.report) {
            self.line(name, &text)?;
        }
        Ok(())
    }

    fn mix(&mut self, lengths: &LengthSection) -> io::Result<()> {
        let mix = &self.report.mix;
        let mut text: Vec<String> = mix
            .roles
            .iter()
            .map(|role| format!("{} {}", role.role.name(), count(role.turns)))
            .collect();
        if mix.turns.2 > 0 {
            text.push(format!(
                "turns {}–{} (median {})",
                mix.turns.0, mix.turns.2, mix.turns.1
            ));
        }
        text.extend(
            mix.scripts
                .iter()
                .take(3)
                .map(|(script, share)| format!("{script} {}", percent(*share))),
        );
        if !lengths.estimated && lengths.chars_per_token > 0.0 {
            text.push(format!("{:.2} characters a token", lengths.chars_per_token));
        }
        for (share, name) in [
            (lengths.unk_share, "unk"),
            (lengths.byte_fallback_share, "byte fallback"),
        ] {
            if share > 0.0 {
                text.push(format!("{name} {}", percent(share)));
            }
        }
        self.line("mix", &text.join(" · "))
    }

    /// Bars of the length bins, log scale, with a line where `max_length` stands.
    fn histogram(&mut self, lengths: &LengthSection) -> io::Result<()> {
        let limit = lengths.max_length.as_ref().map(|cut| cut.limit as u64);
        let bars = bars::of(&lengths.histogram, limit);
        let room = self.screen.width.saturating_sub(NAMES + 26).max(10);
        let text = format!(
            "{} {} {}",
            count(lengths.all.min),
            shortened(&bars, room),
            count(lengths.all.max)
        );
        let key = limit
            .filter(|_| bars.contains('│'))
            .map_or(String::new(), |limit| format!("   │ max_length {}", count(limit)));
        writeln!(self.out, " {:<NAMES$} {text}{DIM}{key}{DIM:#}", "")
    }

    fn plan(&mut self) -> io::Result<()> {
        let Some(budget) = &self.report.plan else { return Ok(()) };
        for (name, text) in plan::lines(budget) {
            self.line(name, &visible(&text))?;
        }
        Ok(())
    }

    fn not_checked(&mut self) -> io::Result<()> {
        if self.report.not_checked.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        for (at, not_checked) in self.report.not_checked.iter().enumerate() {
            let text = format!("{} ({})", families(&not_checked.rules), not_checked.reason);
            self.line(if at == 0 { "not checked" } else { "" }, &visible(&text))?;
        }
        Ok(())
    }

    fn next(&mut self) -> io::Result<()> {
        for (at, hint) in self.report.next.iter().enumerate() {
            if at == 0 {
                writeln!(self.out)?;
            }
            self.line(if at == 0 { "next" } else { "" }, &visible(hint))?;
        }
        Ok(())
    }
}

/// Rules by name; where they are many, those of a family by their number: the JSON report names them all.
fn families(rules: &[String]) -> String {
    const MANY: usize = 4;
    let family = |rule: &String| rule.split_once('/').map(|(family, _)| family.to_owned());
    let mut said: Vec<String> = Vec::new();
    let mut from = 0;
    while let Some(rule) = rules.get(from) {
        let own = family(rule);
        let alike = rules[from..].iter().take_while(|rule| family(rule) == own).count();
        match own {
            Some(own) if alike > MANY => said.push(format!("{own}/… ({alike} rules)")),
            _ => said.extend_from_slice(&rules[from..from + alike]),
        }
        from += alike;
    }
    said.join(", ")
}
