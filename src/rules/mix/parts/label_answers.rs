//! Answers that may be labels, and how many rows give each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::rule::clip;
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

/// Characters of the longest label.
const LONGEST: usize = 60;
/// Rows that give an answer, for it to be a label.
pub(in super::super) const TIMES: u64 = 3;
/// More short answers than this are no labels, and are not kept.
const MOST: usize = 4096;

/// One answer: how many rows give it, and where, while they are so few that it is no label.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub times: u64,
    pub places: BTreeMap<Place, String>,
}

impl Merge for Answer {
    fn merge(&mut self, other: Self) {
        self.times += other.times;
        self.places.extend(other.places);
        if self.times >= TIMES {
            self.places.clear();
        }
    }
}

/// The answers of a set.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answers {
    pub all: u64,
    /// The short ones; `None` where they are too many.
    pub short: Option<BTreeMap<String, Answer>>,
    /// The others: where they stand, and how they begin.
    pub long: Strays<(String, String), 64>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            all: 0,
            short: Some(BTreeMap::new()),
            long: Strays::default(),
        }
    }
}

impl Answers {
    pub(in super::super) fn take(&mut self, place: &Place, text: &str, pointer: impl FnOnce() -> String) {
        self.all += 1;
        if text.len() > 4 * LONGEST || text.chars().nth(LONGEST).is_some() {
            self.long.offer(place, || (pointer(), clip(text)));
            return;
        }
        let Some(short) = &mut self.short else { return };
        let one = match short.get_mut(text) {
            Some(one) => one,
            None => short.entry(text.to_owned()).or_default(),
        };
        one.times += 1;
        if one.times < TIMES {
            one.places.insert(*place, pointer());
        } else {
            one.places.clear();
        }
        self.bound();
    }

    /// Keeps them while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.short.as_ref().is_some_and(|short| short.len() > MOST) {
            self.short = None;
        }
    }
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.long.merge(other.long);
        self.short = self.short.take().zip(other.short).map(|(mut short, others)| {
            Merge::merge(&mut short, others);
            short
        });
        self.bound();
    }
}
