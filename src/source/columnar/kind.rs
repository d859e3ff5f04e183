//! The types a column can have, each made ready to be read by row.

use arrow::array::{
    Array, AsArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, GenericBinaryArray, GenericListArray,
    GenericListViewArray, GenericStringArray, OffsetSizeTrait, RunArray, StringViewArray, UnionArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Field, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, RunEndIndexType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::column::Column;
use super::times;

/// What a row holds, by row number.
type At<'a, T> = Box<dyn Fn(usize) -> T + 'a>;

pub(super) enum Kind<'a> {
    Null,
    Bool(&'a BooleanArray),
    Int(At<'a, i64>),
    UInt(&'a [u64]),
    Float(At<'a, f64>),
    Utf8(&'a GenericStringArray<i32>),
    LargeUtf8(&'a GenericStringArray<i64>),
    Utf8View(&'a StringViewArray),
    Binary(&'a GenericBinaryArray<i32>),
    LargeBinary(&'a GenericBinaryArray<i64>),
    BinaryView(&'a BinaryViewArray),
    FixedBinary(&'a FixedSizeBinaryArray),
    /// Dates and times as text, and as the number where Python has no date for it.
    Time(At<'a, Option<String>>, At<'a, i64>),
    Decimal(ArrayFormatter<'a>),
    /// Whatever is left, by its text.
    Shown(ArrayFormatter<'a>),
    List {
        /// First item and number of items.
        range: At<'a, (usize, usize)>,
        items: Box<Column<'a>>,
    },
    Struct(Vec<(&'a str, Column<'a>)>),
    Map {
        range: At<'a, (usize, usize)>,
        keys: Box<Column<'a>>,
        values: Box<Column<'a>>,
    },
    /// A dictionary, runs or a union: each row stands in a row of one of other columns.
    Elsewhere {
        index: At<'a, (usize, usize)>,
        columns: Vec<Column<'a>>,
    },
}

impl<'a> Kind<'a> {
    /// `field` is the column's own, for what goes on in the column it points to.
    pub(super) fn new(field: Option<&Field>, array: &'a dyn Array, depth: usize) -> Result<Self, String> {
        let below = |field: Option<&Field>, array: &'a dyn Array| Column::nested(field, array, depth + 1);
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int8 => Self::Int(values::<Int8Type, _>(array)),
            DataType::Int16 => Self::Int(values::<Int16Type, _>(array)),
            DataType::Int32 => Self::Int(values::<Int32Type, _>(array)),
            DataType::Int64 => Self::Int(values::<Int64Type, _>(array)),
            DataType::UInt8 => Self::Int(values::<UInt8Type, _>(array)),
            DataType::UInt16 => Self::Int(values::<UInt16Type, _>(array)),
            DataType::UInt32 => Self::Int(values::<UInt32Type, _>(array)),
            DataType::UInt64 => Self::UInt(array.as_primitive::<UInt64Type>().values()),
            DataType::Float16 => Self::Float(values::<Float16Type, _>(array)),
            DataType::Float32 => Self::Float(values::<Float32Type, _>(array)),
            DataType::Float64 => Self::Float(values::<Float64Type, _>(array)),
            DataType::Utf8 => Self::Utf8(array.as_string()),
            DataType::LargeUtf8 => Self::LargeUtf8(array.as_string()),
            DataType::Utf8View => Self::Utf8View(array.as_string_view()),
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Self::FixedBinary(array.as_fixed_size_binary()),
            DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => Self::clock(array)?,
            DataType::Timestamp(unit, zone) => Self::timestamp(array, *unit, zone.as_deref()),
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Decimal(formatter(array)?)
            }
            DataType::List(item) => list(
                array.as_list::<i32>(),
                below(Some(item), array.as_list::<i32>().values())?,
            ),
            DataType::LargeList(item) => list(
                array.as_list::<i64>(),
                below(Some(item), array.as_list::<i64>().values())?,
            ),
            DataType::ListView(item) => {
                let array = array.as_list_view::<i32>();
                list_view(array, below(Some(item), array.values())?)
            }
            DataType::LargeListView(item) => {
                let array = array.as_list_view::<i64>();
                list_view(array, below(Some(item), array.values())?)
            }
            DataType::FixedSizeList(item, length) => {
                let (list, length) = (array.as_fixed_size_list(), index(*length));
                Self::List {
                    range: Box::new(move |row| (row * length, length)),
                    items: Box::new(below(Some(item), list.values())?),
                }
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                let named = columns.map(|(field, column)| Ok((field.name().as_str(), below(Some(field), column)?)));
                Self::Struct(named.collect::<Result<_, String>>()?)
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let offsets = map.value_offsets();
                Self::Map {
                    range: Box::new(move |row| span(offsets[row], offsets[row + 1])),
                    keys: Box::new(below(None, map.keys())?),
                    values: Box::new(below(None, map.values())?),
                }
            }
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let key = keys(dictionary.keys())?;
                Self::Elsewhere {
                    index: Box::new(move |row| (0, key(row))),
                    columns: vec![below(field, dictionary.values())?],
                }
            }
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => runs(array.as_run::<Int16Type>(), |values| below(field, values))?,
                DataType::Int32 => runs(array.as_run::<Int32Type>(), |values| below(field, values))?,
                _ => runs(array.as_run::<Int64Type>(), |values| below(field, values))?,
            },
            DataType::Union(fields, _) => {
                let union = array.as_union();
                let columns = fields
                    .iter()
                    .map(|(id, field)| below(Some(field), union.child(id)))
                    .collect::<Result<_, _>>()?;
                let order: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
                Self::union(union, order, columns)
            }
            DataType::Duration(_) | DataType::Interval(_) => Self::Shown(formatter(array)?),
        })
    }

    fn clock(array: &'a dyn Array) -> Result<Self, String> {
        fn time<T: ArrowPrimitiveType>(array: &dyn Array, unit: TimeUnit) -> Kind<'_>
        where
            i64: From<T::Native>,
        {
            let number = values::<T, i64>(array);
            Kind::Time(
                Box::new(move |row| times::time(number(row), unit)),
                values::<T, i64>(array),
            )
        }
        let days = |per_day: i64, number: At<'a, i64>, again: At<'a, i64>| {
            Self::Time(Box::new(move |row| times::date(number(row).div_euclid(per_day))), again)
        };
        Ok(match array.data_type() {
            DataType::Date32 => days(1, values::<Date32Type, _>(array), values::<Date32Type, _>(array)),
            DataType::Date64 => days(
                86_400_000,
                values::<Date64Type, _>(array),
                values::<Date64Type, _>(array),
            ),
            DataType::Time32(TimeUnit::Second) => time::<Time32SecondType>(array, TimeUnit::Second),
            DataType::Time32(TimeUnit::Millisecond) => time::<Time32MillisecondType>(array, TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Microsecond) => time::<Time64MicrosecondType>(array, TimeUnit::Microsecond),
            DataType::Time64(TimeUnit::Nanosecond) => time::<Time64NanosecondType>(array, TimeUnit::Nanosecond),
            other => return Err(format!("a column has the type {other}, which Arrow does not define")),
        })
    }

    fn timestamp(array: &'a dyn Array, unit: TimeUnit, zone: Option<&'a str>) -> Self {
        let number = || match unit {
            TimeUnit::Second => values::<TimestampSecondType, i64>(array),
            TimeUnit::Millisecond => values::<TimestampMillisecondType, i64>(array),
            TimeUnit::Microsecond => values::<TimestampMicrosecondType, i64>(array),
            TimeUnit::Nanosecond => values::<TimestampNanosecondType, i64>(array),
        };
        let value = number();
        Self::Time(Box::new(move |row| times::timestamp(value(row), unit, zone)), number())
    }

    fn union(array: &'a UnionArray, order: Vec<i8>, columns: Vec<Column<'a>>) -> Self {
        let position = move |id| {
            order
                .iter()
                .position(|other| *other == id)
                .expect("a type id of the union")
        };
        Self::Elsewhere {
            index: Box::new(move |row| (position(array.type_id(row)), array.value_offset(row))),
            columns,
        }
    }
}

/// The values of a column of numbers.
fn values<'a, T: ArrowPrimitiveType, V: From<T::Native> + 'a>(array: &'a dyn Array) -> At<'a, V> {
    let values: &'a [T::Native] = array.as_primitive::<T>().values();
    Box::new(move |row| V::from(values[row]))
}

/// The keys of a dictionary.
fn keys<'a>(array: &'a dyn Array) -> Result<At<'a, usize>, String> {
    let key: At<'a, i64> = match array.data_type() {
        DataType::Int8 => values::<Int8Type, _>(array),
        DataType::Int16 => values::<Int16Type, _>(array),
        DataType::Int32 => values::<Int32Type, _>(array),
        DataType::Int64 => values::<Int64Type, _>(array),
        DataType::UInt8 => values::<UInt8Type, _>(array),
        DataType::UInt16 => values::<UInt16Type, _>(array),
        DataType::UInt32 => values::<UInt32Type, _>(array),
        DataType::UInt64 => {
            let keys = array.as_primitive::<UInt64Type>().values();
            return Ok(Box::new(move |row| {
                usize::try_from(keys[row]).expect("a key of the dictionary")
            }));
        }
        other => return Err(format!("a dictionary has keys of type {other}")),
    };
    Ok(Box::new(move |row| {
        usize::try_from(key(row)).expect("a key of the dictionary")
    }))
}

fn list<'a, O: OffsetSizeTrait>(array: &'a GenericListArray<O>, items: Column<'a>) -> Kind<'a> {
    let offsets = array.value_offsets();
    Kind::List {
        range: Box::new(move |row| {
            let first = offsets[row].as_usize();
            (first, offsets[row + 1].as_usize() - first)
        }),
        items: Box::new(items),
    }
}

fn list_view<'a, O: OffsetSizeTrait>(array: &'a GenericListViewArray<O>, items: Column<'a>) -> Kind<'a> {
    Kind::List {
        range: Box::new(move |row| (array.value_offset(row).as_usize(), array.value_size(row).as_usize())),
        items: Box::new(items),
    }
}

fn runs<'a, R: RunEndIndexType>(
    array: &'a RunArray<R>,
    column: impl FnOnce(&'a dyn Array) -> Result<Column<'a>, String>,
) -> Result<Kind<'a>, String> {
    Ok(Kind::Elsewhere {
        index: Box::new(move |row| (0, array.get_physical_index(row))),
        columns: vec![column(array.values())?],
    })
}

fn formatter(array: &dyn Array) -> Result<ArrayFormatter<'_>, String> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    ArrayFormatter::try_new(array, &OPTIONS).map_err(|error| error.to_string())
}

fn span(from: i32, to: i32) -> (usize, usize) {
    (index(from), index(to) - index(from))
}

fn index(offset: i32) -> usize {
    usize::try_from(offset).expect("offsets are checked to be in order and not negative")
}
