//! `json.dumps(value, ensure_ascii=False)`.

use std::fmt::Write as _;

use crate::model::value::Value;

/// How a value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// On one line: `{"a": [1, 2]}`.
    Line,
    /// `indent=` this many spaces.
    Indent(usize),
}

/// Appends the value's JSON, as Python writes it.
pub(crate) fn write(value: &Value<'_>, layout: Layout, out: &mut String) {
    nested(value, layout, 0, out);
}

fn nested(value: &Value<'_>, layout: Layout, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => write!(out, "{number}").expect("a string takes all that is written"),
        Value::UInt(number) => write!(out, "{number}").expect("a string takes all that is written"),
        Value::Float(number) if number.is_finite() => float(*number, out),
        Value::Float(number) => out.push_str(if number.is_nan() {
            "NaN"
        } else if *number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }),
        Value::Str(text) => string(text, out),
        Value::Datetime(text) => string(text, out),
        Value::Array(items) => list(['[', ']'], items.iter(), layout, depth, out, |item, out| {
            nested(item, layout, depth + 1, out);
        }),
        Value::Object(object) => list(['{', '}'], object.iter(), layout, depth, out, |(key, item), out| {
            string(key, out);
            out.push_str(": ");
            nested(item, layout, depth + 1, out);
        }),
    }
}

fn list<T>(
    [open, close]: [char; 2],
    items: impl Iterator<Item = T>,
    layout: Layout,
    depth: usize,
    out: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    out.push(open);
    let mut empty = true;
    for item in items {
        match layout {
            Layout::Line if empty => {}
            Layout::Line => out.push_str(", "),
            Layout::Indent(width) => {
                out.push_str(if empty { "\n" } else { ",\n" });
                out.extend(std::iter::repeat_n(' ', width * (depth + 1)));
            }
        }
        empty = false;
        each(item, out);
    }
    if let Layout::Indent(width) = layout
        && !empty
    {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', width * depth));
    }
    out.push(close);
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0x00..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}").expect("a string takes all that is written");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// `repr(value)` of a finite float: the shortest digits that read back as the same float, with an
/// exponent from 1e16 up and below 1e-4.
pub(crate) fn float(value: f64, out: &mut String) {
    let size = value.abs();
    let written = if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let digits = format!("{value:e}");
        let (mantissa, exponent) = digits.split_once('e').expect("written with an exponent");
        let (sign, exponent) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |exponent| ('-', exponent));
        write!(out, "{mantissa}e{sign}{exponent:0>2}")
    } else {
        write!(out, "{value:?}")
    };
    written.expect("a string takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn dumped(text: &str, layout: Layout) -> String {
        let (value, _) = parse(text, 8).expect("JSON");
        let mut out = String::new();
        write(&value, layout, &mut out);
        out
    }

    #[test]
    fn one_line_has_a_blank_after_each_comma_and_colon() {
        let text = r#"{"a":[1,2.50,1e20,-0.0,NaN],"b":{},"c":[],"é\u0007/\n":null,"b":18446744073709551615}"#;
        let expected = r#"{"a": [1, 2.5, 1e+20, -0.0, NaN], "b": 18446744073709551615, "c": [], "é\u0007/\n": null}"#;
        assert_eq!(dumped(text, Layout::Line), expected);
    }

    #[test]
    fn indented_lines_end_in_bare_commas() {
        let expected = "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": []\n}";
        assert_eq!(dumped(r#"{"a":[1,{}],"b":[]}"#, Layout::Indent(4)), expected);
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (0.0001, "0.0001"),
            (0.000_012_3, "1.23e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ];
        for (value, written) in cases {
            let mut out = String::new();
            float(value, &mut out);
            assert_eq!(out, written);
        }
    }
}
