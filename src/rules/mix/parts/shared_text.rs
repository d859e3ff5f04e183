//! Texts that the rows of a file share, such as one system prompt for all, and the few rows that have another or none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::rule::clip;
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::strays::Strays;

/// Rows below which nothing is usual.
const LEAST: u64 = 100;
/// One of so many rows may differ, or a single one.
const PER: u64 = 100;
/// Rows of a text that is the rows' own, and not one they share.
const OWN: u64 = 3;
/// Rows of a text that is one of several they share.
const OFTEN: u64 = 20;
/// More texts than this are no shared ones, and are not kept.
const MOST: usize = 256;

/// The texts that stand in one place of all rows of a file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shared {
    rows: u64,
    /// Where there is none, and the pointer to an empty one.
    lacking: Strays<Option<String>, 64>,
    /// By hash; `None` once they are too many.
    texts: Option<BTreeMap<u64, Text>>,
}

/// One text: how many rows have it, how it begins, and where it stands while they are so few that it is their own.
#[derive(Default, Serialize, Deserialize)]
struct Text {
    times: u64,
    begins: Lowest<String>,
    places: BTreeMap<Place, String>,
}

/// What the rows share.
pub(in super::super) struct Usual {
    pub rows: u64,
    /// Rows that have the text most have, and how it begins.
    pub times: u64,
    pub text: String,
    /// How many texts are shared.
    pub texts: usize,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            rows: 0,
            lacking: Strays::default(),
            texts: Some(BTreeMap::new()),
        }
    }
}

impl Shared {
    /// Takes a row that has no such text, or an empty one at this pointer.
    pub(in super::super) fn lacks(&mut self, place: &Place, pointer: Option<String>) {
        self.rows += 1;
        self.lacking.offer(place, || pointer);
    }

    /// Takes a row's text by its hash.
    pub(in super::super) fn has(&mut self, place: &Place, hash: u64, text: &str, pointer: impl FnOnce() -> String) {
        self.rows += 1;
        let Some(texts) = &mut self.texts else { return };
        let one = texts.entry(hash).or_default();
        one.times += 1;
        one.begins.offer(place, || clip(text));
        if one.times < OWN {
            one.places.insert(*place, pointer());
        } else {
            one.places.clear();
        }
        self.bound();
    }

    /// Keeps texts while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.texts.as_ref().is_some_and(|texts| texts.len() > MOST) {
            self.texts = None;
        }
    }

    /// The rows without a text, of how many, where nearly all have one.
    pub(in super::super) fn without(&self) -> impl Iterator<Item = (&Place, &Option<String>, u64)> {
        let rows = self.rows;
        let few = rows >= LEAST && self.lacking.are_few(PER, rows);
        { self.lacking.rows() }
            .filter(move |_| few)
            .map(move |(place, pointer)| (place, pointer, rows - self.lacking.count()))
    }

    /// The rows with a text of their own, how it begins, and the pointer to it, where nearly all share one or a few.
    pub(in super::super) fn own(&self) -> Option<(Usual, impl Iterator<Item = (&Place, &str, &str)>)> {
        let texts = self.texts.as_ref()?;
        let (own, shared): (Vec<&Text>, Vec<&Text>) = texts.values().partition(|text| text.times < OWN);
        let most = shared.iter().max_by_key(|text| text.times)?;
        let odd: u64 = own.iter().map(|text| text.times).sum();
        let given = self.rows - self.lacking.count();
        let few = odd == 1 || odd * PER <= self.rows;
        let one = most.times * 10 >= given * 9;
        let several = || shared.iter().all(|text| text.times >= OFTEN);
        if self.rows < LEAST || given * 100 < self.rows * 99 || !few || !one && !several() {
            return None;
        }
        let usual = Usual {
            rows: self.rows,
            times: most.times,
            text: most.begins.get()?.1.clone(),
            texts: shared.len(),
        };
        let rows = own.into_iter().flat_map(|text| {
            let begins = text.begins.get().map_or("", |(_, begins)| begins);
            text.places
                .iter()
                .map(move |(place, pointer)| (place, begins, pointer.as_str()))
        });
        Some((usual, rows))
    }
}

impl Merge for Text {
    fn merge(&mut self, other: Self) {
        self.times += other.times;
        self.begins.merge(other.begins);
        self.places.extend(other.places);
        if self.times >= OWN {
            self.places.clear();
        }
    }
}

impl Merge for Shared {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.lacking.merge(other.lacking);
        self.texts = self.texts.take().zip(other.texts).map(|(mut texts, others)| {
            Merge::merge(&mut texts, others);
            texts
        });
        self.bound();
    }
}
