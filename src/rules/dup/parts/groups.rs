//! Groups of rows that share a key, as findings and as clusters.

use crate::finding::{Clusters, Findings};
use crate::sketch::keys::{Entry, Key, Keys, Shared};

/// Reports every row of a group but its first.
pub(in super::super) fn report<K: Key>(
    keys: &Keys<K>,
    out: &mut Findings,
    message: &dyn Fn(&[Entry<K>]) -> String,
) -> Clusters {
    each(keys, out, &mut |group, clusters, out| {
        clusters.add(group.iter().map(Entry::place));
        for repeated in &group[1..] {
            out.pair(&repeated.place(), group[0].place(), || message(group));
        }
    })
}

/// Of rows that share one value, reports those that differ from the first in another. The message is told how
/// many rows and how many values there are.
pub(in super::super) fn report_differing(
    keys: &Keys<Shared>,
    out: &mut Findings,
    message: &dyn Fn(usize, usize) -> String,
) -> Clusters {
    let mut seen = Vec::new();
    each(keys, out, &mut |group, clusters, out| {
        seen.clear();
        seen.extend(group.iter().zip(0usize..).map(|(entry, at)| (entry.key.other, at)));
        seen.sort_unstable();
        seen.dedup_by_key(|(value, _)| *value);
        if seen.len() < 2 {
            return;
        }
        clusters.add(group.iter().map(Entry::place));
        let first = group[0];
        for entry in group.iter().filter(|entry| entry.key.other != first.key.other) {
            out.pair(&entry.place(), first.place(), || message(group.len(), seen.len()));
        }
    })
}

fn each<K: Key>(
    keys: &Keys<K>,
    out: &mut Findings,
    show: &mut dyn FnMut(&[Entry<K>], &mut Clusters, &mut Findings),
) -> Clusters {
    let mut clusters = Clusters {
        all: keys.len(),
        ..Clusters::default()
    };
    let read = keys.groups(&mut |group| show(group, &mut clusters, out));
    if let Err(error) = read {
        out.failure = Some(format!(
            "cannot read back what was written to the temporary folder: {error}"
        ));
    }
    if let Some(trouble) = keys.trouble() {
        out.trouble = Some(trouble.to_owned());
    }
    clusters
}
