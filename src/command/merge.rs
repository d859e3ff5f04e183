//! `gonogo merge`: finishes a scan that was split.

use crate::rules::all;
use crate::scan::partial::{self, NthShard, Part};
use crate::settings::UsageError;
use crate::settings::cli::{FailOn, MergeArgs};

use super::distinct::distinct;
use super::header::Header;
use super::{Outcome, assemble, output};
use crate::finding::Level;

pub fn run(args: &MergeArgs) -> anyhow::Result<Outcome> {
    distinct(args.out.files()?, args.parts.iter().map(|path| &**path))?;
    let parts = args
        .parts
        .iter()
        .map(|path| partial::load(path))
        .collect::<Result<Vec<_>, _>>()?;
    complete(&parts)?;
    let first = &parts[0];
    let mut header: Header = serde_json::from_str(&first.header)?;
    let mut gathered = first.empty(all(), &header.options)?;
    for (path, part) in args.parts.iter().zip(&parts) {
        if part.header != first.header {
            let (path, first) = (path.display(), args.parts[0].display());
            let differs = serde_json::from_str(&part.header).map(|other| differs(&header, &other))?;
            return Err(UsageError(format!("{path} and {first} are not of one scan: {differs}")).into());
        }
        part.add_to(&mut gathered)?;
    }
    match (args.fail.fail_on, args.fail.exit_zero) {
        (_, true) | (Some(FailOn::Never), _) => header.fail_on = None,
        (Some(FailOn::Error), _) => header.fail_on = Some(Level::Error),
        (Some(FailOn::Warning), _) => header.fail_on = Some(Level::Warning),
        (None, false) => {}
    }
    let finished = gathered.finish(&header.setup);
    if let Some((rule, failure)) = finished.failure() {
        anyhow::bail!("{rule}: {failure}");
    }
    let fails = header.fail_on.is_some();
    let report = assemble::report(header, finished);
    output::write(&report, &args.out)?;
    Ok(Outcome::of(&report.verdict, fails))
}

/// What is not the same in two parts, in words.
fn differs(one: &Header, other: &Header) -> String {
    let same_names = one.content.keys().eq(other.content.keys());
    let mut both = one.content.iter().zip(other.content.values());
    match both.find(|((_, one), other)| one != other) {
        Some(((name, _), _)) if same_names => format!("{name} is not the same in both"),
        _ => "data, model or settings differ".to_owned(),
    }
}

/// Every shard must be there once: a verdict on some of the rows would be taken for one on all.
fn complete(parts: &[Part]) -> Result<(), UsageError> {
    let mut shards: Vec<NthShard> = parts.iter().filter_map(|part| part.shard).collect();
    shards.sort();
    let count = shards.first().map_or(1, |shard| shard.count);
    if shards.is_empty() && parts.len() == 1 {
        return Ok(());
    }
    if shards.len() != parts.len() || shards.iter().any(|shard| shard.count != count) {
        return Err(UsageError("the parts are not shards of one scan".to_owned()));
    }
    for index in 1..=count {
        match shards.iter().filter(|shard| shard.index == index).count() {
            1 => {}
            0 => return Err(UsageError(format!("shard {index}/{count} is missing"))),
            times => return Err(UsageError(format!("shard {index}/{count} is there {times} times"))),
        }
    }
    Ok(())
}
