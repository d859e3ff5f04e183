//! The JSON reader and writer inside pandas, which `datasets` runs mixed columns through.
//!
//! From `datasets` 4.7 on, a column of mixed types is stored as JSON text, written and read back by
//! pandas' own copy of ultrajson (`pandas/_libs/src/vendored/ujson/lib/ultrajson{dec,enc}.c`, read at
//! pandas 3.1). It takes more than JSON (`-` is 0, `01` is 1, `{"a":1,}` is an object), reads decimals
//! with a rounding error, and writes them with ten digits after the point. So a string is "JSON" here
//! when that reader takes it, and a number comes out as that writer leaves it.

mod read;
mod write;

pub(super) use read::{is_json, loads};
pub(super) use write::dumps;

use crate::model::value::Value;

/// How a number reaches Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wash {
    /// How often it is read and written by this reader and writer on the way.
    pub(super) rounds: u8,
    /// Whether this reader, rather than one that rounds correctly, has the last word.
    pub(super) reads_last: bool,
}

impl Wash {
    pub(super) fn is_clean(self) -> bool {
        self.rounds == 0 && !self.reads_last
    }

    /// The float that arrives; `None` where it becomes null.
    pub(super) fn float(self, value: f64) -> Option<f64> {
        let mut value = value;
        for _ in 0..self.rounds {
            let written = write::float(read::float(value)?)?;
            // Nothing but digits, a point and an exponent is ever written.
            value = written.parse().ok()?;
            if self.reads_last {
                value = read::number(written.as_bytes())?;
            }
        }
        if self.rounds == 0 && self.reads_last {
            return read::float(value);
        }
        Some(value)
    }
}

/// Whether a float comes out different on any of the ways it may take.
pub(super) fn moves(value: f64) -> bool {
    const WAYS: [Wash; 3] = [
        Wash {
            rounds: 1,
            reads_last: false,
        },
        Wash {
            rounds: 1,
            reads_last: true,
        },
        Wash {
            rounds: 0,
            reads_last: true,
        },
    ];
    WAYS.iter()
        .any(|way| way.float(value).is_none_or(|out| out.to_bits() != value.to_bits()))
}

/// What becomes of a value stored as JSON text and read back; `None` if nothing.
///
/// A string is only looked into where it is the stored value itself, not inside an object or list.
pub(super) fn stored<'v>(value: &'v Value<'_>, wash: Wash) -> Option<Value<'v>> {
    match value {
        Value::Str(text) => loads(text),
        _ => washed(value, wash),
    }
}

/// The value with its floats as they come out; `None` if none of them changes.
pub(super) fn washed<'v>(value: &'v Value<'_>, wash: Wash) -> Option<Value<'v>> {
    match value {
        Value::Float(float) => match wash.float(*float) {
            Some(out) if out.to_bits() == float.to_bits() => None,
            Some(out) => Some(Value::Float(out)),
            None => Some(Value::Null),
        },
        Value::Array(items) => super::build::array(items, |item| washed(item, wash)),
        Value::Object(object) => super::build::object(object, |_, value| washed(value, wash)),
        _ => None,
    }
}
