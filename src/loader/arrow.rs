//! The types Arrow's JSON reader infers, and what `datasets` does where it cannot.

use super::error::LoadError;
use super::look::{Extent, Rows};
use super::seen::{Fact, Fields, Kind, Seen};
use super::types::Type;
use super::{Datasets, python};
use crate::place::Place;

pub(super) const TOO_DEEP: &str = "nested deeper than is looked into";
pub(super) const TOO_WIDE: &str = "more than 1024 different keys";

/// The types of one table, and how its values got into them.
pub(super) struct Inferred {
    pub(super) row: Type,
    /// How often pandas' JSON reader and writer went over the table.
    pub(super) rounds: u8,
    /// It went through pandas, which reads decimals with an error.
    pub(super) by_pandas: bool,
}

/// Infers the types of one table. `first` is what the first table was found to be, which later ones
/// have to fit.
pub(super) fn infer(
    rows: &Rows,
    blank: bool,
    datasets: Datasets,
    first: Option<&Type>,
) -> Result<Inferred, LoadError> {
    check_rows(rows)?;
    let whole = rows.extent == Extent::Whole;
    if whole && !datasets.has_json() {
        return Ok(Inferred {
            row: python::pandas(&rows.seen)?,
            rounds: 0,
            by_pandas: true,
        });
    }
    let mut reader = Reader {
        // Only the first table is searched for objects of different keys, and not if a line is no JSON.
        scans: datasets.has_json() && first.is_none() && !blank,
        encodes: datasets.has_json(),
        loses_nulls: !datasets.checks_lists() && !whole,
        mixed: Vec::new(),
        unknown: None,
        scanned: first.is_some_and(Type::has_json),
    };
    let row = reader.infer(&rows.seen, &mut String::new(), first);
    if let Some(unknown) = reader.unknown {
        return Err(unknown);
    }
    let rewritten = reader.scanned || (reader.encodes && !reader.mixed.is_empty());
    if let Some(mixed) = reader.mixed.iter().min_by_key(|mixed| mixed.place) {
        if !reader.encodes {
            return Err(mixed.error());
        }
    }
    if rewritten && blank {
        let message = "a blank line, and pandas' JSON reader has to read the lines: Expected object or value";
        let raised = if first.is_some() { LoadError::generation } else { LoadError::plain };
        return Err(raised("ValueError", message.to_owned(), "", None));
    }
    if !whole {
        check_text(rows, reader.scanned)?;
    }
    Ok(Inferred {
        row,
        rounds: u8::from(whole) + u8::from(rewritten),
        by_pandas: false,
    })
}

/// What no table is made of.
fn check_rows(rows: &Rows) -> Result<(), LoadError> {
    let seen = &rows.seen;
    if let Some(spot) = seen.first(Fact::Null) {
        return Err(LoadError::unknown("a row is null, which can crash Arrow's reader", "", Some(spot.place)));
    }
    if let Some((kind, spot)) = seen.kinds().into_iter().find(|(kind, _)| *kind != Kind::Object) {
        if rows.extent == Extent::Whole {
            return Err(LoadError::unknown("an array of other things than objects", "", Some(spot.place)));
        }
        return Err(mixed_error("", "object", kind.name(), spot.place));
    }
    Ok(())
}

/// What Arrow's reader does not take, unless pandas' wrote the text anew.
fn check_text(rows: &Rows, rewritten: bool) -> Result<(), LoadError> {
    if let Some(place) = rows.lone_surrogate {
        if rewritten {
            return Err(LoadError::unknown("half a surrogate pair", "", Some(place)));
        }
        let message = "JSON parse error: The surrogate pair in string is invalid.";
        return Err(LoadError::generation("ArrowInvalid", message.to_owned(), "", Some(place)));
    }
    if let (Some(place), false) = (rows.repeated_key, rewritten) {
        let message = "JSON parse error: a column was specified twice";
        return Err(LoadError::generation("ArrowInvalid", message.to_owned(), "", Some(place)));
    }
    Ok(())
}

/// A path with values of two kinds.
struct Mixed {
    path: String,
    from: &'static str,
    to: &'static str,
    place: Place,
}

impl Mixed {
    fn error(&self) -> LoadError {
        mixed_error(&self.path, self.from, self.to, self.place)
    }
}

fn mixed_error(path: &str, from: &str, to: &str, place: Place) -> LoadError {
    let message = format!("JSON parse error: Column({path}) changed from {from} to {to}");
    LoadError::generation("ArrowInvalid", message, path, Some(place))
}

struct Reader {
    scans: bool,
    encodes: bool,
    loses_nulls: bool,
    mixed: Vec<Mixed>,
    /// A path was found, or known, to be JSON before Arrow read the table.
    scanned: bool,
    unknown: Option<LoadError>,
}

impl Reader {
    fn infer(&mut self, seen: &Seen, path: &mut String, first: Option<&Type>) -> Type {
        if first == Some(&Type::Json) {
            return Type::Json;
        }
        if let Some(spot) = seen.first(Fact::Deep) {
            return self.give_up(TOO_DEEP, path, spot.place);
        }
        if self.scans && !path.is_empty() && is_mixed_struct(seen) {
            self.scanned = true;
            return Type::Json;
        }
        match seen.kinds()[..] {
            [] => Type::Null,
            [(Kind::Bool, _)] => Type::Bool,
            [(Kind::Number, _)] if seen.has(Fact::Float) || seen.has(Fact::WideInt) => Type::Float,
            [(Kind::Number, _)] => Type::Int,
            [(Kind::Text, _)] if seen.has(Fact::NoDatetime) => Type::Text,
            [(Kind::Text, _)] => Type::Datetime,
            [(Kind::Array, _)] => self.infer_list(seen, path, first),
            [(Kind::Object, spot)] => match seen.fields.as_deref() {
                Some(fields) if fields.wide => self.give_up(TOO_WIDE, path, spot.place),
                Some(fields) => self.infer_struct(fields, path, first),
                None => Type::Struct(Vec::new()),
            },
            [(from, _), (to, spot), ..] => {
                self.mixed.push(Mixed {
                    path: path.clone(),
                    from: from.name(),
                    to: to.name(),
                    place: spot.place,
                });
                Type::Json
            }
        }
    }

    fn infer_list(&mut self, seen: &Seen, path: &mut String, first: Option<&Type>) -> Type {
        let Some(item) = &seen.item else {
            return Type::List(Box::new(Type::Null));
        };
        let typed = item.kinds().first().map(|(_, spot)| *spot);
        if let Some(spot) = seen.first(Fact::NullFirst)
            && self.loses_nulls
            && typed.is_none_or(|typed| spot < typed)
        {
            return self.give_up("Arrow misplaces the items of a list that begins with null", path, spot.place);
        }
        let item = below(path, "[]", |path| self.infer(item, path, first.and_then(Type::item)));
        Type::List(Box::new(item))
    }

    fn infer_struct(&mut self, fields: &Fields, path: &mut String, first: Option<&Type>) -> Type {
        let fields = fields.iter().map(|field| {
            let first = first.and_then(|first| first.field(&field.name));
            let of = below(path, &field.name, |path| self.infer(&field.seen, path, first));
            (field.name.clone(), of)
        });
        Type::Struct(fields.collect())
    }

    fn give_up(&mut self, reason: &str, path: &str, place: Place) -> Type {
        self.unknown
            .get_or_insert_with(|| LoadError::unknown(reason, path, Some(place)));
        Type::Null
    }
}

/// With the path of something inside.
pub(super) fn below<T>(path: &mut String, name: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    path.push_str(name);
    let out = run(path);
    path.truncate(length);
    out
}

/// Objects that have not all the same keys, or none, or that are mixed with something else; and lists
/// that are (`utils/json.py`, `find_mixed_struct_types_field_paths`).
fn is_mixed_struct(seen: &Seen) -> bool {
    match seen.kinds()[..] {
        [(Kind::Object, _)] => seen
            .fields
            .as_ref()
            .is_none_or(|fields| fields.differ() || fields.iter().next().is_none()),
        [_] | [] => false,
        _ => seen.has(Fact::Object) || seen.has(Fact::Array),
    }
}
