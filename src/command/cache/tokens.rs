//! The tokens of a run's texts, kept for the next run over the same data.

use crate::cache::{Cache, Key, Texts};
use crate::encode::kit::Kit;

use super::keys::Keys;
use super::note;

/// Scans with the tokens an earlier run has kept, or keeps them for the next.
pub(super) fn kept<T>(cache: &Cache, keys: &Keys, kit: Option<&Kit>, scan: impl FnOnce() -> T) -> T {
    let Some((kit, key)) = kit.zip(keys.texts()) else {
        return scan();
    };
    if let Some(texts) = texts(cache, key) {
        kit.kept().keep(texts);
    }
    let scanned = scan();
    if let Some(Err(error)) = kit.kept().texts().map(Texts::finish) {
        note(&format!("no tokens are kept in {}: {error}", cache.folder().display()));
    }
    scanned
}

/// Those there are, or a place for new ones. Where there can be none, whoever keeps the results says so.
fn texts(cache: &Cache, key: Key) -> Option<Texts> {
    match cache.texts(key) {
        Ok(Some(texts)) => return Some(texts),
        Ok(None) => {}
        Err(unusable) => note(&format!("{unusable}; it is made anew")),
    }
    cache.new_texts(key).ok()
}
