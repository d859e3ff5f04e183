//! Parquet files damaged where the decoder does not look and Arrow in C++ does.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use gonogo::model::record::Fault;

use super::columnar::{parquet, small_batch};
use super::harness::{Folder, find, fixture, outline, patched, read, values};

/// All rows of the file are lost, for this reason.
fn lost(bytes: &[u8], why: &str) {
    let seen = Folder::new().read("a.parquet", bytes);
    assert_eq!(seen.len(), 1, "{why}: {:?}", outline(&seen));
    assert_eq!((seen[0].bad().fault, &seen[0].bad().message[..]), (Fault::Damaged, why));
}

#[test]
fn a_parquet_footer_that_is_not_what_it_should_be_is_damage() {
    let whole = parquet(&small_batch(), 3);
    let cases: &[(&[u8], &[u8], &str)] = &[
        (
            b"text%\x00L\x1C\x00\x00",
            b"text%\x00L\x15\x00\x00",
            "`STRING` of its LogicalType is of another type",
        ),
        (
            b"n\x00\x16\x06\x19",
            b"n\x00\x16\x08\x19",
            "it says there are 4 rows, and its row groups have 3",
        ),
        (
            b"\x26\x00\x1C\x15\x0C\x19",
            b"\x26\x00\x1C\x15\x0A\x19",
            "a column is of another type in its schema than in a row group",
        ),
        (
            b"\x26\x00\x1C\x15\x0C\x19",
            b"\x26\x00\x1C\x16\x0C\x19",
            "`type` of its ColumnMetaData is of another type",
        ),
        (
            b"\x19\x2C\x1C\x00\x00\x1C",
            b"\x19\x1C\x1C\x00\x00\x00",
            "it does not give an order for every column",
        ),
    ];
    for (from, to, why) in cases {
        lost(
            &patched(&whole, from, to),
            &format!("the Parquet footer is damaged: {why}"),
        );
    }
    // The length of the message in base64.
    lost(
        &patched(&whole, b"/////6gA", b"/////6gB"),
        "the Parquet footer cannot be read: its `ARROW:schema` is damaged: it cannot be understood",
    );
}

/// A small file could hold one row group a million times.
#[test]
fn a_parquet_footer_of_more_pages_than_the_file_has_bytes_is_damage() {
    let text: String = (0..50).map(|n| (n * 7919 % 10_007).to_string()).collect();
    let texts: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let whole = parquet(&RecordBatch::try_from_iter([("text", texts)]).expect("a batch"), 1);
    lost(
        &patched(&whole, b"\x16\xDC\x03\x26\xBA", b"\x16\xFE\x7F\x26\xBA"),
        "the Parquet footer says there are 8191 bytes of pages, and the file has 882",
    );
}

/// Its footer may be readable all the same.
#[test]
fn a_parquet_file_of_encrypted_columns_is_named() {
    let whole = parquet(&small_batch(), 3);
    let (rest, end) = whole.split_at(whole.len() - 9);
    let length = u32::from_le_bytes([end[1], end[2], end[3], end[4]]) + 4;
    // Field 8, the algorithm, and the end of the footer.
    let bytes = [rest, b"\x1C\x1C\0\0\0", &length.to_le_bytes(), b"PAR1"].concat();
    lost(&bytes, "the file is a Parquet file with encrypted columns");
}

#[test]
fn a_parquet_page_that_is_not_what_it_should_be_is_damage() {
    let whole = parquet(&small_batch(), 3);
    let cases: &[(&[u8], &[u8], &str)] = &[
        (
            b",\x15\x06\x15\x10\x15\x06",
            b",\x15\x06\x16\x10\x15\x06",
            "the page at byte 38 is damaged: `encoding` of its DataPageHeader is of another type",
        ),
        (
            b",\x15\x06\x15\x10\x15\x06",
            b",\x15\x04\x15\x10\x15\x06",
            "the pages hold 2 values, and the footer counts 3",
        ),
        (
            b"L\x15\x04\x15\x00\x12",
            b"L\x15\x04\x15\x06\x12",
            "the page at byte 4 is damaged: a dictionary of encoding 3",
        ),
        (
            b"PAR1\x15\x04\x15\x24",
            b"PAR1\x15\x04\x15\x26",
            "the page at byte 4 is damaged: its data do not become the 19 bytes it says they do",
        ),
        (
            b"PAR1\x15\x04\x15\x24\x15\x28",
            b"PAR1\x15\x04\x15\x24\x15\x7E",
            "the page at byte 4 is damaged: it says it has 63 bytes, 18 uncompressed, where 48 are left",
        ),
        (
            b"PAR1\x15\x04",
            b"PAR1\x15\x00",
            "the page at byte 4 is damaged: its header is not one of page type 0",
        ),
        (
            b"text\x15\x02\x16\x06",
            b"text\x15\x02\x16\x04",
            "the footer counts 2 values for 3 rows",
        ),
        (
            b"\x26\x4C\x26\x08\x1C",
            b"\x26\x06\x26\x08\x1C",
            "the footer puts the dictionary at byte 4, behind the data at byte 3",
        ),
        (
            b"\x16\x14\x29\x26\x02\x04",
            b"\x16\x14\x29\x16\x84\x04",
            "the footer counts 1 levels, and 2 can be",
        ),
    ];
    for (from, to, why) in cases {
        lost(
            &patched(&whole, from, to),
            &format!("rows 0 to 2 cannot be read: in column `text` {why}"),
        );
    }
    lost(
        &patched(&whole, b"\x26\xC4\x01\x26\x84\x01", b"\x26\xC4\x0C\x26\x84\x0C"),
        "rows 0 to 2 cannot be read: in column `n` the footer puts 60 bytes at byte 770 of 772",
    );
}

/// pyarrow reads it as if nothing were, unless it is told to look.
#[test]
fn a_page_that_is_not_of_its_checksum_is_damage() {
    let seen = read(&find(&fixture("checksums.parquet")).inputs[0]);
    assert_eq!(values(&seen).len(), 3);
    let whole = std::fs::read(fixture("checksums.parquet")).expect("a fixture");
    lost(
        &patched(&whole, b"one", b"ome"),
        "rows 0 to 2 cannot be read: in column `text` the page at byte 4 is damaged: its checksum is efb6a53e, and \
         that of its data is 527cc9f0",
    );
}
