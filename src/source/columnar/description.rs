//! A look at the description of an Arrow message before the decoder gets it.
//!
//! The decoder asserts what a buffer's place must be, does not look at the length a struct has, and
//! takes a column of fewer than no nulls for one without any; Arrow in C++ refuses the file or
//! reads other rows.

use arrow::datatypes::{DataType, FieldRef, Schema, UnionMode};
use arrow::ipc::{self, FieldNode, MessageHeader, MetadataVersion};

/// Bodies are laid out in units of this many bytes.
const ALIGNED: i64 = 8;

/// The message whose frame these bytes start with, and the length of its frame and description.
pub(super) fn message(bytes: &[u8]) -> Option<(ipc::Message<'_>, usize)> {
    // Since version 0.15 of Arrow the length stands behind a mark.
    let marked = bytes.starts_with(&[0xFF; 4]);
    let (length, rest) = bytes.get(if marked { 4 } else { 0 }..)?.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    let message = ipc::root_as_message(rest.get(..length)?).ok()?;
    Some((message, bytes.len() - rest.len() + length))
}

/// Whether what a message says can be; `schema` is that of its rows, once it is known.
pub(super) fn check(message: &ipc::Message<'_>, schema: Option<&Schema>) -> Result<(), String> {
    let version = message.version();
    if !(MetadataVersion::V4..=MetadataVersion::V5).contains(&version) {
        return Err(format!(
            "a message is of version {} of the format, and 4 and 5 are read",
            i32::from(version.0) + 1
        ));
    }
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => return Ok(()),
    };
    let Some(batch) = batch else {
        return Err("a message has no batch where it says it has one".to_owned());
    };
    for buffer in batch.buffers().into_iter().flatten() {
        let (at, length) = (buffer.offset(), buffer.length());
        let end = at.checked_add(length).filter(|end| *end <= message.bodyLength());
        if at < 0 || at % ALIGNED != 0 || length < 0 || end.is_none() {
            let body = message.bodyLength();
            return Err(format!(
                "a buffer of {length} bytes is said to be at byte {at} of {body}"
            ));
        }
    }
    for node in batch.nodes().into_iter().flatten() {
        let (length, nulls) = (node.length(), node.null_count());
        if !(0..=length).contains(&nulls) {
            return Err(format!("a column of {length} values is said to have {nulls} nulls"));
        }
    }
    let Some(schema) = schema.filter(|_| message.header_type() == MessageHeader::RecordBatch) else {
        return Ok(());
    };
    let mut nodes = batch.nodes().into_iter().flatten();
    for field in schema.fields() {
        column(field, &mut nodes, Some(batch.length())).map_err(|why| format!("column `{}` {why}", field.name()))?;
    }
    match nodes.next() {
        None => Ok(()),
        Some(_) => Err("a batch has more columns than its schema".to_owned()),
    }
}

/// Whether a column, and all in it, has the length it must have, if that is known.
fn column<'a>(
    field: &FieldRef,
    nodes: &mut impl Iterator<Item = &'a FieldNode>,
    expected: Option<i64>,
) -> Result<(), String> {
    let length = nodes.next().ok_or("is not described")?.length();
    if let Some(expected) = expected.filter(|expected| *expected != length) {
        return Err(format!("is said to have {length} values where {expected} belong"));
    }
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().try_for_each(|field| column(field, nodes, Some(length))),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => column(item, nodes, None),
        DataType::RunEndEncoded(ends, values) => {
            column(ends, nodes, None)?;
            column(values, nodes, None)
        }
        DataType::Union(fields, mode) => {
            let expected = (*mode == UnionMode::Sparse).then_some(length);
            fields.iter().try_for_each(|(_, field)| column(field, nodes, expected))
        }
        _ => Ok(()),
    }
}
