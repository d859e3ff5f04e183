//! Which rows go, and why: findings made decisions.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::prepare::Prepared;
use crate::finding::Finding;
use crate::place::Place;
use crate::rewrite::Removal;
use crate::scan::Finished;
use crate::settings::cli::{DropFrom, Keep};
use crate::source::{Part, open};

/// A row of a source.
type RowId = (u32, u64);

/// The rows that go, each with the first rule that said so.
#[derive(Debug, Default)]
pub(super) struct Fates(BTreeMap<RowId, (&'static str, String)>);

impl Fates {
    fn remove(&mut self, row: RowId, rule: &'static str, reason: &dyn Fn() -> String) {
        self.0.entry(row).or_insert_with(|| (rule, reason()));
    }

    /// The removals of one source, in order.
    pub(super) fn of(&self, source: u32) -> Vec<Removal> {
        let rows = self.0.range((source, 0)..=(source, u64::MAX));
        rows.map(|((_, row), (rule, reason))| Removal {
            row: *row,
            rule,
            reason: reason.clone(),
        })
        .collect()
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Rows removed by rule, in order of name.
    pub(super) fn by_rule(&self) -> BTreeMap<&'static str, u64> {
        let mut rules = BTreeMap::new();
        for (rule, _) in self.0.values() {
            *rules.entry(*rule).or_default() += 1;
        }
        rules
    }
}

/// Decides. Of rows that are alike one is kept, the first or the longest; of a pair of a training row and a
/// held-out row the one on the side that rows are dropped from goes. Rows of the other side never go.
pub(super) fn settle(prepared: &Prepared, finished: Finished, keep: Keep, drop_from: DropFrom) -> Fates {
    let setup = &prepared.header.setup;
    let ours = |place: &Place| {
        (place.source as usize) < prepared.inputs.len() && setup.is_eval(place.source) == (drop_from == DropFrom::Eval)
    };
    let mut fates = Fates::default();
    // Rows that are alike, by rule: which is kept is decided when it is known which go anyway.
    let mut alike: Vec<(&'static str, Vec<Finding>)> = Vec::new();
    for (meta, findings) in finished.found {
        let clustered = findings.clusters.is_some();
        let held_out = findings.held_out.is_some();
        let kept = findings.into_kept();
        if clustered {
            alike.push((meta.name, kept));
            continue;
        }
        for finding in kept {
            let Some(place) = finding.place else { continue };
            let (goes, other) = match (held_out, drop_from, finding.other) {
                (true, DropFrom::Eval, Some(other)) => (other, Some(place)),
                (_, _, other) => (place, other),
            };
            if ours(&goes) {
                let reason = || reason(prepared, &finding, other);
                fates.remove((goes.source, goes.row), meta.name, &reason);
            }
        }
    }
    for (rule, findings) in alike {
        cluster(prepared, rule, &findings, keep, &ours, &mut fates);
    }
    fates
}

fn reason(prepared: &Prepared, finding: &Finding, other: Option<Place>) -> String {
    match other {
        None => finding.message.clone(),
        Some(place) => {
            let sources = &prepared.header.sources;
            let name = sources
                .get(place.source as usize)
                .map_or("", |source| source.name.as_str());
            let spot = if place.line > 0 {
                format!("{name}:{}", place.line)
            } else {
                format!("{name} row {}", place.row)
            };
            format!("{} {spot}", finding.message)
        }
    }
}

/// Keeps one row of each group of rows that are alike.
fn cluster(
    prepared: &Prepared,
    rule: &'static str,
    findings: &[Finding],
    keep: Keep,
    ours: &dyn Fn(&Place) -> bool,
    fates: &mut Fates,
) {
    let pairs = findings
        .iter()
        .filter_map(|finding| Some((finding.place?, finding.other?, finding)));
    let pairs: Vec<_> = pairs.filter(|(place, ..)| ours(place)).collect();
    let id = |place: &Place| (place.source, place.row);
    let mut groups = Groups::default();
    for (place, other, _) in &pairs {
        groups.join(id(place), id(other));
    }
    let wanted: BTreeSet<RowId> = groups.0.keys().copied().collect();
    let lengths = if keep == Keep::Longest {
        lengths(prepared, &wanted)
    } else {
        BTreeMap::new()
    };
    // Of each group the row to keep: not one that goes for another reason, if there is a choice.
    let mut kept: BTreeMap<RowId, RowId> = BTreeMap::new();
    let rank = |row: RowId, fates: &Fates| {
        let length = lengths.get(&row).copied().unwrap_or(0);
        (fates.0.contains_key(&row), std::cmp::Reverse(length), row)
    };
    for row in &wanted {
        let root = groups.root(*row);
        let best = kept.entry(root).or_insert(*row);
        if rank(*row, fates) < rank(*best, fates) {
            *best = *row;
        }
    }
    let messages: BTreeMap<RowId, &Finding> = pairs.iter().map(|(place, _, finding)| (id(place), *finding)).collect();
    for row in wanted {
        let kept = kept[&groups.root(row)];
        if row == kept {
            continue;
        }
        let place = Place {
            source: kept.0,
            row: kept.1,
            ..Place::default()
        };
        fates.remove(row, rule, &|| {
            if let Some(finding) = messages.get(&row) {
                return reason(prepared, finding, finding.other);
            }
            let name = &prepared.header.sources[place.source as usize].name;
            format!("like row {} of {name}, which is kept", place.row)
        });
    }
}

/// Rows joined into groups; the root of a group is its first row.
#[derive(Default)]
struct Groups(BTreeMap<RowId, RowId>);

impl Groups {
    fn root(&self, row: RowId) -> RowId {
        let mut at = row;
        while let Some(parent) = self.0.get(&at).filter(|parent| **parent != at) {
            at = *parent;
        }
        at
    }

    fn join(&mut self, one: RowId, other: RowId) {
        self.0.entry(one).or_insert(one);
        self.0.entry(other).or_insert(other);
        let (left, right) = (self.root(one), self.root(other));
        let root = left.min(right);
        // Both ways are made short, so that long chains do not grow.
        for start in [one, other, left, right] {
            self.0.insert(start, root);
        }
    }
}

/// How many bytes of text some rows have.
fn lengths(prepared: &Prepared, rows: &BTreeSet<RowId>) -> BTreeMap<RowId, u64> {
    let mut lengths = BTreeMap::new();
    for ((source, input), layout) in (0u32..).zip(&prepared.inputs).zip(&prepared.layouts) {
        let Some(layout) = layout
            .as_ref()
            .filter(|_| rows.range((source, 0)..=(source, u64::MAX)).next().is_some())
        else {
            continue;
        };
        let mut reader = open(input, source, Part::Whole, &prepared.limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| {
                let Ok(record) = read else { return };
                let row = (source, record.place.row);
                if rows.contains(&row)
                    && let Ok(example) = layout.read(&record)
                {
                    lengths.insert(row, example.turns.iter().map(|turn| turn.text.len() as u64).sum());
                }
            });
        }
    }
    lengths
}
