//! The type of a column, or of what is inside it.

use std::fmt;

/// A type as Arrow infers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Nothing but nulls.
    Null,
    Bool,
    Int,
    /// An unsigned integer, which only pandas infers.
    UInt,
    Float,
    Text,
    /// Texts that all name a moment; Python sees `datetime.datetime`.
    Datetime,
    /// Anything, stored as JSON text and read back for every row.
    Json,
    List(Box<Type>),
    /// Every object has all the keys, in this order.
    Struct(Vec<(Box<str>, Type)>),
}

impl Type {
    /// The type of a key; `None` for anything but a struct that has it.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(field, _)| **field == *name).map(|(_, of)| of),
            _ => None,
        }
    }

    /// The type of a list's items.
    pub fn item(&self) -> Option<&Self> {
        match self {
            Self::List(item) => Some(item),
            _ => None,
        }
    }

    /// Whether there is a [`Self::Json`] at this place or below.
    pub(super) fn has_json(&self) -> bool {
        match self {
            Self::Json => true,
            Self::List(item) => item.has_json(),
            Self::Struct(fields) => fields.iter().any(|(_, of)| of.has_json()),
            _ => false,
        }
    }
}

/// As Arrow prints it.
impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool => out.write_str("bool"),
            Self::Int => out.write_str("int64"),
            Self::UInt => out.write_str("uint64"),
            Self::Float => out.write_str("double"),
            Self::Text => out.write_str("string"),
            Self::Datetime => out.write_str("timestamp[s]"),
            Self::Json => out.write_str("json"),
            Self::List(item) => write!(out, "list<item: {item}>"),
            Self::Struct(fields) => {
                out.write_str("struct<")?;
                for (at, (name, of)) in fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(out, "{comma}{name}: {of}")?;
                }
                out.write_str(">")
            }
        }
    }
}
