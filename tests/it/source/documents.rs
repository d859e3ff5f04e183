//! JSON that is not cut by lines: arrays, wrappers, objects over several lines.

use gonogo::model::record::Fault;
use gonogo::source::{Format, Limits, Part};

use super::harness::{COMPRESSIONS, Folder, find, outline, read, read_part};

#[test]
fn the_items_of_an_array_are_rows_with_places() {
    let texts = [
        "[{\"a\": 1}, {\"a\": 2}]",
        "\u{FEFF} [ {\"a\": 1}\n, {\"a\": 2} ]\n",
        "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n",
        "[\n{\"a\": 1},\r\n{\"a\": 2}\r\n]",
    ];
    let lines = [[1, 1], [1, 2], [2, 5], [2, 3]];
    for (text, lines) in texts.iter().zip(lines) {
        for (extension, compress) in COMPRESSIONS {
            let folder = Folder::new();
            let input = folder.input(&format!("rows.json{extension}"), compress(text.as_bytes()));
            assert_eq!(input.format, Format::JsonArray);
            let expected = [
                format!("0:{} {{\"a\": 1}}", lines[0]),
                format!("1:{} {{\"a\": 2}}", lines[1]),
            ];
            assert_eq!(outline(&read(&input)), expected, "{text}");
        }
    }
}

#[test]
fn an_item_has_its_own_bytes_and_offset() {
    let seen = Folder::new().read("rows.json", "[\n {\"a\":\t1} ,{\"b\": [\n]}]");
    assert_eq!(seen[0].row().bytes.as_deref(), Some(&b"{\"a\":\t1}"[..]));
    assert_eq!(seen[1].row().bytes.as_deref(), Some(&b"{\"b\": [\n]}"[..]));
    assert_eq!((seen[0].place().offset, seen[1].place().offset), (3, 13));
}

#[test]
fn a_list_of_texts_becomes_rows_of_one_column_as_in_datasets() {
    let folder = Folder::new();
    let input = folder.input("rows.json", "[\"x\", \"y\"]");
    assert_eq!(
        outline(&read(&input)),
        ["0:1 {\"text\": \"x\"}", "1:1 {\"text\": \"y\"}"]
    );
    assert!(
        input.notes[0].starts_with("the list holds no objects"),
        "{:?}",
        input.notes
    );
}

#[test]
fn a_wrapper_is_unwrapped_and_said_to_be() {
    let cases = [
        ("{\"data\": [{\"a\": 1}]}", "data"),
        ("{\"version\": 1, \"examples\": [{\"a\": 1}], \"x\": [1]}", "examples"),
        (
            "{\n  \"canary\": \"[{\",\n  \"train\": [\n    {\"a\": 1}\n  ]\n}\n",
            "train",
        ),
        // An unknown name is taken where the object is clearly no row.
        ("{\n  \"my list\": [\n    {\"a\": 1}\n  ]\n}\n", "my list"),
        ("{\"d\\u0061ta\": [{\"a\": 1}]}", "data"),
    ];
    for (text, field) in cases {
        let folder = Folder::new();
        let input = folder.input("rows.json", text);
        assert_eq!(input.format, Format::JsonArray, "{text}");
        assert_eq!(input.field.as_deref(), Some(field), "{text}");
        let seen = read(&input);
        assert_eq!(seen.len(), 1);
        assert_eq!(super::harness::to_json(&seen[0].row().value), "{\"a\": 1}");
        assert!(
            input.notes[0].contains(&format!("read from `{field}`")),
            "{:?}",
            input.notes
        );
    }
}

#[test]
fn what_a_wrapper_holds_besides_is_named() {
    let text = "{\"canary\": \"x\", \"examples\": [{\"a\": 1}], \"more\": [{\"b\": 1}, {\"b\": 2}]}";
    let folder = Folder::new();
    let input = folder.input("rows.json", text);
    let expected = "one object; its rows are read from `examples`, not from `canary`, `more` (2 objects); datasets reads \
                    it so only with field=\"examples\"";
    assert_eq!(input.notes, [expected]);
}

#[test]
fn splits_side_by_side_are_inputs_side_by_side() {
    let folder = Folder::new();
    let path = folder.file(
        "all.json",
        "{\"test\": [{\"a\": 1}], \"train\": [{\"a\": 2}, {\"a\": 3}]}",
    );
    let found = find(&path);
    let splits: Vec<_> = found.inputs.iter().map(|input| input.split.as_deref()).collect();
    assert_eq!(splits, [Some("test"), Some("train")]);
    assert_eq!(outline(&read(&found.inputs[1])), ["0:1 {\"a\": 2}", "1:1 {\"a\": 3}"]);
}

#[test]
fn a_row_is_not_taken_for_a_wrapper() {
    for text in [
        "{\"messages\": [{\"role\": \"user\"}]}",
        "{\n  \"messages\": [\n    {\"role\": \"user\"}\n  ]\n}",
        "{\"data\": \"x\"}",
        "{\"anything\": [{\"a\": 1}]}",
        "{\"data\": [1]}",
    ] {
        let folder = Folder::new();
        let input = folder.input("rows.json", text);
        assert_eq!(input.field, None, "{text}");
        assert_eq!(input.notes, ["one JSON object, read as one row"], "{text}");
        assert_eq!(read(&input).len(), 1, "{text}");
    }
    // In JSON lines a line is a row, whatever its keys.
    let folder = Folder::new();
    let input = folder.input("rows.jsonl", "{\"data\": [{\"a\": 1}]}\n");
    assert_eq!(
        (input.format, input.field, input.notes.len()),
        (Format::JsonLines, None, 0)
    );
}

#[test]
fn an_object_of_rows_by_id_is_named_and_not_read() {
    for text in [
        "{\"id1\": {\"q\": 1, \"a\": 2}, \"id2\": {\"a\": 3, \"q\": 4}}",
        "{\n  \"id1\": {\"q\": 1},\n  \"id2\": {\"q\": 4}\n}\n",
    ] {
        let seen = Folder::new().read("rows.json", text);
        let message = "one object of 2 objects by key (`id1`, …) instead of a list of rows; loaders see a single row";
        assert_eq!(outline(&seen), [format!("0:0 Damaged {message}")]);
    }
    let seen = Folder::new().read("rows.json", "{\n\"a\": [{\"x\": 1}],\n\"b\": [{\"x\": 2}]\n}");
    assert_eq!(seen[0].bad().fault, Fault::Damaged);
    assert!(
        seen[0]
            .bad()
            .message
            .starts_with("one object with several lists of objects (`a`, `b`, …)")
    );
}

#[test]
fn objects_over_several_lines_are_read_and_named() {
    let text = "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n";
    let folder = Folder::new();
    let input = folder.input("rows.jsonl", text);
    assert_eq!(input.format, Format::JsonStream);
    assert!(
        input.notes[0].starts_with("a row takes several lines"),
        "{:?}",
        input.notes
    );
    assert_eq!(outline(&read(&input)), ["0:1 {\"a\": 1}", "1:4 {\"a\": 2}"]);
    // In a .json file nobody expects lines.
    assert_eq!(folder.input("rows.json", text).notes, [""; 0]);
}

#[test]
fn a_broken_first_row_does_not_make_a_file_of_lines_a_document() {
    for text in [
        "{\"a\": 1,\n{\"a\": 2}\n{\"a\": 3}\n",
        "{\"a\":\n{\"a\": 2}\n{\"a\": 3}\n",
        "{\"a\": \"x\n{\"a\": 2}\n{\"a\": 3}\n",
        "{\"a\": 1}}\n{\"a\": 2}\n{\"a\": 3}\n",
    ] {
        let seen = Folder::new().read("rows.jsonl", text);
        assert_eq!(seen.len(), 3, "{text}: {:?}", outline(&seen));
        assert_eq!(outline(&seen[1..]), ["1:2 {\"a\": 2}", "2:3 {\"a\": 3}"], "{text}");
    }
}

#[test]
fn a_broken_item_is_found_and_reading_goes_on_at_the_next() {
    // A missing quote, a raw line end in a text, and a bracket too many.
    let cases = [
        (
            "{\"a\": \"x}",
            "2:11 BadJson raw control character U+000A inside a string, where JSON wants `\\n`",
        ),
        (
            "{\"a\": \"x\ny\"}",
            "2:9 BadJson raw control character U+000A inside a string, where JSON wants `\\n`",
        ),
        ("{\"a\": 1]}", "2:8 BadJson expected `,` or `}`"),
        ("{\"a\": 1, \"b\"}", "2:13 BadJson expected `:`"),
        (
            "{'a': 1}",
            "2:2 BadJson expected a key in double quotes, found a single quote: JSON strings stand in double quotes",
        ),
    ];
    for (broken, message) in cases {
        let seen = Folder::new().read("rows.json", format!("[\n{broken},\n{{\"a\": 2}},\n{{\"a\": 3}}\n]\n"));
        let after = if broken.contains('\n') { 4 } else { 3 };
        let expected = [
            format!("0:{message}"),
            format!("1:{after} {{\"a\": 2}}"),
            format!("2:{} {{\"a\": 3}}", after + 1),
        ];
        assert_eq!(outline(&seen), expected, "{broken}");
    }
}

#[test]
fn a_broken_item_at_the_end_is_all_there_is_to_say() {
    let message = "raw control character U+000A inside a string, where JSON wants `\\n`";
    for (indent, end) in [("", "]"), ("", "]\n")] {
        let text = format!("[\n{indent}{{\"a\": 1}},\n{indent}{{\"a\": \"x\n{end}");
        let column = 9 + indent.len();
        let expected = ["0:2 {\"a\": 1}".to_owned(), format!("1:3:{column} BadJson {message}")];
        assert_eq!(outline(&Folder::new().read("rows.json", text)), expected);
    }
    let text = "{\n\"a\": 1\n}\n{\n\"a\": \"x\n\n";
    let expected = ["0:1 {\"a\": 1}".to_owned(), format!("1:5:8 BadJson {message}")];
    assert_eq!(outline(&Folder::new().read("rows.json", text)), expected);
}

#[test]
fn an_error_deep_in_a_spread_row_is_shown_on_its_own_line() {
    let text = "[\n  {\n    \"a\": 1,\n    \"b\": tru\n  },\n  {\n    \"a\": 2\n  }\n]";
    let expected = ["0:4:10 BadJson expected a value", "1:6 {\"a\": 2}"];
    assert_eq!(outline(&Folder::new().read("rows.json", text)), expected);
    let text = b"[\n  {\n    \"a\": \"\xFF\"\n  }\n]";
    assert_eq!(
        outline(&Folder::new().read("rows.json", text)),
        ["0:3:11 BadUtf8 byte 0xFF is not UTF-8"]
    );
    // On the row's first line, which does not start with the row.
    let expected = ["0:1:11 BadJson expected a value"];
    assert_eq!(
        outline(&Folder::new().read("rows.json", "[ \t {\"é\": tru}]")),
        expected
    );
}

#[test]
fn commas_between_rows_are_minded() {
    let folder = Folder::new();
    let seen = folder.read("rows.json", "[{\"a\": 1}\n{\"a\": 2}, {\"a\": 3},]");
    let expected = [
        "0:1 {\"a\": 1}",
        "1:2:1 BadJson expected `,` before this row",
        "2:2 {\"a\": 3}",
        "3:2:20 BadJson trailing comma before `]`",
    ];
    assert_eq!(outline(&seen), expected);
    let seen = folder.read("more.json", "[{\"a\": 1}]\n{\"a\": 2}");
    assert_eq!(
        outline(&seen),
        ["0:1 {\"a\": 1}", "1:2:1 BadJson text after the end of the list"]
    );
}

#[test]
fn where_rows_cannot_be_told_apart_the_rest_is_given_up_loudly() {
    // Objects inside the rows start as the rows do.
    let row = |value: &str| format!("{{\"a\": {value}, \"b\": [{{\"a\": 0}}, {{\"a\": 0}}]}}");
    let text = format!("[{}, {}, {}]", row("1"), row("2\""), row("3"));
    let seen = outline(&Folder::new().read("rows.json", &text));
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[1], "1:1:46 BadJson expected `,` or `}`");
    let rest = "row 1 is broken, and what follows it cannot be told apart into rows: the rest of the file was not read";
    assert_eq!(seen[2], format!("0:1 Damaged {rest}"));
}

#[test]
fn an_array_that_ends_too_early_is_truncated() {
    let folder = Folder::new();
    let seen = folder.read("rows.json", "[\n{\"a\": 1},\n{\"a\": \"x");
    let expected = [
        "0:2 {\"a\": 1}",
        "0:3 Truncated the file ends inside row 1, which starts on line 3",
    ];
    assert_eq!(outline(&seen), expected);
    let seen = folder.read("more.json", "[\n{\"a\": 1},\n");
    let expected = [
        "0:2 {\"a\": 1}",
        "0:3 Truncated the file ends inside its list, after 1 rows: the closing `]` is missing",
    ];
    assert_eq!(outline(&seen), expected);
    let seen = folder.read("wrapped.json", "{\n\"data\": [\n{\"a\": 1},\n");
    assert_eq!(seen.last().expect("a fault").bad().fault, Fault::Truncated);
}

#[test]
fn an_item_above_the_limit_is_found_and_passed() {
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(5000));
    let folder = Folder::new();
    let input = folder.input("rows.json", format!("[{{\"a\": 1}}, {long}, {{\"a\": 3}}]"));
    for batch_bytes in [16, 100, 1 << 20] {
        let limits = Limits {
            max_row_bytes: 1000,
            batch_bytes,
            ..Limits::default()
        };
        let expected = [
            "0:1 {\"a\": 1}",
            "1:1 OversizedRow the row has 5009 bytes, and at most 1000 are read",
            "2:1 {\"a\": 3}",
        ];
        assert_eq!(outline(&read_part(&input, Part::Whole, &limits)), expected);
    }
}

#[test]
fn one_broken_row_in_a_list_on_one_line_is_one_finding_at_its_place() {
    let row = |text: &str| format!("{{\"p\": \"{text}\", \"c\": \"x\"}}");
    // The fault, its one-based column in the row and how it is said, as Python's json does.
    let broken = [
        ("{\"p\": \"q\", \"c\": d two.\"}", 17, "expected a value"),
        ("{\"p\": \"q\", \"c\": \"say \"é\" now\"}", 23, "expected `,` or `}`"),
        ("{\"p\": \"q\", \"c\": [1}}", 19, "expected `,` or `]`"),
        ("{\"p\": \"q\" \"c\": \"d\"}", 11, "expected `,` or `}`"),
    ];
    let wrappings = [
        ("[", "]"),
        ("{\"v\": 1, \"data\": [", "]}"),
        ("{\"v\": 1, \"data\": [", "], \"w\": 2}\n"),
    ];
    for (bad, column, message) in broken {
        for (open, close) in wrappings {
            let text = format!("{open}{}, {bad}, {}{close}", row("a"), row("b"));
            let seen = outline(&Folder::new().read("rows.json", &text));
            let column = open.len() + row("a").len() + 2 + column;
            assert_eq!(seen.len(), 3, "{text}: {seen:?}");
            assert!(
                seen[1].starts_with(&format!("1:1:{column} BadJson {message}")),
                "{text}: {seen:?}"
            );
            assert!(
                seen[0].starts_with("0:1 {") && seen[2].starts_with("2:1 {\"p\": \"b\""),
                "{text}: {seen:?}"
            );
            // At the end, and at the start.
            let text = format!("{open}{}, {bad}{close}", row("a"));
            let seen = outline(&Folder::new().read("rows.json", &text));
            assert_eq!(seen.len(), 2, "{text}: {seen:?}");
            let text = format!("{open}{bad}, {}{close}", row("a"));
            let seen = outline(&Folder::new().read("rows.json", &text));
            assert_eq!(seen.len(), 2, "{text}: {seen:?}");
            assert!(seen[1].starts_with("1:1 {\"p\": \"a\""), "{text}: {seen:?}");
        }
    }
}

#[test]
fn a_string_without_its_end_does_not_swallow_the_next_row() {
    let seen = Folder::new().read("rows.json", "[{\"p\": 1}, {\"p\": \"x}, {\"p\": 3}, {\"p\": 4}]");
    let expected = [
        "0:1 {\"p\": 1}",
        "1:1:25 BadJson expected `,` or `}`",
        "2:1 {\"p\": 3}",
        "3:1 {\"p\": 4}",
    ];
    assert_eq!(outline(&seen), expected);
    // The objects inside rows are no rows.
    let turn = |text: &str| format!("{{\"role\": \"user\", \"content\": {text}}}");
    let chat = |one: &str| format!("{{\"messages\": [{}, {}]}}", turn(one), turn("\"y\""));
    let text = format!("[{}, {}, {}]", chat("\"a\""), chat("b\""), chat("\"c\""));
    let seen = outline(&Folder::new().read("rows.json", &text));
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        seen[2].starts_with("2:1 {\"messages\": [{\"role\": \"user\", \"content\": \"c\""),
        "{seen:?}"
    );
}

#[test]
fn a_wrapper_with_a_broken_row_is_a_wrapper() {
    let row = |text: &str| format!("    {{\n      \"p\": {text},\n      \"c\": \"x\"\n    }}");
    let text = format!(
        "{{\n  \"v\": 1,\n  \"data\": [\n{},\n{},\n{}\n  ]\n}}\n",
        row("\"a\""),
        row("b\""),
        row("\"c\"")
    );
    let seen = outline(&Folder::new().read("rows.json", &text));
    let expected = [
        "0:4 {\"p\": \"a\", \"c\": \"x\"}",
        "1:9:12 BadJson expected a value",
        "2:12 {\"p\": \"c\", \"c\": \"x\"}",
    ];
    assert_eq!(seen, expected);
    // What stands behind the broken list is read as well.
    let folder = Folder::new();
    let path = folder.file(
        "all.json",
        "{\"train\": [{\"a\": b\"}, {\"a\": 2}], \"test\": [{\"a\": 3}]}",
    );
    let found = find(&path);
    let seen: Vec<_> = found.inputs.iter().flat_map(|input| outline(&read(input))).collect();
    assert_eq!(
        seen,
        ["0:1:18 BadJson expected a value", "1:1 {\"a\": 2}", "0:1 {\"a\": 3}"]
    );
}

#[test]
fn a_wrapper_that_ends_too_early_is_truncated_like_a_list() {
    for open in ["[", "{\"data\": [", "{\"v\": 1,\n\"data\": [", "{\"data\": [\n"] {
        let text = format!("{open}{{\"a\": 1}},{{\"a\": \"x");
        let seen = outline(&Folder::new().read("rows.json", &text));
        assert_eq!(seen.len(), 2, "{text}: {seen:?}");
        assert!(seen[0].ends_with(" {\"a\": 1}"), "{text}: {seen:?}");
        assert!(
            seen[1].contains("Truncated the file ends inside row 1"),
            "{text}: {seen:?}"
        );
    }
}
