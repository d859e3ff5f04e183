//! What loading changes in the data, in words.

use std::fmt;

use crate::place::Place;

/// One thing that loading does to the values at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// As Arrow writes it: `/messages/[]/content`; empty for the row itself.
    pub path: String,
    pub what: What,
    /// A row it happens to: the first, where that is known.
    pub place: Option<Place>,
}

/// What happens to values at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Objects without these keys get them, as null.
    KeysAdded(Vec<Box<str>>),
    /// All objects get the first one's order of keys.
    KeysReordered,
    /// The key is dropped, since the first row has none.
    KeyDropped,
    /// Every integer becomes a float.
    IntsToFloats,
    /// Every float becomes an integer.
    FloatsToInts,
    /// Texts become `datetime` objects.
    TextsToDatetimes,
    /// Texts that are JSON become the value they spell.
    TextsDecoded,
    /// Floats are cut to ten digits after the point, or shifted in the last one.
    FloatsRounded,
    /// In a later part of the data, texts are put in JSON quotes and other values become JSON text.
    WrittenAsJson,
    /// In a later part of the data, values are turned into the type of the first part.
    Retyped { from: String, to: String },
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the row" } else { &self.path };
        match &self.what {
            What::KeysAdded(keys) => {
                let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
                write!(out, "{path}: objects without {} get it as null", keys.join(", "))
            }
            What::KeysReordered => write!(out, "{path}: keys are put in the order of the first object"),
            What::KeyDropped => write!(out, "{path}: dropped, the first row has no such column"),
            What::IntsToFloats => write!(out, "{path}: integers become floats"),
            What::FloatsToInts => write!(out, "{path}: floats become integers"),
            What::TextsToDatetimes => write!(out, "{path}: texts become datetime objects"),
            What::TextsDecoded => write!(out, "{path}: texts that are JSON become the value they spell"),
            What::FloatsRounded => write!(out, "{path}: floats are rounded to 10 decimals"),
            What::WrittenAsJson => {
                write!(
                    out,
                    "{path}: texts get JSON quotes around them and other values become JSON text"
                )
            }
            What::Retyped { from, to } => write!(out, "{path}: values of type {from} become {to}"),
        }
    }
}
