//! What a part of a scan was made of, so that parts of other data are not taken for parts of one.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::cache::KeyOf;

use super::cache;
use super::prepare::Prepared;

/// Hashes of the data and of the tokenizer, by name.
///
/// It is a second read of all data: nothing short of it tells a file from one of the same size, and a shard reads only
/// its own rows.
///
/// # Errors
///
/// If a file cannot be read any more.
pub(super) fn of(prepared: &Prepared) -> anyhow::Result<BTreeMap<String, String>> {
    let mut content = BTreeMap::new();
    for input in prepared.inputs.iter().chain(&prepared.against) {
        // A file of several lists of rows is there once for each.
        if !content.contains_key(&input.name) {
            let mut key = KeyOf::default();
            let key = key.file(&input.path);
            let key = key.with_context(|| format!("{} cannot be read", input.name))?.key();
            content.insert(input.name.clone(), key.to_string());
        }
    }
    let kit = prepared.kit.as_ref();
    if let Some(key) = kit.and_then(|kit| cache::tokenizer(KeyOf::default(), kit.path())) {
        content.insert("the tokenizer".to_owned(), key.key().to_string());
    }
    Ok(content)
}
