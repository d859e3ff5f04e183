//! Arrow files and streams damaged where the decoder does not look and Arrow in C++ does, and files that only
//! seem to be damaged.

use gonogo::model::record::Fault;
use gonogo::source::{Limits, Part};

use super::columnar::{arrow_file, arrow_stream, small_batch};
use super::harness::{Folder, Seen, find, fixture, gzip, outline, patched, read, read_part, read_shards};

#[test]
fn an_arrow_batch_that_is_not_what_it_should_be_is_damage() {
    let batch = small_batch();
    let cases: &[(&[u8], &[u8], &str)] = &[
        // No rows, where the columns have three: they would be passed over.
        (
            b"\x3C\0\0\0\x10\0\0\0\x03\0\0\0",
            b"\x3C\0\0\0\x10\0\0\0\x00\0\0\0",
            "column `text` is said to have 3 values where 0 belong",
        ),
        (
            b"\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0",
            b"\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\xFF",
            "a column of 3 values is said to have -72057594037927935 nulls",
        ),
        (
            b"\x01\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x10\0\0\0",
            b"\x01\0\0\0\0\0\0\0\x41\0\0\0\0\0\0\0\x10\0\0\0",
            "a buffer of 16 bytes is said to be at byte 65 of 320",
        ),
        (
            b"\0\x03\x04\0\x0A\0",
            b"\0\x03\x14\0\x0A\0",
            "a message is of version 21 of the format, and 4 and 5 are read",
        ),
    ];
    for (name, whole) in [
        ("file", arrow_file(&[batch.clone(), batch.clone()])),
        ("stream", arrow_stream(&[batch.clone(), batch.clone()])),
    ] {
        for (from, to, why) in cases {
            let folder = Folder::new();
            let input = folder.input("a.arrow", patched(&whole, from, to));
            let seen = read(&input);
            assert_eq!(seen.len(), 1, "{name}: {why}: {:?}", outline(&seen));
            let expected = format!("the Arrow data are damaged after 0 rows: {why}");
            assert_eq!(
                (seen[0].bad().fault, &seen[0].bad().message),
                (Fault::Damaged, &expected)
            );
        }
    }
}

#[test]
fn an_arrow_batch_of_more_columns_than_its_schema_is_damage() {
    let batch = small_batch();
    let (narrow, wide) = (batch.project(&[0]).expect("a column"), arrow_stream(&[batch]));
    let narrow = arrow_stream(&[narrow]);
    let schema = |stream: &[u8]| 8 + usize::from(u16::from_le_bytes([stream[4], stream[5]]));
    let bytes = [&narrow[..schema(&narrow)], &wide[schema(&wide)..]].concat();
    let seen = Folder::new().read("a.arrow", bytes);
    assert_eq!(
        outline(&seen),
        ["0:0 Damaged the Arrow data are damaged after 0 rows: a batch has more columns than its schema"]
    );
}

/// pyarrow reads it; `datasets` then finds no column of the name it cut there.
#[test]
fn a_column_name_with_a_zero_byte_is_damage() {
    let whole = arrow_stream(&[small_batch()]);
    let seen = Folder::new().read("a.arrow", patched(&whole, b"text", b"te\0t"));
    assert_eq!(
        outline(&seen),
        ["0:0 Damaged the name of column \"te\\0t\" has a zero byte"]
    );
}

/// An Arrow file of two batches of three rows.
fn two_batches() -> Vec<u8> {
    arrow_file(&[small_batch(), small_batch()])
}

#[test]
fn an_arrow_footer_that_does_not_fit_its_file_is_damage() {
    let whole = two_batches();
    let cases: &[(&[u8], &[u8], usize, &str)] = &[
        (
            b"\x40\x03\0\0\0\0\0\0\0\x01",
            b"\x48\x03\0\0\0\0\0\0\0\x01",
            3,
            "the Arrow data are damaged after 3 rows: no message is at byte 840, where the footer puts one",
        ),
        (
            b"\x40\x03\0\0\0\0\0\0\0\x01",
            b"\x41\x03\0\0\0\0\0\0\0\x01",
            3,
            "the Arrow data are damaged after 3 rows: the footer puts a message of 256 + 320 bytes at byte 833",
        ),
        (
            b"\x40\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x40",
            b"\x40\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x38",
            3,
            "the Arrow data are damaged after 3 rows: the message at byte 832 has 256 + 320 bytes, and the footer \
             says 256 + 312",
        ),
        (
            b"\x40\x03\0\0\0\0\0\0\0\x01",
            b"\x40\x01\0\0\0\0\0\0\0\x01",
            0,
            "the footer of the Arrow file is damaged: it puts two messages at byte 320",
        ),
        (
            b"\xF0\0\0\0ARROW1",
            b"\xF0\x70\0\0ARROW1",
            0,
            "the footer of the Arrow file is damaged: its length is beyond the file",
        ),
        (
            b"\xF0\0\0\0ARROW1",
            b"\xE8\0\0\0ARROW1",
            0,
            "the footer of the Arrow file is damaged: it cannot be understood",
        ),
    ];
    for (from, to, rows, why) in cases {
        let folder = Folder::new();
        let input = folder.input("a.arrow", patched(&whole, from, to));
        let seen = read(&input);
        assert_eq!(seen.len(), rows + 1, "{why}: {:?}", outline(&seen));
        assert_eq!(
            (seen[*rows].bad().fault, &seen[*rows].bad().message[..]),
            (Fault::Damaged, *why)
        );
        // A row before the damage is there, and one behind it is not.
        let row = |row| read_part(&input, Part::Row(row), &Limits::default());
        assert_eq!(row(5), seen[*rows..], "{why}");
        assert_eq!(row(0), seen[..1], "{why}");
        for shards in 1..6 {
            assert_eq!(read_shards(&input, shards, &Limits::default()), seen, "{why} {shards}");
        }
    }
}

/// pyarrow and `datasets` go by the footer alone.
#[test]
fn what_no_footer_lists_is_not_read() {
    let whole = two_batches();
    let mut bytes = whole.clone();
    // The schema in front.
    bytes[64..256].fill(0xAA);
    let expected = Folder::new().read("a.arrow", &whole);
    assert_eq!(expected.len(), 6);
    for (name, bytes) in [("a.arrow", bytes.clone()), ("a.arrow.gz", gzip(&bytes))] {
        assert_eq!(Folder::new().read(name, bytes), expected, "{name}");
    }
    let polars = read(&find(&fixture("polars.arrow")).inputs[0]);
    assert_eq!(outline(&polars), outline(&expected[..3]));
    // Cut off, it is that, whatever stands in front.
    let bytes = std::fs::read(fixture("polars.arrow")).expect("a fixture");
    let seen = Folder::new().read("a.arrow", &bytes[..bytes.len() - 1]);
    assert!(
        matches!(&seen[..], [Seen::Bad(bad)] if bad.fault == Fault::Truncated),
        "{:?}",
        outline(&seen)
    );
}
