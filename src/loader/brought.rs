//! The types of rows from a file that brought its types along (Parquet, Arrow), or whose reader made them (CSV): told
//! by what the rows hold.
//!
//! A column of nothing but nulls has a type in the file that its values do not tell; here it is null.

use super::seen::{Fact, Field, Fields, Kind, Seen};
use super::types::Type;

/// The columns of the set, in order.
pub(super) fn columns(seen: &Seen) -> Type {
    match seen.fields.as_deref() {
        Some(fields) => keys(fields),
        None => Type::Struct(Vec::new()),
    }
}

fn keys(fields: &Fields) -> Type {
    let key = |field: &Field| (field.name.clone(), of(&field.seen));
    Type::Struct(fields.iter().map(key).collect())
}

fn of(seen: &Seen) -> Type {
    match seen.kinds()[..] {
        [] => Type::Null,
        [(Kind::Bool, _)] => Type::Bool,
        [(Kind::Number, _)] if seen.has(Fact::Float) || seen.has(Fact::NonFinite) => Type::Float,
        [(Kind::Number, _)] if seen.has(Fact::WideInt) => Type::UInt,
        [(Kind::Number, _)] => Type::Int,
        [(Kind::Text, _)] => Type::Text,
        [(Kind::Array, _)] => Type::List(Box::new(seen.item.as_deref().map_or(Type::Null, of))),
        [(Kind::Object, _)] => columns(seen),
        // A union, or a column that is stored as JSON.
        _ => Type::Json,
    }
}
