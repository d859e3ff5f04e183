//! What was seen at one path of the rows, and below it.
//!
//! Everything here is an "at least once" or a "first at", so two of them merge by "or" and by the
//! smaller place, whatever the order.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::model::value::{Object, Value};
use crate::place::Place;

use super::{datetime, ujson};

/// Keys of an object beyond which only their being many is remembered: memory must not grow with
/// data that uses keys for values.
const MAX_KEYS: usize = 1024;

/// Levels looked into.
const MAX_DEPTH: u32 = 96;

/// Where a value stands: its row, and which of the row's values it is, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Spot {
    pub(super) place: Place,
    nth: u32,
}

/// A fact about the values at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Fact {
    Bool,
    /// A number of any kind.
    Number,
    /// An integer.
    Int,
    /// An integer that a float does not hold exactly.
    BigInt,
    /// An integer above `i64::MAX`.
    WideInt,
    /// A float, not counting those that are not finite.
    Float,
    /// A float that is no 64-bit integer.
    Fraction,
    NonFinite,
    /// A float that pandas' JSON reader and writer change.
    Moves,
    Text,
    /// A text that Arrow does not take for a moment in time, an integer, a number.
    NoDatetime,
    NoInt,
    NoNumber,
    /// A text that pandas' JSON reader takes.
    JsonText,
    Array,
    /// A list of more than one item that begins with null.
    NullFirst,
    Object,
    Null,
    /// Something deeper than is looked into.
    Deep,
}

/// The kinds of value Arrow's JSON reader tells apart (`cpp/src/arrow/json/parser.h`, `Kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    const ALL: [(Self, Fact); 5] = [
        (Self::Bool, Fact::Bool),
        (Self::Number, Fact::Number),
        (Self::Text, Fact::Text),
        (Self::Array, Fact::Array),
        (Self::Object, Fact::Object),
    ];

    /// As Arrow names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The values at one path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The facts met, as bits, so that knowing one already costs nothing.
    facts: u32,
    /// Where each was met first, in order of the fact.
    firsts: Vec<(Fact, Spot)>,
    pub(super) fields: Option<Box<Fields>>,
    pub(super) item: Option<Box<Seen>>,
}

/// The keys of the objects at one path.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Fields {
    /// In the order they were met, so those of the first object first; empty if there were too many.
    entries: Vec<Field>,
    /// The first object, and how many keys it has.
    first: Option<(Spot, usize)>,
    /// The first object with other keys than that one, or with the same in another order.
    pub(super) odd: Option<Spot>,
    /// More keys than are remembered.
    pub(super) wide: bool,
    /// Where each key is in `entries`, once there are many.
    #[serde(skip)]
    index: HashMap<Box<str>, usize>,
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        (&self.entries, self.first, self.odd, self.wide) == (&other.entries, other.first, other.odd, other.wide)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    pub(super) first: Spot,
    /// The first object known to lack the key.
    pub(super) gap: Option<Spot>,
    pub(super) seen: Seen,
}

/// Goes through one row and counts its values.
pub(super) struct Walk {
    spot: Spot,
    depth: u32,
}

impl Walk {
    pub(super) fn new(place: Place) -> Self {
        Self {
            spot: Spot { place, nth: 0 },
            depth: 0,
        }
    }
}

impl Seen {
    /// Adds a value. Rows come in order of place: the first time is the first place.
    pub(super) fn see(&mut self, value: &Value<'_>, walk: &mut Walk) {
        walk.spot.nth += 1;
        let at = walk.spot;
        match value {
            Value::Null => self.note(Fact::Null, at),
            Value::Bool(_) => self.note(Fact::Bool, at),
            Value::Int(value) => {
                self.note(Fact::Number, at);
                self.note(Fact::Int, at);
                if value.unsigned_abs() > 1 << 53 {
                    self.note(Fact::BigInt, at);
                }
            }
            Value::UInt(_) => {
                self.note(Fact::Number, at);
                self.note(Fact::WideInt, at);
            }
            Value::Float(value) => self.see_float(*value, at),
            Value::Str(text) => self.see_text(text, at),
            Value::Datetime(text) => self.see_text(text, at),
            Value::Array(items) => {
                self.note(Fact::Array, at);
                if walk.depth == MAX_DEPTH {
                    return self.note(Fact::Deep, at);
                }
                walk.depth += 1;
                self.see_items(items, walk);
                walk.depth -= 1;
            }
            Value::Object(object) => {
                self.note(Fact::Object, at);
                if walk.depth == MAX_DEPTH {
                    return self.note(Fact::Deep, at);
                }
                walk.depth += 1;
                self.fields.get_or_insert_default().see(object, walk);
                walk.depth -= 1;
            }
        }
    }

    fn see_float(&mut self, value: f64, at: Spot) {
        self.note(Fact::Number, at);
        if !value.is_finite() {
            self.note(Fact::NonFinite, at);
            return self.note(Fact::Moves, at);
        }
        self.note(Fact::Float, at);
        #[expect(clippy::cast_possible_truncation, reason = "asks whether it is exact")]
        #[expect(clippy::cast_precision_loss, reason = "only whole numbers come back as they were")]
        let whole = (value as i64) as f64;
        #[expect(clippy::float_cmp, reason = "asks whether it is exact")]
        if whole != value {
            self.note(Fact::Fraction, at);
        }
        if !self.has(Fact::Moves) && ujson::moves(value) {
            self.note(Fact::Moves, at);
        }
    }

    fn see_text(&mut self, text: &str, at: Spot) {
        self.note(Fact::Text, at);
        if !self.has(Fact::NoDatetime) && datetime::parse(text).is_none() {
            self.note(Fact::NoDatetime, at);
        }
        if !self.has(Fact::NoInt) && (text.starts_with('+') || text.parse::<i64>().is_err()) {
            self.note(Fact::NoInt, at);
        }
        if !self.has(Fact::NoNumber) && text.parse::<f64>().is_err() {
            self.note(Fact::NoNumber, at);
        }
        if !self.has(Fact::JsonText) && ujson::is_json(text) {
            self.note(Fact::JsonText, at);
        }
    }

    fn see_items(&mut self, items: &[Value<'_>], walk: &mut Walk) {
        let [first, rest @ ..] = items else { return };
        if first.is_null() && !rest.is_empty() {
            self.note(Fact::NullFirst, walk.spot);
        }
        let item = self.item.get_or_insert_default();
        for value in items {
            item.see(value, walk);
        }
    }

    fn note(&mut self, fact: Fact, at: Spot) {
        let bit = 1 << fact as u32;
        if self.facts & bit == 0 {
            self.facts |= bit;
            let place = self.firsts.partition_point(|(known, _)| *known < fact);
            self.firsts.insert(place, (fact, at));
        }
    }

    pub(super) fn has(&self, fact: Fact) -> bool {
        self.facts & (1 << fact as u32) != 0
    }

    pub(super) fn first(&self, fact: Fact) -> Option<Spot> {
        let (_, spot) = self.firsts.iter().find(|(known, _)| *known == fact)?;
        Some(*spot)
    }

    /// The kinds of value met, null aside, in the order they were met.
    pub(super) fn kinds(&self) -> Vec<(Kind, Spot)> {
        let mut kinds: Vec<_> = Kind::ALL
            .into_iter()
            .filter_map(|(kind, fact)| Some((kind, self.first(fact)?)))
            .collect();
        kinds.sort_by_key(|(_, spot)| *spot);
        kinds
    }

    /// Whether this holds anywhere at this path or below.
    pub(super) fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self)
            || self.item.as_ref().is_some_and(|item| item.any(test))
            || self
                .fields
                .as_ref()
                .is_some_and(|fields| fields.iter().any(|field| field.seen.any(test)))
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (fact, spot) in other.firsts {
            if self.has(fact) {
                let known = self.firsts.iter_mut().find(|(known, _)| *known == fact);
                let (_, known) = known.expect("a fact met has a place");
                *known = spot.min(*known);
            } else {
                self.note(fact, spot);
            }
        }
        merge_boxed(&mut self.item, other.item, Self::merge);
        merge_boxed(&mut self.fields, other.fields, Fields::merge);
    }
}

fn merge_boxed<T>(mine: &mut Option<Box<T>>, theirs: Option<Box<T>>, merge: impl Fn(&mut T, T)) {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => merge(mine, *theirs),
        (mine @ None, theirs) => *mine = theirs,
        (Some(_), None) => {}
    }
}

impl Fields {
    fn see(&mut self, object: &Object<'_>, walk: &mut Walk) {
        let at = walk.spot;
        let first = self.first.get_or_insert((at, object.len())).0;
        if self.wide || object.len() > MAX_KEYS {
            return self.collapse();
        }
        let known = self.entries.len();
        let mut alike = object.len() == known;
        for (nth, (key, value)) in object.iter().enumerate() {
            walk.spot.nth += 1;
            let place = if self.entries.get(nth).is_some_and(|entry| *entry.name == *key) {
                nth
            } else {
                alike = false;
                match self.place_of(key) {
                    Some(place) => place,
                    None => self.add(key, walk.spot, (first < at).then_some(first)),
                }
            };
            self.entries[place].seen.see(value, walk);
        }
        if first < at && !alike {
            self.odd.get_or_insert(at);
            for entry in &mut self.entries[..known] {
                if entry.gap.is_none() && !object.contains_key(&entry.name) {
                    entry.gap = Some(at);
                }
            }
        }
        if self.entries.len() > MAX_KEYS {
            self.collapse();
        }
    }

    /// Forgets the keys: there are too many to remember.
    fn collapse(&mut self) {
        *self = Self {
            first: self.first,
            wide: true,
            ..Self::default()
        };
    }

    fn place_of(&mut self, key: &str) -> Option<usize> {
        const FEW: usize = 16;
        if self.entries.len() <= FEW {
            return self.entries.iter().position(|entry| *entry.name == *key);
        }
        if self.index.len() != self.entries.len() {
            let names = self.entries.iter().map(|entry| entry.name.clone());
            self.index = names.zip(0..).collect();
        }
        self.index.get(key).copied()
    }

    fn add(&mut self, key: &str, first: Spot, gap: Option<Spot>) -> usize {
        let place = self.entries.len();
        if !self.index.is_empty() {
            self.index.insert(key.into(), place);
        }
        self.entries.push(Field {
            name: key.into(),
            first,
            gap,
            seen: Seen::default(),
        });
        place
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.entries.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.entries.iter().find(|entry| *entry.name == *name)
    }

    /// The first object.
    pub(super) fn first(&self) -> Option<Spot> {
        self.first.map(|(spot, _)| spot)
    }

    /// Whether some objects have keys that others lack.
    pub(super) fn differ(&self) -> bool {
        self.wide || self.entries.iter().any(|entry| entry.gap.is_some())
    }

    fn merge(&mut self, mut other: Self) {
        let (Some(mine), Some(theirs)) = (self.first, other.first) else {
            unreachable!("keys come with an object");
        };
        if self.wide || other.wide {
            self.first = Some(mine.min(theirs));
            return self.collapse();
        }
        if theirs < mine {
            std::mem::swap(self, &mut other);
        }
        let (earlier, later) = (mine.min(theirs), mine.max(theirs));
        self.first = Some(earlier);
        let same_first = earlier.1 == later.1
            && (self.entries[..earlier.1].iter())
                .zip(&other.entries)
                .all(|(mine, theirs)| mine.name == theirs.name);
        let strange = (!same_first).then_some(later.0);
        self.odd = [self.odd, other.odd, strange].into_iter().flatten().min();
        for entry in &mut self.entries {
            if other.get(&entry.name).is_none() {
                entry.gap = entry.gap.into_iter().chain([later.0]).min();
            }
        }
        for mut entry in other.entries {
            if let Some(place) = self.place_of(&entry.name) {
                let mine = &mut self.entries[place];
                mine.first = mine.first.min(entry.first);
                mine.gap = mine.gap.into_iter().chain(entry.gap).min();
                mine.seen.merge(entry.seen);
            } else {
                entry.gap = entry.gap.into_iter().chain([earlier.0]).min();
                self.index.clear();
                self.entries.push(entry);
            }
        }
        self.index.clear();
        self.entries.sort_by_key(|entry| entry.first);
        if self.entries.len() > MAX_KEYS {
            self.collapse();
        }
    }
}
