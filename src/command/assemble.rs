//! What was found, made a report: levels settled, groups sorted, the verdict drawn.

use crate::finding::{self, Finding, Findings, Level};
use crate::measure::{RowCounts, share};
use crate::place::Place;
use crate::report::{At, Cluster, Clusters, Found, Group, NotChecked, ROWS_OF, Report, Source, VERSION, Verdict};
use crate::rule::RuleMeta;
use crate::scan::Finished;
use crate::settings::threshold::Threshold;

use super::header::{Header, WHAT_IS_CUT};

/// Places kept per rule in the report.
const PLACES: usize = 20;

/// Tokens of the longest row below which any run takes it whole.
const SHORT: u64 = 512;

/// The report of a finished scan.
pub fn report(header: Header, finished: Finished) -> Report {
    let mut sources = header.sources;
    for (source, counts) in sources.iter_mut().zip(&finished.sections.rows) {
        source.rows = counts.rows;
        source.unreadable = counts.unreadable;
        source.misfit = counts.misfit;
    }
    let rows: u64 = sources
        .iter()
        .filter(|source| !source.against)
        .map(|source| source.rows)
        .sum();
    let troubles = finished.found.iter().filter_map(|(meta, findings)| {
        let trouble = findings.trouble.as_ref()?;
        Some(format!("{}: {trouble}; kept in memory instead", meta.name))
    });
    let mut notes = header.notes;
    notes.extend(troubles);
    let all = Rows::of(&sources);
    let mut settings_files = SettingsFiles { sources: &mut sources };
    let mut groups: Vec<Group> = finished
        .found
        .into_iter()
        .filter(|(_, findings)| !findings.is_empty())
        .map(|(meta, findings)| {
            let level = level(meta, &findings, &all, &header.warn_if, &header.error_if);
            group(meta, level, findings, &all, &mut settings_files)
        })
        .collect();
    groups.sort_by(|left, right| (right.level, right.rows, &left.rule).cmp(&(left.level, left.rows, &right.rule)));
    let unread = unread(&sources, &finished.sections.rows, &groups);
    let count = |level| groups.iter().filter(|group| group.level == level).count() as u64;
    let verdict = Verdict {
        // Of no row there is nothing good to say. Where nothing is to fail the run, errors are no GO all the same.
        go: rows > 0 && {
            let fails = header.fail_on.unwrap_or(Level::Error);
            groups.iter().all(|group| group.level < fails)
        },
        complete: !header.missing
            && unread.is_empty()
            && header.sample.is_none_or(|sample| {
                let mut own = sources.iter().filter(|source| !source.against);
                own.all(|source| source.rows < sample)
            }),
        errors: count(Level::Error),
        warnings: count(Level::Warning),
        notes: count(Level::Note),
        rows,
    };
    // Of nothing there is no more to see, and of short rows nothing to cut.
    let lengths = finished.sections.lengths.as_ref();
    let short = lengths.is_none_or(|lengths| lengths.all.max < SHORT);
    let says_more = |hint: &String| rows > 0 && !(short && hint.ends_with(WHAT_IS_CUT));
    let next = header.next.into_iter().filter(says_more).collect();
    Report {
        version: VERSION,
        gonogo: env!("CARGO_PKG_VERSION").to_owned(),
        verdict,
        plan: finished.sections.budget,
        sources,
        tokenizer: header.tokenizer,
        trainer: header.trainer,
        settings: header.settings,
        findings: groups,
        lengths: finished.sections.lengths,
        masks: finished.sections.masks,
        mix: finished.sections.mix,
        passages: finished.sections.passages,
        batches: None,
        not_checked: header.not_checked.into_iter().chain(unread).collect(),
        notes,
        next,
    }
}

/// Files that cannot be read whole, of which no finding speaks because its rule was not asked.
fn unread(sources: &[Source], counts: &[RowCounts], groups: &[Group]) -> Vec<NotChecked> {
    let said = |at: u32| {
        let mut groups = groups.iter().filter(|group| group.rule.starts_with("schema/"));
        groups.any(|group| {
            let mut places = group.places.iter().filter_map(|found| found.at);
            group.count > group.places.len() as u64 || places.any(|place| place.source == at)
        })
    };
    (0..)
        .zip(sources)
        .zip(counts)
        .filter(|((at, _), counts)| counts.unreadable > 0 && !said(*at))
        .map(|((_, source), _)| NotChecked {
            rules: vec![format!("{ROWS_OF}{}", source.name)],
            reason: "not all of it can be read, and the rules that say why were not asked".to_owned(),
        })
        .collect()
}

/// The user's thresholds if there are any for the rule, else the rule's own.
fn level(
    meta: &RuleMeta,
    findings: &Findings,
    all: &Rows,
    warn_if: &[(String, Threshold)],
    error_if: &[(String, Threshold)],
) -> Level {
    let last = |given: &[(String, Threshold)]| {
        let given = given
            .iter()
            .rev()
            .find(|(rule, _)| rule == meta.name || rule == meta.category());
        given.map(|(_, threshold)| *threshold)
    };
    let (warn, error) = (last(warn_if), last(error_if));
    // A finding about the whole set has no rows, and is beyond any threshold.
    let (affected, rows) = all.affected(findings);
    let exceeded = |threshold: Threshold| {
        findings.rows() == 0 || threshold.exceeded(findings.rows(), all.all) || threshold.exceeded(affected, rows)
    };
    if error.is_some_and(exceeded) {
        return Level::Error;
    }
    match warn {
        Some(warn) if exceeded(warn) => return Level::Warning,
        Some(_) => return Level::Note,
        None => {}
    }
    let own = match meta.escalate {
        Some((share, level)) if share_of(findings, all) > share => level,
        _ => meta.level,
    };
    if error.is_some() { own.min(Level::Warning) } else { own }
}

/// Rows looked at, and which of them are trained on.
struct Rows {
    all: u64,
    trained_on: u64,
    /// By source, whether its rows are trained on.
    training: Vec<bool>,
}

impl Rows {
    fn of(sources: &[Source]) -> Self {
        let sum = |wanted: &dyn Fn(&Source) -> bool| {
            let sources = sources.iter().filter(|source| !source.against && wanted(source));
            sources.map(|source| source.rows).sum()
        };
        Self {
            all: sum(&|_| true),
            trained_on: sum(&|source| !source.eval),
            training: sources.iter().map(|source| !source.eval && !source.against).collect(),
        }
    }

    /// Rows found, of how many: those of the training data where they are the larger share, which rows held out beside
    /// them do not make harmless.
    fn affected(&self, findings: &Findings) -> (u64, u64) {
        let trained_on = |source: &u32| self.training.get(*source as usize) == Some(&true);
        let found = findings.rows_of().filter(|(source, _)| trained_on(source));
        let found: u64 = found.map(|(_, rows)| rows).sum();
        let larger =
            u128::from(found) * u128::from(self.all) > u128::from(findings.rows()) * u128::from(self.trained_on);
        if larger {
            (found, self.trained_on)
        } else {
            (findings.rows(), self.all)
        }
    }
}

/// What the level goes by: the share of rows, or that of held-out rows where the rule is about those.
fn share_of(findings: &Findings, all: &Rows) -> f64 {
    let (part, whole) = findings.held_out.unwrap_or_else(|| all.affected(findings));
    share(part, whole)
}

fn group(meta: &RuleMeta, level: Level, findings: Findings, all: &Rows, files: &mut SettingsFiles<'_>) -> Group {
    let (affected, count, tokens) = (findings.rows(), findings.count, findings.tokens);
    let (of_training, of) = all.affected(&findings);
    let fix = findings.fix.clone();
    let clusters = findings
        .clusters
        .clone()
        .map(|found| clusters(found, all.all - affected));
    Group {
        clusters,
        held_out: findings.held_out,
        rule: meta.name.to_owned(),
        level,
        rows: affected,
        share: share(of_training, of),
        count,
        tokens,
        places: findings
            .into_kept()
            .into_iter()
            .take(PLACES)
            .map(|finding| found(finding, files))
            .collect(),
        fix: fix.or_else(|| meta.section("Fix")).unwrap_or_default(),
    }
}

fn clusters(clusters: finding::Clusters, remaining: u64) -> Clusters {
    Clusters {
        groups: clusters.groups,
        rows: clusters.rows,
        of: clusters.all,
        remaining,
        largest: clusters
            .largest
            .into_iter()
            .map(|cluster| Cluster {
                size: cluster.size,
                members: cluster.members.into_iter().map(at).collect(),
            })
            .collect(),
        notes: clusters.notes,
    }
}

/// The files that settings stand in, as sources that have no rows: one for each that is to blame for something.
struct SettingsFiles<'s> {
    sources: &'s mut Vec<Source>,
}

impl SettingsFiles<'_> {
    /// `axolotl.yaml:33`, or the file alone.
    fn at(&mut self, blame: &str) -> At {
        let line = blame
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (name, line) = line.map_or((blame, None), |(file, line)| (file, Some(line)));
        let own = |source: &Source| source.settings && source.name == name;
        let source = self.sources.iter().position(own).unwrap_or_else(|| {
            self.sources.push(Source::of_settings(name));
            self.sources.len() - 1
        });
        At {
            source: u32::try_from(source).expect("fewer sources than 2^32"),
            row: 0,
            line,
        }
    }
}

fn found(finding: Finding, files: &mut SettingsFiles<'_>) -> Found {
    let blamed = finding.blame.as_ref().map(|blame| files.at(blame));
    Found {
        at: finding.place.map(at).or(blamed),
        column: finding.column,
        pointer: finding.pointer,
        message: finding.message,
        other: finding.other.map(at),
    }
}

fn at(place: Place) -> At {
    At {
        source: place.source,
        row: place.row,
        line: Some(place.line).filter(|line| *line > 0),
    }
}
