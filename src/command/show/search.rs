//! Which row is meant: a number, an id, or the first a rule complains of.

use xxhash_rust::xxh3::xxh3_64;

use crate::command::prepare::workers;
use crate::json;
use crate::model::value::Value;
use crate::report::style::counted;
use crate::scan::{Progress, Scan};
use crate::settings::UsageError;
use crate::source::{Part, open};

use super::{Prepared, Shown, shown};

/// Digits of an id that are enough to ask by.
const SHORTEST: usize = 6;

/// A row's id: 16 digits that depend on its keys and values in their order, and on nothing else.
pub(super) fn id(value: &Value<'_>) -> String {
    let mut text = String::new();
    json::write(value, json::Layout::Line, &mut text);
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

/// The row of that number, counting through all files.
pub(super) fn by_number(prepared: &Prepared, wanted: u64) -> anyhow::Result<Shown> {
    let mut before = 0;
    for (source, input) in (0u32..).zip(&prepared.inputs) {
        let mut found = None;
        let mut reader = open(input, source, Part::Row(wanted - before), &prepared.limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| found = Some(shown(prepared, source, read)));
        }
        if let Some(found) = found {
            return found;
        }
        let mut reader = open(input, source, Part::Whole, &prepared.limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |_| before += 1);
        }
        if before > wanted {
            break;
        }
    }
    let rows = counted(before, "row");
    Err(UsageError(format!("there is no row {wanted}: the data has {rows}")).into())
}

/// The first row whose id starts so.
pub(super) fn by_id(prepared: &Prepared, wanted: &str) -> anyhow::Result<Shown> {
    let wanted = wanted.to_ascii_lowercase();
    if wanted.len() < SHORTEST {
        return Err(UsageError(format!("--id needs {SHORTEST} digits or more")).into());
    }
    for (source, input) in (0u32..).zip(&prepared.inputs) {
        let mut reader = open(input, source, Part::Whole, &prepared.limits);
        while let Some(batch) = reader.next() {
            let mut found = None;
            batch.rows(&mut |read| {
                let is_it = |value: &Value<'_>| id(value).starts_with(&wanted);
                if found.is_none() && read.as_ref().is_ok_and(|record| is_it(&record.value)) {
                    found = Some(shown(prepared, source, read));
                }
            });
            if let Some(found) = found {
                return found;
            }
        }
    }
    Err(UsageError(format!("no row has an id that starts with {wanted}")).into())
}

/// The first row that the rule, or a rule of the category, complains of.
pub(super) fn worst(mut prepared: Prepared, rule: &str) -> anyhow::Result<Shown> {
    if prepared.rules.is_empty() {
        let reason = prepared
            .header
            .not_checked
            .first()
            .map_or("", |lacking| lacking.reason.as_str());
        return Err(UsageError(format!("{rule} cannot be checked: {reason}")).into());
    }
    let readers = std::mem::take(&mut prepared.readers);
    let setup = &prepared.header.setup;
    let scan = Scan {
        setup,
        layouts: &prepared.layouts,
        encoder: prepared.encoder.as_deref(),
        holdout: prepared.holdout.as_ref(),
        progress: &Progress::default(),
        workers: workers(),
        limit: None,
    };
    let gathered = scan
        .run(readers, &prepared.rules, &prepared.header.options)
        .map_err(|(rule, error)| UsageError(format!("options of rule {rule}: {error}")))?;
    let found = gathered.finish(setup).found;
    let mut findings = found.into_iter().flat_map(|(_, findings)| findings.into_kept());
    let Some(place) = findings.find_map(|finding| finding.place) else {
        return Err(UsageError(format!("{rule} finds nothing in any row")).into());
    };
    let input = &prepared.inputs[place.source as usize];
    let mut reader = open(input, place.source, Part::Row(place.row), &prepared.limits);
    let mut found = None;
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| found = Some(shown(&prepared, place.source, read)));
    }
    found.unwrap_or_else(|| Err(UsageError(format!("{rule} is about a whole file, not a row")).into()))
}
