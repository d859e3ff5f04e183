//! What `check` keeps: what rules and measures gathered, before the run is planned.
//!
//! In two entries. One is what rules found that look at the data alone: it stands however the run is set up. The
//! other is what the rest gathered, which follows from tokens and masks as well; a check with other batches, steps or
//! schedule finds both, one with another max_length or packing finds the first.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::{Cache, Key};
use crate::command::prepare::Prepared;
use crate::finding::Settled;
use crate::rule::lane::RuleEntry;
use crate::scan::{Gathered, partial};

use super::keys::Keys;
use super::{note, tokens};

/// What an earlier run has kept for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Again {
    Nothing,
    /// The tokens of all texts but for so many.
    Tokens(u64),
    Everything,
}

/// What a scan for the run's rules gathers, from the cache where it is in it, else from `scan` and then into it.
/// `scan` is told which of the rules are left to look.
pub(in crate::command) fn gathered<E>(
    cache: Option<&Cache>,
    prepared: &Prepared,
    scan: impl FnOnce(&[&'static RuleEntry]) -> Result<Gathered, E>,
) -> Result<(Gathered, Again), E> {
    let anew = |gathered| (gathered, Again::Nothing);
    let keys = cache.and_then(|cache| Some((cache, Keys::of(prepared)?)));
    let Some((cache, keys)) = keys else {
        return scan(&prepared.rules).map(anew);
    };
    let (Some(of_data), Some(of_run)) = (keys.of_data(prepared), keys.of_run(prepared)) else {
        return scan(&prepared.rules).map(anew);
    };
    let settled: Option<Vec<(String, Settled)>> = load(cache, of_data);
    let resume = |settled: Vec<(String, Settled)>| {
        let mut gathered = Gathered::new(&prepared.rules, &prepared.header.options).ok()?;
        gathered.resume(settled).then_some(gathered)
    };
    let left = prepared.rules.iter().copied();
    let left: Vec<_> = left.filter(|entry| entry.rows && !entry.data_only).collect();
    let whole = settled.clone().and_then(|settled| {
        let part = partial::from_bytes(&load::<Vec<u8>>(cache, of_run)?, "the cache").ok()?;
        let mut rest = Gathered::new(&left, &prepared.header.options).ok()?;
        part.add_to(&mut rest).ok()?;
        let mut gathered = resume(settled)?;
        gathered.merge(rest);
        Some(gathered)
    });
    if let Some(whole) = whole {
        return Ok((whole, Again::Everything));
    }
    let kit = prepared.kit.as_deref();
    let mut gathered = match settled.and_then(resume) {
        Some(mut resumed) => {
            let rest = tokens::kept(cache, &keys, kit, || scan(&left))?;
            resumed.merge(rest);
            resumed
        }
        None => tokens::kept(cache, &keys, kit, || scan(&prepared.rules))?,
    };
    // What was found is kept under the data as they were before.
    if let Some(settled) = gathered
        .settle(&prepared.header.setup)
        .filter(|_| prepared.marks.hold().is_ok())
    {
        store(cache, of_data, &settled);
        let kept = partial::to_bytes("", None, &gathered);
        store(cache, of_run, &kept.unwrap_or_default());
    }
    let missed = kit.and_then(|kit| kit.kept().missed());
    Ok((gathered, missed.map_or(Again::Nothing, Again::Tokens)))
}

fn load<T: DeserializeOwned>(cache: &Cache, key: Key) -> Option<T> {
    cache.load(key).unwrap_or_else(|unusable| {
        note(&format!("{unusable}; it is made anew"));
        None
    })
}

fn store(cache: &Cache, key: Key, value: &impl Serialize) {
    if let Err(error) = cache.store(key, value) {
        note(&format!("nothing is kept in {}: {error}", cache.folder().display()));
    }
}
