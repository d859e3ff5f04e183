//! JSON lines and text: what is a row, and where it stands.

use gonogo::model::record::Fault;
use gonogo::source::{Format, Limits, Part};

use super::harness::{COMPRESSIONS, Folder, Seen, outline, read_part};

#[test]
fn lines_are_rows_whatever_their_ends() {
    let cases: &[(&str, &[u8])] = &[
        ("line feeds", b"{\"a\": 1}\n{\"a\": 2}\n"),
        ("no last line end", b"{\"a\": 1}\n{\"a\": 2}"),
        ("carriage returns", b"{\"a\": 1}\r\n{\"a\": 2}\r\n"),
        ("a mark of byte order", b"\xEF\xBB\xBF{\"a\": 1}\n{\"a\": 2}\n"),
        ("blanks around", b"  {\"a\": 1}\t\n {\"a\": 2} \n"),
    ];
    for (what, bytes) in cases {
        for (extension, compress) in COMPRESSIONS {
            let seen = Folder::new().read(&format!("rows.jsonl{extension}"), compress(bytes));
            assert_eq!(
                outline(&seen),
                ["0:1 {\"a\": 1}", "1:2 {\"a\": 2}"],
                "{what} {extension}"
            );
        }
    }
}

#[test]
fn blank_lines_count_as_lines_and_not_as_rows() {
    let seen = Folder::new().read("rows.jsonl", "\n{\"a\": 1}\n\n \t\r\n{\"a\": 2}\n\n");
    assert_eq!(outline(&seen), ["0:2 {\"a\": 1}", "1:5 {\"a\": 2}"]);
    let offsets: Vec<u64> = seen.iter().map(|seen| seen.place().offset).collect();
    assert_eq!(offsets, [1, 15]);
}

#[test]
fn a_row_has_its_own_bytes() {
    let seen = Folder::new().read("rows.jsonl", "\u{FEFF} {\"a\":  1}\r\n{\"b\":2}");
    assert_eq!(seen[0].row().bytes.as_deref(), Some(&b" {\"a\":  1}"[..]));
    assert_eq!(seen[1].row().bytes.as_deref(), Some(&b"{\"b\":2}"[..]));
    assert_eq!((seen[0].place().offset, seen[1].place().offset), (3, 15));
}

#[test]
fn a_broken_row_does_not_stop_the_scan() {
    let seen = Folder::new().read("rows.jsonl", "{\"a\": 1}\n{\"a\": \n\n{\"a\": 3}\n");
    let expected = [
        "0:1 {\"a\": 1}",
        "1:2:7 BadJson the row is cut off: expected a value",
        "2:4 {\"a\": 3}",
    ];
    assert_eq!(outline(&seen), expected);
}

#[test]
fn rows_may_be_any_json_and_a_file_of_lines_may_be_called_json() {
    let folder = Folder::new();
    let input = folder.input("rows.json", "{\"a\": 1}\n[2]\n\"three\"\nnull\n5\n");
    assert_eq!(input.format, Format::JsonLines);
    assert_eq!(input.notes, [""; 0]);
    let expected = ["0:1 {\"a\": 1}", "1:2 [2]", "2:3 \"three\"", "3:4 null", "4:5 5"];
    assert_eq!(outline(&super::harness::read(&input)), expected);
    // A first row that is an array does not make the file one.
    let input = folder.input("arrays.jsonl", "[1]\n[2]\n");
    assert_eq!(input.format, Format::JsonLines);
    assert_eq!(outline(&super::harness::read(&input)), ["0:1 [1]", "1:2 [2]"]);
}

#[test]
fn a_row_above_the_limit_is_found_and_passed() {
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(5000));
    let text = format!("{{\"a\": 1}}\n{long}\n{{\"a\": 3}}\n{long}");
    let folder = Folder::new();
    for batch_bytes in [16, 100, 1000, 1 << 20] {
        let limits = Limits {
            max_row_bytes: 1000,
            batch_bytes,
            ..Limits::default()
        };
        let seen = read_part(&folder.input("rows.jsonl", &text), Part::Whole, &limits);
        let expected = [
            "0:1 {\"a\": 1}",
            "1:2 OversizedRow the row has 5009 bytes, and at most 1000 are read",
            "2:3 {\"a\": 3}",
            "3:4 OversizedRow the row has 5009 bytes, and at most 1000 are read",
        ];
        assert_eq!(outline(&seen), expected, "{batch_bytes}");
    }
}

/// 300 MB in one line: named for what it is, in bounded memory.
#[test]
fn a_file_that_is_one_endless_line_is_an_oversized_row() {
    let folder = Folder::new();
    let mut bytes = vec![b'x'; 300 << 20];
    bytes[..7].copy_from_slice(b"{\"a\": \"");
    let seen = folder.read("rows.jsonl", bytes);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].bad().fault, Fault::OversizedRow);
    assert_eq!(
        seen[0].bad().message,
        "the row has 314572800 bytes, and at most 67108864 are read"
    );
}

#[test]
fn a_first_row_longer_than_the_look_at_it_is_a_row() {
    let long = format!("{{\"data\": [{{\"a\": \"{}\"}}]}}", "x".repeat(1 << 20));
    let folder = Folder::new();
    let input = folder.input("rows.json", format!("{long}\n{{\"a\": 2}}\n"));
    assert_eq!(input.format, Format::JsonLines);
}

#[test]
fn texts_are_lines_as_python_splits_them() {
    // open(..., newline=None): "\n", "\r\n" and a lone "\r" end a line, and an empty one is a row.
    let seen = Folder::new().read("texts.txt", "one\r\n\ntwo\rthree\n  four \u{2028} \nfive\r");
    let expected = [
        "0:1 {\"text\": \"one\"}",
        "1:2 {\"text\": \"\"}",
        "2:3 {\"text\": \"two\"}",
        "3:3 {\"text\": \"three\"}",
        "4:4 {\"text\": \"  four \u{2028} \"}",
        "5:5 {\"text\": \"five\"}",
    ];
    assert_eq!(outline(&seen), expected);
    assert_eq!(seen[3].row().bytes, None);
    assert_eq!((seen[3].place().offset, seen[5].place().offset), (10, 28));
}

#[test]
fn text_that_is_not_utf8_is_a_finding() {
    let seen = Folder::new().read("texts.txt", b"one\ntw\xFF\rthree\n");
    assert_eq!(outline(&seen[1..2]), ["1:2:3 BadUtf8 byte 0xFF is not UTF-8"]);
    assert!(matches!(seen[2], Seen::Row(_)));
}

#[test]
fn json_in_a_text_file_stays_text() {
    let folder = Folder::new();
    let input = folder.input("texts.txt", "{\"a\": 1}\n{\"a\": 2}\n");
    assert_eq!(input.format, Format::Text);
    assert_eq!(input.notes, ["the lines are JSON, but .txt is read as text"]);
}
