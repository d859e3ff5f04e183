//! One row of JSON: what is taken, what is refused, and where.

use gonogo::model::record::{Fault, Quirks};
use gonogo::model::value::Value;
use proptest::prelude::*;

use super::harness::{Folder, Seen, outline, to_json};

/// The first row of a file of lines.
fn row(text: &str) -> Seen {
    let folder = Folder::new();
    // A first row keeps a file that starts oddly from being taken for something else.
    let mut seen = folder.read("rows.jsonl", format!("{{\"a\": 1}}\n{text}\n"));
    assert_eq!(seen.len(), 2, "{text:?}: {:?}", outline(&seen));
    seen.remove(1)
}

#[test]
fn values_are_those_of_python() {
    // json.dumps(json.loads(text), ensure_ascii=False) of Python 3.11, where it differs from the text.
    let cases = [
        (r#"{"a": [1, -2.5, true, false, null, "x"]}"#, None),
        (r#"{"a": {}, "b": [], "c": ""}"#, None),
        (
            r#""\ud83d\ude00 \u00e9 \/ \b\f\n\r\t \" \\""#,
            Some(r#""😀 é / \b\f\n\r\t \" \\""#),
        ),
        ("9223372036854775807", None),
        ("-9223372036854775808", None),
        ("18446744073709551615", None),
        ("1e5", Some("100000.0")),
        ("1E+2", Some("100.0")),
        ("-0", Some("0")),
        ("-0.0", None),
        ("0.1", None),
        // Off by one in the last place unless floats are read exactly.
        ("2.2250738585072011e-308", Some("2.225073858507201e-308")),
        ("7.038531e-26", None),
        ("[]", None),
        ("null", None),
        (" \t{\"a\" : 1}\r", Some(r#"{"a": 1}"#)),
    ];
    for (text, expected) in cases {
        let row = row(text).row().clone();
        assert_eq!(to_json(&row.value), expected.unwrap_or(text), "{text}");
        assert_eq!(row.quirks, Quirks::default(), "{text}");
    }
}

#[test]
fn integers_beyond_64_bits_are_floats() {
    assert_eq!(
        row("123456789012345678901234567890").row().value,
        Value::Float(1.234_567_890_123_456_8e29)
    );
    assert_eq!(
        row("-9223372036854775809").row().value,
        Value::Float(-9.223_372_036_854_776e18)
    );
}

#[test]
fn what_python_takes_and_json_does_not_is_taken_and_said() {
    let nothing = Quirks::default();
    let cases = [
        (
            r#"{"a": 1, "b": 2, "a": 3}"#,
            r#"{"a": 3, "b": 2}"#,
            Quirks {
                duplicate_key: true,
                ..nothing
            },
        ),
        (
            r#"{"b": [{"a": 1, "a": 1}]}"#,
            r#"{"b": [{"a": 1}]}"#,
            Quirks {
                duplicate_key: true,
                ..nothing
            },
        ),
        (
            "[NaN]",
            "[NaN]",
            Quirks {
                non_finite: true,
                ..nothing
            },
        ),
        (
            "[Infinity, -Infinity]",
            "[inf, -inf]",
            Quirks {
                non_finite: true,
                ..nothing
            },
        ),
        (
            "[1e999]",
            "[inf]",
            Quirks {
                non_finite: true,
                ..nothing
            },
        ),
        (
            r#""\ud800x""#,
            "\"\u{FFFD}x\"",
            Quirks {
                lone_surrogate: true,
                ..nothing
            },
        ),
        (
            r#""\udc00\ud800""#,
            "\"\u{FFFD}\u{FFFD}\"",
            Quirks {
                lone_surrogate: true,
                ..nothing
            },
        ),
        (
            r#""\ud800\ud83d\ude00""#,
            "\"\u{FFFD}😀\"",
            Quirks {
                lone_surrogate: true,
                ..nothing
            },
        ),
        (r#""\ufffd""#, "\"\u{FFFD}\"", nothing),
    ];
    for (text, expected, quirks) in cases {
        let row = row(text).row().clone();
        assert_eq!(to_json(&row.value), expected, "{text}");
        assert_eq!(row.quirks, quirks, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    // Columns as in the message of Python 3.11's json.loads, except where said.
    let cases = [
        (r#"{"a": 1 "b": 2}"#, 9, "expected `,` or `}`"),
        (r#"{"é😀": 1 "b": 2}"#, 10, "expected `,` or `}`"),
        (r#"{"a" 1}"#, 6, "expected `:`"),
        ("[1 2]", 4, "expected `,` or `]`"),
        ("{a: 1}", 2, "expected a key in double quotes"),
        (
            "{'a': 1}",
            2,
            "expected a key in double quotes, found a single quote: JSON strings stand in double quotes",
        ),
        (
            r#"{"a": 'x'}"#,
            7,
            "expected a value, found a single quote: JSON strings stand in double quotes",
        ),
        (
            r#"{"a": True}"#,
            7,
            "expected a value, found Python's `True`, which is `true` in JSON",
        ),
        (
            r#"{"a": None}"#,
            7,
            "expected a value, found Python's `None`, which is `null` in JSON",
        ),
        (r#"{"a": undefined}"#, 7, "expected a value"),
        // At the comma; Python 3.11 says 9, the brace.
        (r#"{"a": 1,}"#, 8, "trailing comma before `}`"),
        ("[1, ]", 3, "trailing comma before `]`"),
        (
            r#"{"a": "x"#,
            7,
            "the row is cut off in the middle of a string, which opens here",
        ),
        (r#"{"a": "x}"#, 7, "unterminated string: it opens here and never closes"),
        (
            r#"{"a": "x\"#,
            7,
            "the row is cut off in the middle of a string, which opens here",
        ),
        (r#"{"a": 1"#, 8, "the row is cut off: expected `,` or `}`"),
        (r#"{"a":"#, 6, "the row is cut off: expected a value"),
        (
            "{\"a\": \"x\ty\"}",
            9,
            "raw control character U+0009 inside a string, where JSON wants `\\t`",
        ),
        (
            "{\"a\": \"x\u{1}y\"}",
            9,
            "raw control character U+0001 inside a string, where JSON wants `\\u0001`",
        ),
        (r#"{"a": "\x41"}"#, 8, "`\\x` is not a JSON escape"),
        (r#"{"a": "\u12"}"#, 9, "`\\u` is not followed by four hex digits"),
        (
            r#"{"a": 1} {"a": 2}"#,
            10,
            "a second value on the same line, where one line is one row",
        ),
        (
            r#"{"a": 1}{"a": 2}"#,
            9,
            "a second value on the same line, where one line is one row",
        ),
        (
            r#"{"a": 1},"#,
            9,
            "a comma after the row, as in a list without its brackets",
        ),
        (r#"{"a": 1} # one"#, 10, "text after the end of the row"),
        ("01", 2, "text after the end of the row"),
        ("[1., 2]", 3, "expected `,` or `]`"),
        ("-", 1, "expected a value"),
        (
            "\u{FEFF}{\"a\": 1}",
            1,
            "a byte order mark before the row, as where files were joined",
        ),
    ];
    for (text, column, message) in cases {
        let seen = row(text);
        let bad = seen.bad();
        assert_eq!(
            (bad.fault, bad.column, bad.message.as_str()),
            (Fault::BadJson, Some(column), message),
            "{text}"
        );
        assert_eq!((bad.place.row, bad.place.line), (1, 2), "{text}");
    }
}

#[test]
fn an_integer_python_cannot_convert_is_refused() {
    let digits = |count: usize| "7".repeat(count);
    assert_eq!(row(&digits(4300)).row().value, Value::Float(f64::INFINITY));
    let seen = row(&format!("[-{}]", digits(4301)));
    assert_eq!(seen.bad().column, Some(2));
    assert_eq!(
        seen.bad().message,
        "an integer of 4301 digits, and Python reads at most 4300"
    );
}

#[test]
fn nesting_is_read_to_its_limit_and_no_further() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(matches!(row(&nested(512)).row().value, Value::Array(_)));
    assert!(matches!(row(&objects(512)).row().value, Value::Object(_)));
    for text in [nested(513), nested(100_000), "[".repeat(1 << 20)] {
        let seen = row(&text);
        assert_eq!((seen.bad().fault, seen.bad().column), (Fault::TooDeep, Some(513)));
        assert_eq!(seen.bad().message, "the row nests deeper than 512 levels");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_column() {
    let folder = Folder::new();
    let seen = folder.read(
        "rows.jsonl",
        b"{\"a\": \"\xC3\xA9\xE9\"}\n{\"a\": 1}\n{\"a\": \"\xE2\x82\"}\n",
    );
    let expected = [
        "0:1:9 BadUtf8 byte 0xE9 is not UTF-8",
        "1:2 {\"a\": 1}",
        "2:3:8 BadUtf8 byte 0xE2 is not UTF-8",
    ];
    assert_eq!(outline(&seen), expected);
}

#[test]
fn an_object_of_many_keys_takes_no_longer_per_key() {
    let entries: Vec<String> = (0..200_000).map(|key| format!("\"{}\": 1", key % 100_000)).collect();
    let started = std::time::Instant::now();
    let seen = row(&format!("{{{}}}", entries.join(",")));
    assert!(seen.row().quirks.duplicate_key);
    assert_eq!(
        seen.row().value.as_object().map(gonogo::model::value::Object::len),
        Some(100_000)
    );
    // Comparing each key with each takes minutes.
    assert!(started.elapsed().as_secs() < 30);
}

/// A value as `serde_json` reads it, in our type.
fn of_serde(value: serde_json::Value) -> Value<'static> {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .or_else(|| number.as_u64().map(Value::UInt))
            .unwrap_or_else(|| Value::Float(number.as_f64().expect("a number"))),
        serde_json::Value::String(text) => Value::Str(text.into()),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(of_serde).collect()),
        serde_json::Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key.into(), of_serde(value)));
            Value::Object(gonogo::model::value::Object::from_entries(entries.collect()).0)
        }
    }
}

/// Texts that are JSON, or were until a few characters were changed.
fn almost_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9])?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text is JSON")),
        "\"(\\\\[nrtbf/\"\\\\]|\\\\u[0-9a-f]{4}|[ -!#-\\[\\]-~é])*\"",
    ];
    let json = leaf.prop_recursive(6, 48, 5, |inner| {
        let key = "\"[a-c\\\\n]{0,2}\"";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((key, inner), 0..5).prop_map(|entries| {
                let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    });
    let change = (
        any::<prop::sample::Index>(),
        prop::sample::select(b"\"\\{}[],:1-e.ntu' \t".to_vec()),
    );
    (json, prop::collection::vec(change, 0..2)).prop_map(|(mut json, changes)| {
        for (at, byte) in changes {
            let places: Vec<usize> = json.char_indices().map(|(at, _)| at).collect();
            let at = places[at.index(places.len())];
            let width = json[at..].chars().next().expect("a character").len_utf8();
            json.replace_range(at..at + width, &char::from(byte).to_string());
        }
        json
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Where `serde_json` takes a text, so do we, and it is the same value; what we refuse it
    /// refuses too.
    #[test]
    fn strict_json_is_read_as_serde_json_reads_it(text in almost_json()) {
        // Blank lines are no rows.
        prop_assume!(!text.trim().is_empty() && !text.contains('\n'));
        let seen = row(&text);
        match (serde_json::from_str(&text), &seen) {
            (Ok(expected), Seen::Row(row)) => {
                // It reads `-0` as a float, Python as the integer 0.
                if !text.contains("-0") {
                    prop_assert_eq!(to_json(&row.value), to_json(&of_serde(expected)), "{}", text);
                }
            }
            (Ok(_), Seen::Bad(bad)) => prop_assert!(false, "{}: {:?}", text, bad),
            (Err(_), Seen::Row(row)) => prop_assert!(row.quirks.any(), "{}: {:?}", text, row),
            (Err(_), Seen::Bad(_)) => {}
        }
    }
}
