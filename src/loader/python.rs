//! The types Arrow infers from Python objects: `Dataset.from_list`, and JSON arrays read by pandas.
//!
//! Texts stay texts, a struct gets the keys of all objects in the order they are first met, and mixed
//! kinds are an error (Arrow, `python/pyarrow/src/arrow/python/inference.cc`; which error is recorded, and
//! below columns it is sometimes the other one of `ArrowInvalid` and `ArrowTypeError`).

use super::arrow::{TOO_DEEP, TOO_WIDE, below};
use super::error::LoadError;
use super::seen::{Fact, Field, Fields, Kind, Seen};
use super::types::Type;
use crate::place::Place;

/// The columns of `Dataset.from_list`: those of the first row.
pub(super) fn from_list(seen: &Seen) -> Result<Type, LoadError> {
    let raise = |misfit: Misfit| LoadError::plain(misfit.class, misfit.message, &misfit.path, Some(misfit.place));
    if let Some(spot) = seen.first(Fact::Null) {
        let message = "'NoneType' object has no attribute 'get'".to_owned();
        return Err(LoadError::plain("AttributeError", message, "", Some(spot.place)));
    }
    if let Some((kind, spot)) = seen.kinds().into_iter().find(|(kind, _)| *kind != Kind::Object) {
        let message = format!("'{}' object has no attribute 'get'", python_name(kind, seen));
        return Err(LoadError::plain("AttributeError", message, "", Some(spot.place)));
    }
    let first_row = seen.first(Fact::Object).map(|spot| spot.place);
    let fields = seen.fields.as_ref();
    if first_row.is_some()
        && !fields.is_some_and(|fields| fields.iter().any(|field| Some(field.first.place) == first_row))
    {
        return Err(LoadError::unknown(
            "the first row has no keys, which leaves no rows",
            "",
            first_row,
        ));
    }
    columns(seen, raise, |field| {
        if Some(field.first.place) == first_row {
            Of::Values
        } else {
            Of::Nothing
        }
    })
}

/// The columns of a JSON array as `datasets` up to 4.6 reads it.
pub(super) fn pandas(seen: &Seen) -> Result<Type, LoadError> {
    let raise = |misfit: Misfit| {
        let cause = match misfit.class {
            "ArrowTypeError" => "ArrowTypeError",
            _ => "ValueError",
        };
        LoadError::generation(cause, misfit.message, &misfit.path, Some(misfit.place))
    };
    columns(seen, raise, |field| {
        let seen = &field.seen;
        match seen.kinds()[..] {
            // `convert_dtypes` makes whole floats integers.
            [(Kind::Number, _)] if seen.has(Fact::Fraction) => Of::Type(Type::Float),
            [(Kind::Number, _)] if seen.has(Fact::WideInt) => Of::Type(Type::UInt),
            [(Kind::Number, _)] => Of::Type(Type::Int),
            // `keep_default_dates` goes by the name.
            [(Kind::Text, _)] if names_a_date(&field.name) && !seen.has(Fact::NoDatetime) => Of::Type(Type::Datetime),
            _ => Of::Values,
        }
    })
}

/// Columns pandas tries to read as dates (`pandas/io/json/_json.py`, `_try_convert_dates`).
fn names_a_date(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("_at")
        || name.ends_with("_time")
        || name.starts_with("timestamp")
        || name == "modified"
        || name == "date"
}

/// What a column's type goes by.
enum Of {
    Values,
    Type(Type),
    /// The column is dropped.
    Nothing,
}

fn columns(seen: &Seen, raise: impl Fn(Misfit) -> LoadError, by: impl Fn(&Field) -> Of) -> Result<Type, LoadError> {
    let mut columns = Vec::new();
    let Some(fields) = &seen.fields else {
        return Ok(Type::Struct(columns));
    };
    if fields.wide {
        return Err(LoadError::unknown(TOO_WIDE, "", None));
    }
    for field in fields.iter() {
        let of = match by(field) {
            Of::Nothing => continue,
            Of::Type(of) => of,
            Of::Values => {
                let mut path = format!("/{}", field.name);
                infer(&field.seen, &mut path, true).map_err(|stop| match stop {
                    Stop::Misfit(misfit) => raise(misfit),
                    Stop::Unknown(error) => error,
                })?
            }
        };
        columns.push((field.name.clone(), of));
    }
    Ok(Type::Struct(columns))
}

/// Values of one path that Arrow does not put in one column.
struct Misfit {
    class: &'static str,
    message: String,
    path: String,
    place: Place,
}

enum Stop {
    Misfit(Misfit),
    Unknown(LoadError),
}

fn infer(seen: &Seen, path: &mut String, is_column: bool) -> Result<Type, Stop> {
    if let Some(spot) = seen.first(Fact::Deep) {
        return Err(Stop::Unknown(LoadError::unknown(TOO_DEEP, path, Some(spot.place))));
    }
    match seen.kinds()[..] {
        [] => Ok(Type::Null),
        [(Kind::Bool, _)] => Ok(Type::Bool),
        [(Kind::Number, _)] => number(seen, path),
        [(Kind::Text, _)] => Ok(Type::Text),
        [(Kind::Array, _)] => {
            let item = match &seen.item {
                Some(item) => below(path, "[]", |path| infer(item, path, false))?,
                None => Type::Null,
            };
            Ok(Type::List(Box::new(item)))
        }
        [(Kind::Object, spot)] => match seen.fields.as_deref() {
            Some(fields) if fields.wide => Err(Stop::Unknown(LoadError::unknown(TOO_WIDE, path, Some(spot.place)))),
            Some(fields) => infer_struct(fields, path),
            None => Ok(Type::Struct(Vec::new())),
        },
        // Goes by whether they are in one list, and which is first there.
        [(Kind::Bool, spot), (Kind::Number, _)] | [(Kind::Number, _), (Kind::Bool, spot)]
            if seen.has(Fact::Float) || seen.has(Fact::NonFinite) =>
        {
            let reason = "booleans and floats in one column";
            Err(Stop::Unknown(LoadError::unknown(reason, path, Some(spot.place))))
        }
        [(first, _), (second, spot), ..] => Err(mixed(seen, first, second, is_column, path, spot.place)),
    }
}

fn infer_struct(fields: &Fields, path: &mut String) -> Result<Type, Stop> {
    let fields = fields.iter().map(|field| {
        let of = below(path, &field.name, |path| infer(&field.seen, path, false))?;
        Ok((field.name.clone(), of))
    });
    fields.collect::<Result<_, _>>().map(Type::Struct)
}

fn number(seen: &Seen, path: &str) -> Result<Type, Stop> {
    let misfit = |class, message: &str, fact| {
        Err(Stop::Misfit(Misfit {
            class,
            message: message.to_owned(),
            path: path.to_owned(),
            place: seen.first(fact).map(|spot| spot.place).unwrap_or_default(),
        }))
    };
    let float = seen.has(Fact::Float) || seen.has(Fact::NonFinite);
    match (float, seen.has(Fact::WideInt), seen.has(Fact::BigInt)) {
        (true, true, _) => misfit("ArrowInvalid", "PyLong is too large to fit int64", Fact::WideInt),
        (false, true, _) => misfit(
            "OverflowError",
            "Python int too large to convert to C long",
            Fact::WideInt,
        ),
        (true, false, true) => misfit(
            "ArrowInvalid",
            "Integer value is outside of the range exactly representable by a IEEE 754 double precision value",
            Fact::BigInt,
        ),
        (true, false, false) => Ok(Type::Float),
        (false, false, _) => Ok(Type::Int),
    }
}

fn mixed(seen: &Seen, first: Kind, second: Kind, is_column: bool, path: &str, place: Place) -> Stop {
    let integers = !seen.has(Fact::Float);
    let (class, message) = match (first, second) {
        (Kind::Text, _) if is_column => (
            "ArrowTypeError",
            format!("Expected bytes, got a '{}' object", python_name(second, seen)),
        ),
        (Kind::Bool, _) if is_column => ("ArrowInvalid", "Could not convert to boolean".to_owned()),
        (Kind::Bool, Kind::Number) | (Kind::Number, Kind::Bool) if integers => {
            ("ArrowTypeError", "Expected integer, got bool".to_owned())
        }
        _ if seen.has(Fact::Array) => (
            "ArrowInvalid",
            "cannot mix list and non-list, non-null values".to_owned(),
        ),
        _ if seen.has(Fact::Object) => (
            "ArrowInvalid",
            "cannot mix struct and non-struct, non-null values".to_owned(),
        ),
        _ => (
            "ArrowInvalid",
            format!(
                "Could not convert values of types {} and {}",
                first.name(),
                second.name()
            ),
        ),
    };
    Stop::Misfit(Misfit {
        class,
        message,
        path: path.to_owned(),
        place,
    })
}

fn python_name(kind: Kind, seen: &Seen) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Number if seen.has(Fact::Float) => "float",
        Kind::Number => "int",
        Kind::Text => "str",
        Kind::Array => "list",
        Kind::Object => "dict",
    }
}
