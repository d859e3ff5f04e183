//! CSV and TSV as pandas reads them.

use gonogo::source::{Limits, Part};

use super::harness::{COMPRESSIONS, Folder, outline, read_part};

fn rows(text: &str) -> Vec<String> {
    outline(&Folder::new().read("rows.csv", text))
}

#[test]
fn columns_have_the_types_pandas_gives_them() {
    // pandas 3.1: pd.read_csv(io.StringIO(text)).to_dict("records"), NaN as null.
    let cases: &[(&str, &[&str])] = &[
        ("a\n1\n2\n", &["{\"a\": 1}", "{\"a\": 2}"]),
        ("a\n1\n2.5\n", &["{\"a\": 1.0}", "{\"a\": 2.5}"]),
        (
            "a,b\n1,x\n,y\n",
            &["{\"a\": 1.0, \"b\": \"x\"}", "{\"a\": null, \"b\": \"y\"}"],
        ),
        ("a\n1\nx\n", &["{\"a\": \"1\"}", "{\"a\": \"x\"}"]),
        ("a\nTrue\nfalse\n", &["{\"a\": true}", "{\"a\": false}"]),
        ("a\nTrue\n1\n", &["{\"a\": \"True\"}", "{\"a\": \"1\"}"]),
        (
            "a,b\nTrue,1\n,2\n",
            &["{\"a\": true, \"b\": 1}", "{\"a\": null, \"b\": 2}"],
        ),
        (
            "a,b\nNA,null\nNone,\n",
            &["{\"a\": null, \"b\": null}", "{\"a\": null, \"b\": null}"],
        ),
        ("a\n007\n +8 \n", &["{\"a\": 7}", "{\"a\": 8}"]),
        (
            "a\n18446744073709551615\n1\n",
            &["{\"a\": 18446744073709551615}", "{\"a\": 1}"],
        ),
        ("a\ninf\n-1e5\n", &["{\"a\": inf}", "{\"a\": -100000.0}"]),
        (
            "a\n2024-01-01\n2024-01-02\n",
            &["{\"a\": \"2024-01-01\"}", "{\"a\": \"2024-01-02\"}"],
        ),
    ];
    for (text, expected) in cases {
        let found: Vec<String> = rows(text)
            .iter()
            .map(|line| line.split_once(' ').expect("a place and a row").1.to_owned())
            .collect();
        assert_eq!(&found, expected, "{text}");
    }
}

#[test]
fn quotes_and_line_ends_are_followed_and_lines_counted() {
    let text = "\u{FEFF}q,a\r\n\"x, \"\"y\"\"\",1\r\n\r\n\"two\nlines\",2\r\n  \r\n5\" pipe,\"3\"";
    let expected = [
        r#"0:2 {"q": "x, \"y\"", "a": 1}"#,
        r#"1:4 {"q": "two\nlines", "a": 2}"#,
        r#"2:7 {"q": "5\" pipe", "a": 3}"#,
    ];
    for (extension, compress) in COMPRESSIONS {
        let folder = Folder::new();
        let input = folder.input(&format!("rows.csv{extension}"), compress(text.as_bytes()));
        for batch_bytes in [16, 1 << 20] {
            let limits = Limits {
                batch_bytes,
                ..Limits::default()
            };
            assert_eq!(
                outline(&read_part(&input, Part::Whole, &limits)),
                expected,
                "{extension}"
            );
        }
    }
    let seen = Folder::new().read("rows.tsv", text.replace(',', "\t"));
    assert_eq!(outline(&seen)[1..], expected[1..]);
    assert_eq!(seen[1].row().bytes, None);
}

#[test]
fn a_line_of_delimiters_is_a_row_and_one_of_blanks_is_none() {
    let seen = Folder::new().read("rows.tsv", "a\tb\nx\ty\n\t\n  \nz\tw\n");
    let expected = [
        r#"0:2 {"a": "x", "b": "y"}"#,
        r#"1:3 {"a": null, "b": null}"#,
        r#"2:5 {"a": "z", "b": "w"}"#,
    ];
    assert_eq!(outline(&seen), expected);
}

#[test]
fn rows_of_another_width_are_findings() {
    let expected = [
        "0:2 {\"a\": 1, \"b\": 2}",
        "1:3 RaggedRow the row has 3 fields, and the header has 2",
        "2:4 RaggedRow the row has 1 fields, and the header has 2",
        "3:5 {\"a\": 5, \"b\": 6}",
    ];
    assert_eq!(rows("a,b\n1,2\n1,2,3\n4\n5,6\n"), expected);
}

#[test]
fn a_quote_that_never_closes_is_said_where_it_opens() {
    let expected = [
        "0:2 {\"a\": 1, \"b\": \"x\"}",
        "0:3 Truncated the file ends inside a quoted field of the row that starts on line 3",
    ];
    assert_eq!(rows("a,b\n1,x\n2,\"y\n3,z\n"), expected);
}

#[test]
fn headers_are_made_unique_as_in_pandas() {
    assert_eq!(
        rows("a,,a,a.1,a\n1,2,3,4,5\n"),
        ["0:2 {\"a\": 1, \"Unnamed: 1\": 2, \"a.2\": 3, \"a.1\": 4, \"a.3\": 5}"]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_found_on_their_own_line() {
    let seen = Folder::new().read("rows.csv", b"a,b\n1,\"x\ny\xFF\"\n2,z\n");
    assert_eq!(
        outline(&seen),
        ["0:3:2 BadUtf8 byte 0xFF is not UTF-8", "1:4 {\"a\": 2, \"b\": \"z\"}"]
    );
}

#[test]
fn a_header_of_many_equal_names_takes_no_longer_per_name() {
    let wide = |field: &str| vec![field; 20_000].join(",");
    let started = std::time::Instant::now();
    let seen = Folder::new().read("rows.csv", format!("{}\n{}\n", wide("a"), wide("1")));
    assert_eq!(
        seen[0].row().value.get("a.19999"),
        Some(&gonogo::model::value::Value::Int(1))
    );
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn a_value_that_does_not_fit_its_column_later_stays_a_text() {
    let numbers: Vec<String> = (0..10_000).map(|row: u32| row.to_string()).collect();
    let found = rows(&format!("a\n{}\nlate\n7\n", numbers.join("\n")));
    assert_eq!(
        found[9_999..],
        [
            "9999:10001 {\"a\": 9999}",
            "10000:10002 {\"a\": \"late\"}",
            "10001:10003 {\"a\": 7}"
        ]
    );
}

#[test]
fn another_delimiter_is_noticed_and_not_guessed() {
    let folder = Folder::new();
    let input = folder.input("rows.csv", "q;a\nx;1\n");
    assert_eq!(
        input.notes,
        ["the header has no comma and 1 semicolon: datasets and pandas read one column from it"]
    );
    assert_eq!(outline(&super::harness::read(&input)), ["0:2 {\"q;a\": \"x;1\"}"]);
}
