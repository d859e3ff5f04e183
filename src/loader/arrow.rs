//! The types Arrow's JSON reader infers, and what `datasets` does where it cannot.

use super::error::LoadError;
use super::look::{Extent, Rows};
use super::seen::{Fact, Fields, Kind, Seen, Spot};
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
pub(super) fn infer(rows: &Rows, blank: bool, datasets: Datasets, first: Option<&Type>) -> Result<Inferred, LoadError> {
    check_rows(rows, datasets)?;
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
        rewritten: whole,
        scanned: first.is_some_and(Type::has_json),
        mixed: Vec::new(),
        unknown: None,
    };
    let mut row = reader.infer(&rows.seen, &mut String::new(), first);
    let rewritten = reader.scanned || (reader.encodes && !reader.mixed.is_empty());
    if rewritten && !whole {
        // Some numbers are null now.
        reader.rewritten = true;
        reader.mixed.clear();
        row = reader.infer(&rows.seen, &mut String::new(), first);
    }
    if let Some(unknown) = reader.unknown {
        return Err(unknown);
    }
    if let (Some(mixed), false) = (reader.mixed.iter().min_by_key(|mixed| mixed.at), reader.encodes) {
        return Err(mixed_error(&mixed.path, mixed.from, mixed.to, mixed.at.place));
    }
    if rewritten && blank {
        let message = "a blank line, and pandas' JSON reader has to read the lines: Expected object or value";
        let raised = if first.is_some() {
            LoadError::generation
        } else {
            LoadError::plain
        };
        return Err(raised("ValueError", message.to_owned(), "", None));
    }
    if !whole {
        check_text(rows, reader.scanned)?;
    }
    if matches!(&row, Type::Struct(columns) if columns.is_empty()) && first.is_none() {
        let message = "no column in any row: Instruction \"train\" corresponds to no data!";
        return Err(LoadError::plain("ValueError", message.to_owned(), "", Some(rows.first)));
    }
    Ok(Inferred {
        row,
        rounds: u8::from(whole) + u8::from(rewritten),
        by_pandas: false,
    })
}

/// What no table is made of.
fn check_rows(rows: &Rows, datasets: Datasets) -> Result<(), LoadError> {
    let seen = &rows.seen;
    if let Some(spot) = seen.first(Fact::Null) {
        return Err(LoadError::unknown(
            "a row is null, which can crash Arrow's reader",
            "",
            Some(spot.place),
        ));
    }
    if let Some((kind, spot)) = seen.kinds().into_iter().find(|(kind, _)| *kind != Kind::Object) {
        if rows.extent == Extent::Whole {
            return Err(LoadError::unknown(
                "an array of other things than objects",
                "",
                Some(spot.place),
            ));
        }
        if datasets.has_json() && !datasets.checks_lists() {
            let message = "'str' object is not a mapping".to_owned();
            return Err(LoadError::plain("TypeError", message, "", Some(spot.place)));
        }
        // With an object or list among them, every row was written as text.
        let as_text = datasets.has_json() && (seen.has(Fact::Object) || seen.has(Fact::Array));
        let to = if as_text { Kind::Text } else { kind };
        return Err(mixed_error("", "object", to.name(), spot.place));
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
        return Err(LoadError::generation(
            "ArrowInvalid",
            message.to_owned(),
            "",
            Some(place),
        ));
    }
    if let (Some(place), false) = (rows.repeated_key, rewritten) {
        let message = "JSON parse error: a column was specified twice";
        return Err(LoadError::generation(
            "ArrowInvalid",
            message.to_owned(),
            "",
            Some(place),
        ));
    }
    Ok(())
}

/// A path with values of two kinds.
struct Mixed {
    path: String,
    from: &'static str,
    to: &'static str,
    at: Spot,
}

fn mixed_error(path: &str, from: &str, to: &str, place: Place) -> LoadError {
    let message = format!("JSON parse error: Column({path}) changed from {from} to {to}");
    LoadError::generation("ArrowInvalid", message, path, Some(place))
}

struct Reader {
    scans: bool,
    encodes: bool,
    loses_nulls: bool,
    /// Pandas wrote the text Arrow reads, and wrote null for what is no finite number.
    rewritten: bool,
    /// A path was found, or known, to be JSON before Arrow read the table.
    scanned: bool,
    mixed: Vec<Mixed>,
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
        match self.kinds(seen)[..] {
            [] => Type::Null,
            [(kind, _)] => self.infer_kind(kind, seen, path, first),
            [(from, _), (to, at), ..] => {
                self.mixed.push(Mixed {
                    path: path.clone(),
                    from: from.name(),
                    to: to.name(),
                    at,
                });
                let outside = self.mixed.len();
                // What is inside may be mixed too, and met before.
                self.infer_list(seen, path, first);
                if seen.has(Fact::Object) {
                    self.infer_kind(Kind::Object, seen, path, first);
                }
                if self.encodes && self.mixed.len() > outside {
                    self.give_up("mixed types inside mixed types", path, at.place);
                }
                Type::Json
            }
        }
    }

    /// The kinds of value that Arrow gets to see.
    fn kinds(&self, seen: &Seen) -> Vec<(Kind, Spot)> {
        let mut kinds = seen.kinds();
        let finite = [Fact::Int, Fact::WideInt, Fact::Float];
        if self.rewritten && !finite.iter().any(|fact| seen.has(*fact)) {
            kinds.retain(|(kind, _)| *kind != Kind::Number);
        }
        kinds
    }

    fn infer_kind(&mut self, kind: Kind, seen: &Seen, path: &mut String, first: Option<&Type>) -> Type {
        match kind {
            Kind::Bool => Type::Bool,
            Kind::Number => {
                let float = seen.has(Fact::Float) || seen.has(Fact::WideInt);
                let float = float || (seen.has(Fact::NonFinite) && !self.rewritten);
                if float { Type::Float } else { Type::Int }
            }
            Kind::Text if seen.has(Fact::NoDatetime) => Type::Text,
            Kind::Text => Type::Datetime,
            Kind::Array => self.infer_list(seen, path, first),
            Kind::Object => match seen.fields.as_deref() {
                Some(fields) if fields.wide => {
                    let place = fields.first().map(|spot| spot.place).unwrap_or_default();
                    self.give_up(TOO_WIDE, path, place)
                }
                Some(fields) => self.infer_struct(fields, path, first),
                None => Type::Struct(Vec::new()),
            },
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
            return self.give_up(
                "Arrow misplaces the items of a list that begins with null",
                path,
                spot.place,
            );
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
