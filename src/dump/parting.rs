//! Where a document of a dump and a row encoded here part.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::model::dumped::{Difference, Met};
use crate::model::encoded::IGNORE;

use super::matching::{Ours, RUN};

/// Tokens shown of what parts, and of how a document begins.
pub(super) const CONTEXT: usize = 8;

/// A row of the dump.
pub(super) struct Row {
    pub(super) ids: Vec<i64>,
    pub(super) labels: Option<Vec<i64>>,
}

/// A row encoded here.
pub(super) struct Likeness {
    pub(super) name: String,
    pub(super) ids: Vec<i64>,
    pub(super) labels: Vec<i64>,
}

impl Likeness {
    pub(super) fn of(ids: &[i64], ours: Ours<'_>) -> Self {
        Self {
            name: (ours.name)(),
            ids: ids.to_vec(),
            labels: ours.labels.iter().map(|label| i64::from(*label)).collect(),
        }
    }
}

/// By how much the document's tokens are to be moved to meet those of ours: by nothing where they begin alike, else
/// as most of their runs say.
pub(super) fn offset(document: &[i64], ours: &[i64]) -> isize {
    let alike = document
        .iter()
        .zip(ours)
        .take_while(|(left, right)| left == right)
        .count();
    if alike >= RUN.min(document.len()).min(ours.len()) {
        return 0;
    }
    let length = RUN.min(document.len()).min(ours.len()).max(1);
    let mut places: HashMap<&[i64], usize> = HashMap::new();
    for (at, run) in ours.windows(length).enumerate() {
        places.entry(run).or_insert(at);
    }
    let mut votes: BTreeMap<isize, usize> = BTreeMap::new();
    for (at, run) in document.windows(length).enumerate() {
        if let Some(there) = places.get(run) {
            *votes.entry(there.cast_signed() - at.cast_signed()).or_default() += 1;
        }
    }
    let best = votes
        .into_iter()
        .max_by_key(|(offset, votes)| (*votes, std::cmp::Reverse(offset.unsigned_abs())));
    best.map_or(0, |(offset, _)| offset)
}

/// Whether a document is a part of a row, labels and all.
pub(super) fn is_piece(row: &Row, tokens: &Range<usize>, ours: &Likeness, offset: isize) -> bool {
    let Ok(from) = usize::try_from(offset) else {
        return false;
    };
    let own = from..from + tokens.len();
    let labels_are_alike = |labels: &Vec<i64>| {
        let there = ours.labels.get(own.clone()).unwrap_or_default();
        labels[tokens.clone()].iter().skip(1).eq(there.iter().skip(1))
    };
    ours.ids.get(own.clone()) == Some(&row.ids[tokens.clone()]) && row.labels.as_ref().is_none_or(labels_are_alike)
}

/// Shows tokens.
pub(super) struct Show<'s> {
    pub(super) decode: &'s dyn Fn(&[i64]) -> String,
}

impl Show<'_> {
    pub(super) fn text(&self, ids: &[i64]) -> String {
        let text = (self.decode)(ids).escape_debug().to_string().replace('`', "'");
        let count = text.chars().count();
        if count <= 40 {
            return text;
        }
        text.chars().take(39).chain(std::iter::once('…')).collect()
    }

    /// The first token where a document and a row of ours part, if they do.
    pub(super) fn difference(
        &self,
        row: &Row,
        tokens: &Range<usize>,
        ours: &Likeness,
        offset: isize,
    ) -> Option<Difference> {
        let (ids, labels) = (&row.ids[tokens.clone()], row.labels.as_ref());
        let own = |at: usize| {
            Some(Met {
                id: *ids.get(at)?,
                text: self.text(&ids[at..=at]),
                label: labels.map(|labels| labels[tokens.start + at]),
            })
        };
        let here = |at: usize| {
            Some(Met {
                id: *ours.ids.get(at)?,
                text: self.text(&ours.ids[at..=at]),
                label: ours.labels.get(at).copied(),
            })
        };
        let differs = |at: usize| {
            let (left, right) = (ids.get(at), ours.ids.get(at));
            let label = || match labels.filter(|_| at > 0) {
                Some(labels) => labels[tokens.start + at] != ours.labels.get(at).copied().unwrap_or(i64::from(IGNORE)),
                None => false,
            };
            left != right || label()
        };
        let shorter = ids.len().min(ours.ids.len());
        let at = if offset == 0 {
            (0..shorter)
                .find(|at| differs(*at))
                .or((ids.len() != ours.ids.len()).then_some(shorter))?
        } else {
            0
        };
        let before = ids[at.saturating_sub(CONTEXT)..at].to_vec();
        Some(Difference {
            at: tokens.start + at,
            before: self.text(&before),
            dumped: own(at),
            here: here(at),
            tokens: (0..shorter).filter(|at| differs(*at)).count(),
        })
    }
}
