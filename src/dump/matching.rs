//! The rows of a dump found again among rows that were encoded here, whatever their order and padding.
//!
//! Two passes over the rows encoded here. The first finds documents whose tokens are the same, whole, or inside of a
//! row that is joined of several. What is left is looked for in the second by the runs of six tokens it shares with a
//! row. Memory grows with the dump, never with the data.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use crate::model::dumped::{Compared, DumpedRow};

use super::parting::{CONTEXT, Likeness, Row, Show, is_piece, offset};

/// Tokens of a run that is looked for.
pub(super) const RUN: usize = 6;
/// Tokens by which the start of a row is looked for inside of others.
const HEAD: usize = 8;
/// A run of more documents than this says nothing of one: it is the template's.
const COMMON: usize = 8;
/// Runs of a document, or of a row, that must be shared for the two to be alike: one in so many.
const SHARED: usize = 4;

/// A row encoded here.
#[derive(Clone, Copy)]
pub struct Ours<'o> {
    /// `data/train.jsonl:403`; made only where it is kept.
    pub name: &'o dyn Fn() -> String,
    pub ids: &'o [u32],
    pub labels: &'o [i32],
}

/// The documents of a dump, and what was found of each.
#[derive(Default)]
pub struct Matcher {
    rows: Vec<Row>,
    whole: HashMap<u64, Vec<u32>>,
    /// Starts of rows inside of documents: the hash of their first tokens, the document, and where.
    heads: HashMap<u64, Vec<(u32, usize)>>,
    documents: Vec<Document>,
    rest: Vec<Rest>,
    runs: HashMap<u64, Vec<u32>>,
}

struct Document {
    row: u32,
    tokens: Range<usize>,
    /// Where rows may start in it, after its own start.
    starts: Vec<usize>,
    /// Rows found in it, from a token to another: with what name, and where their labels part.
    found: Vec<Found>,
}

struct Found {
    tokens: Range<usize>,
    name: String,
    parts: Option<(Range<usize>, Likeness)>,
}

/// What no row is the same as.
struct Rest {
    row: u32,
    tokens: Range<usize>,
    /// Its runs that are looked for.
    runs: usize,
    best: Option<Near>,
}

/// The row most like it.
struct Near {
    shared: usize,
    likeness: Likeness,
}

impl Matcher {
    /// Adds a row of the dump; rows are asked for in the order they were added. Rows encoded here may start after each
    /// `eos` of it.
    pub fn add(&mut self, row: &DumpedRow, eos: Option<i64>) {
        let number = u32::try_from(self.rows.len()).expect("fewer rows than 2^32");
        for tokens in row.documents() {
            let document = u32::try_from(self.documents.len()).expect("fewer documents than 2^32");
            self.whole
                .entry(hash(&row.ids[tokens.clone()]))
                .or_default()
                .push(document);
            let starts = tokens.clone().skip(1).filter(|at| {
                let ends = |before: usize| {
                    at.checked_sub(before)
                        .is_some_and(|before| Some(row.ids[before]) == eos)
                };
                // A template may close a turn with a line break after the end token.
                ends(1) || ends(2)
            });
            let starts: Vec<usize> = starts.collect();
            for start in std::iter::once(tokens.start).chain(starts.iter().copied()) {
                if tokens.end - start >= HEAD {
                    let head = hash(&row.ids[start..start + HEAD]);
                    self.heads.entry(head).or_default().push((document, start));
                }
            }
            self.documents.push(Document {
                row: number,
                tokens,
                starts,
                found: Vec::new(),
            });
        }
        self.rows.push(Row {
            ids: row.ids.clone(),
            labels: row.labels.clone(),
        });
    }

    /// The first pass: a row encoded here.
    pub fn see(&mut self, ours: Ours<'_>) {
        let ids: Vec<i64> = ours.ids.iter().map(|id| i64::from(*id)).collect();
        if let Some(documents) = self.whole.get(&hash(&ids)) {
            for document in documents {
                let tokens = self.documents[*document as usize].tokens.clone();
                place(&self.rows, &mut self.documents[*document as usize], tokens, &ids, ours);
            }
        }
        let Some(places) = ids.get(..HEAD).and_then(|head| self.heads.get(&hash(head))) else {
            return;
        };
        for (document, start) in places {
            let document = &mut self.documents[*document as usize];
            let tokens = *start..start + ids.len();
            if tokens.end <= document.tokens.end && tokens != document.tokens {
                place(&self.rows, document, tokens, &ids, ours);
            }
        }
    }

    /// Ends the first pass; whether a second is of any use. Where `pieces`, a row may be cut anywhere.
    pub fn settle(&mut self, pieces: bool) -> bool {
        for document in &mut self.documents {
            let all = document.tokens.clone();
            // The longest first, and none that overlaps with one taken.
            document
                .found
                .sort_by_key(|found| (std::cmp::Reverse(found.tokens.len()), found.tokens.start));
            let mut taken: Vec<Found> = Vec::new();
            for found in document.found.drain(..) {
                let is_apart =
                    |other: &Found| found.tokens.end <= other.tokens.start || other.tokens.end <= found.tokens.start;
                if taken.iter().all(is_apart) {
                    taken.push(found);
                }
            }
            taken.sort_by_key(|found| found.tokens.start);
            // One row with something else around it is that row, encoded otherwise.
            if let ([only], false) = (&taken[..], pieces)
                && only.tokens != all
            {
                taken.clear();
            }
            let mut at = all.start;
            let ends = taken.iter().map(|found| found.tokens.clone());
            for tokens in ends.chain(std::iter::once(all.end..all.end)) {
                // Of rows that are cut, the end of one may stand before the start of another.
                let begun = at;
                let inside = document.starts.iter().copied().filter(|start| pieces && *start > begun);
                for end in inside.take_while(|start| *start < tokens.start).chain([tokens.start]) {
                    if at < end && (!pieces || end - at >= HEAD || (at..end) == all) {
                        self.rest.push(Rest {
                            row: document.row,
                            tokens: at..end,
                            runs: 0,
                            best: None,
                        });
                    }
                    at = end;
                }
                at = tokens.end;
            }
            document.found = taken;
        }
        for (number, rest) in (0u32..).zip(&self.rest) {
            let ids = &self.rows[rest.row as usize].ids[rest.tokens.clone()];
            for run in ids.windows(RUN.min(ids.len())) {
                let of = self.runs.entry(hash(run)).or_default();
                if of.last() != Some(&number) && of.len() <= COMMON {
                    of.push(number);
                }
            }
        }
        self.runs.retain(|_, of| of.len() <= COMMON);
        let rest = &mut self.rest;
        self.runs
            .values()
            .flatten()
            .for_each(|number| rest[*number as usize].runs += 1);
        !self.rest.is_empty()
    }

    /// The second pass: a row encoded here.
    pub fn see_again(&mut self, ours: Ours<'_>) {
        let ids: Vec<i64> = ours.ids.iter().map(|id| i64::from(*id)).collect();
        let mut shared: BTreeMap<u32, usize> = BTreeMap::new();
        for run in ids.windows(RUN.min(ids.len()).max(1)) {
            for number in self.runs.get(&hash(run)).into_iter().flatten() {
                *shared.entry(*number).or_default() += 1;
            }
        }
        for (number, shared) in shared {
            let rest = &mut self.rest[number as usize];
            let least = rest.runs.min(ids.len()).div_ceil(SHARED).max(1);
            if shared >= least && rest.best.as_ref().is_none_or(|best| best.shared < shared) {
                rest.best = Some(Near {
                    shared,
                    likeness: Likeness::of(&ids, ours),
                });
            }
        }
    }

    /// What was found of each row, in the order they were added. Where `pieces`, a row may be cut anywhere. `decode`
    /// gives a text of tokens.
    pub fn finish(self, pieces: bool, decode: &dyn Fn(&[i64]) -> String) -> Vec<Vec<Compared>> {
        let mut compared: Vec<Vec<Compared>> = self.rows.iter().map(|_| Vec::new()).collect();
        let show = Show { decode };
        for document in self.documents {
            let row = &self.rows[document.row as usize];
            for Found { tokens, name, parts } in document.found {
                let difference = parts.map(|(tokens, likeness)| show.difference(row, &tokens, &likeness, 0));
                compared[document.row as usize].push(Compared {
                    tokens,
                    like: Some(name),
                    difference: difference.flatten(),
                    begins: String::new(),
                });
            }
        }
        for rest in self.rest {
            let row = &self.rows[rest.row as usize];
            let tokens = rest.tokens;
            // Where every run is the template's, nothing tells which row it is of.
            if rest.runs == 0 {
                continue;
            }
            let begins = &row.ids[tokens.start..tokens.end.min(tokens.start + CONTEXT)];
            let mut one = Compared {
                tokens: tokens.clone(),
                like: None,
                difference: None,
                begins: show.text(begins),
            };
            if let Some(near) = rest.best {
                let offset = offset(&row.ids[tokens.clone()], &near.likeness.ids);
                let is_piece = pieces && is_piece(row, &tokens, &near.likeness, offset);
                one.difference = (!is_piece)
                    .then(|| show.difference(row, &tokens, &near.likeness, offset))
                    .flatten();
                one.like = Some(near.likeness.name);
            }
            compared[rest.row as usize].push(one);
        }
        for row in &mut compared {
            row.sort_by_key(|compared| compared.tokens.start);
        }
        compared
    }
}

/// Notes a row that stands in a document, if it does.
fn place(rows: &[Row], document: &mut Document, tokens: Range<usize>, ids: &[i64], ours: Ours<'_>) {
    let row = &rows[document.row as usize];
    if row.ids[tokens.clone()] != *ids {
        return;
    }
    let parts = row.labels.as_ref().is_some_and(|labels| {
        let own = labels[tokens.clone()].iter().skip(1);
        own.zip(ours.labels.iter().skip(1))
            .any(|(own, label)| *own != i64::from(*label))
    });
    let before = document.found.iter().position(|found| found.tokens == tokens);
    match before {
        // The data may have a row twice, with other labels.
        Some(at) if document.found[at].parts.is_some() && !parts => {
            document.found[at].parts = None;
            document.found[at].name = (ours.name)();
        }
        Some(_) => {}
        None => document.found.push(Found {
            name: (ours.name)(),
            parts: parts.then(|| (tokens.clone(), Likeness::of(ids, ours))),
            tokens,
        }),
    }
}

fn hash(ids: &[i64]) -> u64 {
    let mut bytes = Vec::with_capacity(ids.len() * 8);
    bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ids: &[i64], labels: &[i64]) -> DumpedRow {
        DumpedRow {
            ids: ids.to_vec(),
            labels: Some(labels.to_vec()),
            text: 0..ids.len(),
            ..DumpedRow::default()
        }
    }

    fn compared(rows: &[DumpedRow], ours: &[(&[u32], &[i32])], pieces: bool) -> Vec<Vec<Compared>> {
        let mut matcher = Matcher::default();
        for row in rows {
            matcher.add(row, Some(2));
        }
        let all = |see: &mut dyn FnMut(Ours<'_>)| {
            for (at, (ids, labels)) in ours.iter().enumerate() {
                let name = || format!("row {at}");
                let name: &dyn Fn() -> String = &name;
                see(Ours { name, ids, labels });
            }
        };
        all(&mut |ours| matcher.see(ours));
        if matcher.settle(pieces) {
            all(&mut |ours| matcher.see_again(ours));
        }
        matcher.finish(pieces, &|ids| format!("{ids:?}"))
    }

    const A: &[u32] = &[10, 11, 12, 13, 14, 15, 16, 17, 2];
    const B: &[u32] = &[20, 21, 22, 23, 24, 25, 26, 27, 2];
    const LABELS: &[i32] = &[-100, -100, -100, 13, 14, 15, 16, 17, 2];
    const MASKED: &[i32] = &[-100; 9];

    fn wide(ids: &[u32]) -> Vec<i64> {
        ids.iter().map(|id| i64::from(*id)).collect()
    }

    fn labels(labels: &[i32]) -> Vec<i64> {
        labels.iter().map(|label| i64::from(*label)).collect()
    }

    #[test]
    fn the_same_row_is_found_whatever_its_padding_and_order() {
        let mut padded = row(&wide(A), &labels(LABELS));
        padded.ids.extend([0, 0]);
        padded.labels.as_mut().expect("labels").extend([-100, -100]);
        let found = compared(&[padded], &[(B, MASKED), (A, LABELS)], false);
        assert_eq!(found[0].len(), 1);
        assert_eq!(
            (found[0][0].like.as_deref(), &found[0][0].difference),
            (Some("row 1"), &None)
        );
    }

    #[test]
    fn the_first_label_that_differs_is_shown() {
        let mut other = labels(LABELS);
        other[8] = -100;
        let found = compared(&[row(&wide(A), &other)], &[(A, LABELS)], false);
        let difference = found[0][0].difference.clone().expect("a difference");
        assert_eq!((difference.at, difference.tokens), (8, 1));
        assert_eq!(difference.dumped.expect("a token").label, Some(-100));
        assert_eq!(difference.here.expect("a token").label, Some(2));
        // The label of the first token is never used.
        let mut first = labels(LABELS);
        first[0] = 10;
        assert_eq!(
            compared(&[row(&wide(A), &first)], &[(A, LABELS)], false)[0][0].difference,
            None
        );
    }

    #[test]
    fn rows_joined_without_a_seam_are_found_inside() {
        let joined: Vec<i64> = wide(A).into_iter().chain(wide(B)).collect();
        let both: Vec<i64> = labels(LABELS).into_iter().chain(labels(MASKED)).collect();
        let found = compared(&[row(&joined, &both)], &[(A, LABELS), (B, MASKED)], false);
        let spans: Vec<_> = found[0]
            .iter()
            .map(|one| (one.tokens.clone(), one.like.clone()))
            .collect();
        assert_eq!(
            spans,
            [(0..9, Some("row 0".to_owned())), (9..18, Some("row 1".to_owned()))]
        );
    }

    #[test]
    fn another_token_or_a_cut_is_a_difference_and_a_piece_of_a_packed_row_is_none() {
        let mut other = wide(A);
        other[7] = 99;
        let found = compared(&[row(&other, &labels(LABELS))], &[(B, MASKED), (A, LABELS)], false);
        assert_eq!(found[0][0].difference.as_ref().map(|difference| difference.at), Some(7));
        let cut = row(&wide(&A[..7]), &labels(&LABELS[..7]));
        let difference = compared(std::slice::from_ref(&cut), &[(A, LABELS)], false)[0][0]
            .difference
            .clone();
        assert_eq!(
            difference.map(|difference| (difference.at, difference.dumped)),
            Some((7, None))
        );
        assert_eq!(compared(&[cut], &[(A, LABELS)], true)[0][0].difference, None);
        let mut doubled = vec![1];
        doubled.extend(wide(A));
        let begun: Vec<i64> = std::iter::once(-100).chain(labels(LABELS)).collect();
        let difference = compared(&[row(&doubled, &begun)], &[(A, LABELS)], false)[0][0]
            .difference
            .clone();
        assert_eq!(difference.map(|difference| difference.at), Some(0));
    }

    #[test]
    fn what_is_like_nothing_is_said_to_be() {
        let found = compared(
            &[row(&[90, 91, 92, 93, 94, 95, 96], &[-100; 7])],
            &[(A, LABELS), (B, MASKED)],
            false,
        );
        assert_eq!((found[0].len(), &found[0][0].like), (1, &None));
        assert!(found[0][0].begins.starts_with("[90"));
    }
}
