//! What a stretch of tokens is, and where ids stand among others.

use crate::model::encoded::What;
use crate::model::example::{Example, Turn};

/// Where some ids stand among others, one after the other.
pub(super) fn places<'i>(ids: &'i [u32], wanted: &'i [u32]) -> impl Iterator<Item = usize> {
    let windows = ids.windows(wanted.len().max(1)).enumerate();
    windows.filter(move |(_, ids)| *ids == wanted).map(|(at, _)| at)
}

/// The turn a stretch is the text of.
pub(super) fn turn<'e>(what: What, example: &'e Example<'_>) -> Option<&'e Turn<'e>> {
    match what {
        What::Template => None,
        What::Turn(at) => example.turns.get(usize::from(at)),
    }
}
