//! What `fit` keeps: the columns of rows, under everything they follow from.

use crate::cache::Cache;
use crate::command::prepare::Prepared;
use crate::measure::Rows;

use super::keys::Keys;
use super::{note, tokens};

/// The rows of a run, from the cache where they are in it, else from `scan` and then into it.
pub(in crate::command) fn rows(cache: Option<&Cache>, prepared: Prepared, scan: impl FnOnce(Prepared) -> Rows) -> Rows {
    let Some((cache, keys)) = cache.and_then(|cache| Some((cache, Keys::of(&prepared)?))) else {
        return scan(prepared);
    };
    let Some(key) = keys.rows() else { return scan(prepared) };
    match cache.load(key) {
        Ok(Some(rows)) => return rows,
        Ok(None) => {}
        Err(unusable) => note(&format!("{unusable}; it is made anew")),
    }
    let (kit, marks) = (prepared.kit.clone(), prepared.marks.clone());
    let rows = tokens::kept(cache, &keys, kit.as_deref(), || scan(prepared));
    // It is kept under the data as they were before.
    if marks.hold().is_ok()
        && let Err(error) = cache.store(key, &rows)
    {
        note(&format!("nothing is kept in {}: {error}", cache.folder().display()));
    }
    rows
}
