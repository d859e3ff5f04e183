//! Files that are not what their names say, and files that are broken as a whole.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::ipc::CompressionType;
use gonogo::model::record::Fault;
use gonogo::source::{Format, Limits, Part};

use super::columnar::{arrow_stream, arrow_stream_with, parquet, small_batch};
use super::harness::{COMPRESSIONS, Folder, Seen, gzip, outline, read, read_part, read_shards, zstd};

/// The only thing a file shows: a fault of the whole.
fn fault(name: &str, bytes: impl AsRef<[u8]>) -> (Fault, String) {
    let seen = Folder::new().read(name, bytes);
    assert_eq!(seen.len(), 1, "{name}: {:?}", outline(&seen));
    assert_eq!(seen[0].place().row, 0);
    (seen[0].bad().fault, seen[0].bad().message.clone())
}

#[test]
fn pointers_are_named_and_how_to_fetch_what_they_point_to() {
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2781374\n";
    for name in ["a.parquet", "a.jsonl", "a.jsonl.gz", "a.csv", "a.txt", "a.arrow"] {
        let expected = "a Git LFS pointer to 2781374 bytes stands where the data should; fetch it with `git lfs pull`";
        assert_eq!(fault(name, lfs), (Fault::LfsPointer, expected.to_owned()), "{name}");
    }
    let (kind, message) = fault(
        "a.jsonl.dvc",
        "outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 37\n",
    );
    assert_eq!(kind, Fault::LfsPointer);
    assert_eq!(
        message,
        "a DVC pointer to 37 bytes stands where the data should; fetch it with `dvc pull`"
    );
}

#[test]
fn pages_saved_under_a_data_files_name_are_named() {
    let page = "\n<!DOCTYPE html>\n<html><head><title> 404 Not Found </title></head></html>";
    let expected = "an HTML page (\"404 Not Found\") stands where the data should, as after a failed download";
    for name in ["a.jsonl", "a.json", "a.parquet", "a.csv"] {
        assert_eq!(fault(name, page), (Fault::Html, expected.to_owned()), "{name}");
    }
    let error = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let expected = "an XML page (\"Access Denied\") stands where the data should, as after a failed download";
    assert_eq!(fault("a.jsonl", error), (Fault::Html, expected.to_owned()));
    // In a file of texts a tag is a text.
    let seen = Folder::new().read("a.txt", "<b>bold</b>\n");
    assert_eq!(outline(&seen), ["0:1 {\"text\": \"<b>bold</b>\"}"]);
}

#[test]
fn files_without_rows_are_empty() {
    let cases: &[(&str, &str, &str)] = &[
        ("a.jsonl", "", "the file is empty"),
        ("a.parquet", "", "the file is empty"),
        ("a.csv", "", "the file is empty"),
        ("a.jsonl", "\u{FEFF}", "the file is empty"),
        ("a.jsonl", "\n \n\r\n", "the file has no rows, only 3 blank lines"),
        ("a.json", "[ ]", "the list of rows is empty"),
        ("a.csv", "a,b\n", "the file has a header and no rows"),
        ("a.csv", "\n\n", "the file has no header and no rows"),
    ];
    for (name, text, message) in cases {
        for (extension, compress) in COMPRESSIONS {
            let found = fault(&format!("{name}{extension}"), compress(text.as_bytes()));
            if text.is_empty() {
                assert_eq!(found.0, Fault::EmptyFile, "{name}{extension}");
            } else {
                assert_eq!(
                    found,
                    (Fault::EmptyFile, (*message).to_owned()),
                    "{name}{extension} {text:?}"
                );
            }
        }
    }
    for (name, text, _) in cases {
        let folder = Folder::new();
        let input = folder.input(name, text);
        assert_eq!(
            read_shards(&input, 3, &Limits::default()),
            read(&input),
            "one shard says it: {name} {text:?}"
        );
    }
    let none = small_batch().slice(0, 0);
    assert_eq!(fault("a.parquet", parquet(&none, 1)).0, Fault::EmptyFile);
    assert_eq!(fault("a.arrow", arrow_stream(&[none])).0, Fault::EmptyFile);
}

#[test]
fn other_encodings_are_named() {
    let text = "{\"a\": \"é\"}\n";
    let units: Vec<u16> = std::iter::once(0xFEFF).chain(text.encode_utf16()).collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let expected = "the file is UTF-16, as some editors on Windows save it, and every loader reads UTF-8";
    for bytes in [&little[..], &big, &little[2..], &big[2..]] {
        assert_eq!(fault("a.jsonl", bytes), (Fault::BadUtf8, expected.to_owned()));
        assert_eq!(fault("a.csv", bytes), (Fault::BadUtf8, expected.to_owned()));
    }
}

#[test]
fn foreign_files_are_named() {
    let tar = [&[b'x'; 257][..], b"ustar\0", &[0; 249]].concat();
    let cases: &[(&str, &[u8], &str)] = &[
        (
            "a.jsonl",
            b"PK\x03\x04....",
            "the file is a zip archive; unpack it first",
        ),
        ("a.jsonl.gz", &gzip(&tar), "the file is a tar archive; unpack it first"),
        (
            "a.json",
            b"\x80\x04\x95....",
            "the file is a Python pickle, which may run code and is not read",
        ),
        ("a.parquet", b"PARE....PARE", "the file is an encrypted Parquet file"),
        (
            "a.json",
            b"var data = [{\"a\": 1}];\n",
            "the file is JavaScript, not JSON: remove what stands before the first bracket and after the last",
        ),
        (
            "a.json",
            b"// data\n[{\"a\": 1}]\n",
            "the file is not JSON: it begins with a comment, which JSON has none of",
        ),
        (
            "a.jsonl",
            b"prompt,completion\nWhy?,Because.\nWho?,Me.\n",
            "named .jsonl, but the file is a table of CSV or TSV",
        ),
        (
            "a.parquet",
            b"hello, world",
            "named .parquet, but not Parquet: it starts with \"hello, world\"",
        ),
        (
            "a.arrow",
            b"\x01\x02\x03\x04\x05",
            "named .arrow, but not an Arrow stream: it starts with \"\\u{1}\\u{2}\\u{3}\\u{4}\\u{5}\"",
        ),
    ];
    for (name, bytes, message) in cases {
        assert_eq!(fault(name, bytes), (Fault::Damaged, (*message).to_owned()), "{name}");
    }
}

#[test]
fn content_goes_before_names() {
    let lines = b"{\"a\": 1}\n{\"a\": 2}\n";
    let array = b"[{\"a\": 1}]";
    let columns = parquet(&small_batch(), 1);
    let cases: &[(&str, &[u8], Format, &[&str])] = &[
        (
            "a.parquet",
            lines,
            Format::JsonLines,
            &["named .parquet, but holds JSON lines"],
        ),
        ("a.csv", lines, Format::JsonLines, &["named .csv, but holds JSON lines"]),
        (
            "a.jsonl",
            array,
            Format::JsonArray,
            &["named .jsonl, but holds a JSON array"],
        ),
        (
            "a.jsonl",
            &columns,
            Format::Parquet,
            &["named .jsonl, but holds Parquet"],
        ),
        (
            "a.jsonl.gz",
            lines,
            Format::JsonLines,
            &["named as gzip, but not compressed"],
        ),
        (
            "a.jsonl.gz",
            &zstd(lines),
            Format::JsonLines,
            &["named as gzip, but compressed with zstd"],
        ),
        (
            "a.jsonl",
            &gzip(lines),
            Format::JsonLines,
            &["compressed with gzip, which its name does not say"],
        ),
        ("a", lines, Format::JsonLines, &[]),
        ("a", &columns, Format::Parquet, &[]),
    ];
    for (name, bytes, format, notes) in cases {
        let folder = Folder::new();
        let input = folder.input(name, bytes);
        assert_eq!(
            (input.format, &input.notes[..]),
            (
                *format,
                &notes.iter().map(|note| (*note).to_owned()).collect::<Vec<_>>()[..]
            ),
            "{name}"
        );
        assert!(read(&input).iter().all(|seen| matches!(seen, Seen::Row(_))), "{name}");
    }
}

#[test]
fn compressed_files_that_end_too_early_show_their_rows_and_then_the_fault() {
    let row = |row: u32| format!("{{\"row\": {row}, \"x\": {}}}\n", row * 7919 % 10_007);
    let text = (0..80_000).map(row).collect::<Vec<_>>().concat();
    for (extension, compress) in &COMPRESSIONS[1..] {
        let whole = compress(text.as_bytes());
        let seen = Folder::new().read(&format!("a.jsonl{extension}"), &whole[..whole.len() * 2 / 3]);
        let (last, rows) = seen.split_last().expect("a fault");
        assert_eq!(last.bad().fault, Fault::Truncated, "{extension}: {:?}", last.bad());
        assert!(
            last.bad().message.contains("ends too early, after "),
            "{}",
            last.bad().message
        );
        assert!(rows.len() > 1000, "{extension}: {}", rows.len());
        assert!(rows.iter().all(|seen| matches!(seen, Seen::Row(_))));
        assert_eq!(last.place().line, rows.len() as u64 + 1);
    }
}

/// Exactly one shard says that the file is cut off, wherever the cut falls.
#[test]
fn shards_of_a_file_cut_off_show_what_the_whole_shows() {
    let text = "{\"a\": 1}\n".repeat(40);
    for cut in [text.len(), text.len() - 4, text.len() - 9] {
        let folder = Folder::new();
        // Stored, so that each byte cut from the file is one cut from the text.
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(text.as_bytes()).expect("compresses");
        let mut bytes = encoder.finish().expect("compresses");
        bytes.truncate(15 + cut);
        let input = folder.input("a.jsonl.gz", bytes);
        let whole = read(&input);
        assert_eq!(whole.last().expect("a fault").bad().fault, Fault::Truncated);
        for shards in 1..6 {
            assert_eq!(read_shards(&input, shards, &Limits::default()), whole, "{cut} {shards}");
        }
    }
}

#[test]
fn damaged_compressed_files_are_named() {
    let text = "{\"a\": 1}\n".repeat(50_000);
    for (extension, compress) in &COMPRESSIONS[1..] {
        let mut bytes = compress(text.as_bytes());
        let middle = bytes.len() / 2;
        for byte in &mut bytes[middle..middle + 8] {
            *byte ^= 0x55;
        }
        let seen = Folder::new().read(&format!("a.jsonl{extension}"), &bytes);
        let last = seen.last().expect("a fault").bad();
        assert!(
            matches!(last.fault, Fault::Damaged | Fault::Truncated),
            "{extension}: {last:?}"
        );
    }
}

#[test]
fn members_and_frames_one_after_the_other_are_one_file() {
    let (one, two) = (b"{\"a\": 1}\n{\"a\":", b" 2}\n{\"a\": 3}\n");
    for (extension, compress) in &COMPRESSIONS[1..] {
        let bytes = [compress(one), compress(two)].concat();
        let seen = Folder::new().read(&format!("a.jsonl{extension}"), bytes);
        assert_eq!(
            outline(&seen),
            ["0:1 {\"a\": 1}", "1:2 {\"a\": 2}", "2:3 {\"a\": 3}"],
            "{extension}"
        );
    }
}

#[test]
fn a_decompression_bomb_is_stopped() {
    let blanks = vec![b'\n'; 64 << 20];
    let limits = Limits {
        expansion_floor: 8 << 20,
        max_expansion: 100,
        ..Limits::default()
    };
    for (extension, compress) in &COMPRESSIONS[1..] {
        let folder = Folder::new();
        let input = folder.input(&format!("a.jsonl{extension}"), compress(&blanks));
        let seen = read_part(&input, Part::Whole, &limits);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].bad().fault, Fault::Bomb, "{extension}");
        assert!(seen[0].bad().message.contains("as in a decompression bomb"));
    }
}

#[test]
fn columns_that_become_too_large_are_bombs() {
    let zeros: ArrayRef = Arc::new(Int64Array::from_iter_values(std::iter::repeat_n(0, 4 << 20)));
    let batch = RecordBatch::try_from_iter([("n", zeros)]).expect("a batch");
    let limits = Limits {
        expansion_floor: 8 << 20,
        ..Limits::default()
    };
    let streams = [
        (
            "a.arrow",
            arrow_stream_with(std::slice::from_ref(&batch), Some(CompressionType::ZSTD)),
        ),
        // A million rows to a few hundred bytes, by run lengths.
        ("a.parquet", parquet(&batch, 4 << 20)),
    ];
    for (name, bytes) in streams {
        let folder = Folder::new();
        let input = folder.input(name, bytes);
        let limits = if name == "a.parquet" {
            Limits {
                expansion_floor: 1 << 20,
                ..limits
            }
        } else {
            limits
        };
        let seen = read_part(&input, Part::Whole, &limits);
        assert_eq!(seen.len(), 1, "{name}");
        assert_eq!(seen[0].bad().fault, Fault::Bomb, "{name}");
    }
}

/// A schema nested 100,000 deep: the decoder would follow it until the stack ends.
#[test]
fn a_hostile_parquet_footer_is_damage() {
    const DEPTH: u32 = 100_000;
    // Thrift's compact protocol: a version, and a list of groups of one child each.
    let mut footer = vec![0x15, 0x02, 0x19, 0xFC];
    footer.extend([(DEPTH + 1) | 0x80, (DEPTH + 1) >> 7 | 0x80, (DEPTH + 1) >> 14].map(|part| part.to_le_bytes()[0]));
    for _ in 0..DEPTH {
        footer.extend(b"\x48\x01a\x15\x02\x00");
    }
    // The leaf, no rows, and no row groups.
    footer.extend(b"\x15\x02\x38\x01a\x00\x16\x00\x19\x0C\x00");
    let length = u32::try_from(footer.len()).expect("small").to_le_bytes();
    let bytes = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
    assert_eq!(
        fault("a.parquet", bytes),
        (
            Fault::Damaged,
            "the Parquet footer is damaged: its schema is no tree, or too deep a one".to_owned()
        )
    );
}

#[test]
fn parquet_that_ends_too_early_is_truncated() {
    let whole = parquet(&small_batch(), 1);
    for keep in [4, 11, 40, whole.len() - 1] {
        let (kind, message) = fault("a.parquet", &whole[..keep]);
        assert_eq!(kind, Fault::Truncated, "{keep}");
        assert_eq!(
            message,
            "the Parquet file ends without its footer: it was not written or downloaded to the end"
        );
    }
    let mut bytes = whole.clone();
    let at = bytes.len() - 8;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(fault("a.parquet", &bytes).0, Fault::Damaged);
}

#[test]
fn arrow_that_ends_too_early_shows_its_rows_and_then_the_fault() {
    let batch = small_batch();
    let whole = arrow_stream(&[batch.clone(), batch.clone()]);
    let seen = Folder::new().read("a.arrow", &whole[..whole.len() - 40]);
    let (last, rows) = seen.split_last().expect("a fault");
    assert_eq!(rows.len(), batch.num_rows());
    assert_eq!(last.bad().fault, Fault::Truncated);
    assert_eq!(
        last.bad().message,
        format!("the Arrow data end inside a message, after {} rows", rows.len())
    );
}
