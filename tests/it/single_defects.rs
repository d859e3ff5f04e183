//! One defect in a file of sound rows: it is found on its line, and the sound rows are left alone.

use std::fs;

use crate::scanned::{Found, path, scan};

const CLEAN: &str = "fixtures/rules/clean";

const PLANTED: &str = "fixtures/rules/planted.tsv";

/// A row to plant in a clean file.
struct Defect {
    file: String,
    /// The rules that may speak of the row; the first of them must.
    rules: Vec<String>,
    row: String,
}

fn defects() -> Vec<Defect> {
    let table = fs::read_to_string(PLANTED).expect("the table of defects");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.splitn(3, '\t').map(str::to_owned);
            let mut field = || fields.next().expect("three fields");
            Defect {
                file: field(),
                rules: field().split(' ').map(str::to_owned).collect(),
                row: field(),
            }
        })
        .collect()
}

fn check(file: &str, rows: &[u8]) -> Vec<Found> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = format!("{file}.jsonl");
    fs::write(folder.path().join(&name), rows).expect("written");
    scan(&[path(folder.path(), &name)]).found
}

fn said(found: &[Found]) -> Vec<String> {
    let each = |found: &Found| {
        let name = found.meta.name;
        let say = move |finding: &gonogo::finding::Finding| {
            let line = finding.place.map_or(0, |place| place.line);
            format!("{name} on line {line}: {}", finding.message)
        };
        found.findings.iter().map(say).collect::<Vec<_>>()
    };
    found.iter().flat_map(each).collect()
}

#[test]
fn clean_rows_are_left_alone() {
    let mut rows = 0;
    for entry in fs::read_dir(CLEAN).expect("the clean files") {
        let file = entry.expect("an entry").path();
        let text = fs::read(&file).expect("readable");
        rows += text.split(|byte| *byte == b'\n').count() - 1;
        let name = file
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let said = said(&check(&name, &text));
        assert!(said.is_empty(), "{name}: {said:#?}");
    }
    assert!(rows >= 100, "{rows} clean rows");
}

#[test]
fn each_defect_is_found_on_its_line_and_nowhere_else() {
    let defects = defects();
    assert!(defects.len() >= 60, "{} defects", defects.len());
    let mut wrong = Vec::new();
    for (at, Defect { file, rules, row }) in defects.iter().enumerate() {
        let clean = fs::read_to_string(format!("{CLEAN}/{file}.jsonl")).expect("a clean file");
        let mut lines: Vec<_> = clean.lines().map(|line| line.as_bytes().to_vec()).collect();
        // Neither first nor last, and not always in the same place.
        let line = 1 + at % (lines.len() - 1);
        lines.insert(line, bytes(row));
        let mut text = lines.join(&b'\n');
        text.push(b'\n');
        let found = check(file, &text);
        let on_line = |found: &Found| {
            let mut places = found.findings.iter().filter_map(|finding| finding.place);
            places.any(|place| place.line == line as u64 + 1)
        };
        let named = found.iter().any(|found| found.meta.name == rules[0] && on_line(found));
        let astray = said(&found)
            .into_iter()
            .filter(|said| !said.contains(&format!(" on line {}:", line + 1)));
        let astray: Vec<_> = astray.collect();
        let other = found
            .iter()
            .any(|found| !rules.iter().any(|rule| rule == found.meta.name));
        if !named || !astray.is_empty() || other {
            let said = said(&found);
            wrong.push(format!(
                "{row}\n  expected {rules:?} on line {}, found {said:#?}",
                line + 1
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} went wrong:\n{}",
        wrong.len(),
        defects.len(),
        wrong.join("\n")
    );
}

#[test]
fn short_answers_that_a_template_doubles_are_told_for_the_set() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let answers = ["positive", "negative", "no", "4", "positive"];
    let rows = answers.iter().enumerate().map(|(at, answer)| {
        let ask = format!(r#"{{"role": "user", "content": "Rate film {at}."}}"#);
        format!(r#"{{"messages": [{ask}, {{"role": "assistant", "content": "{answer}"}}]}}"#)
    });
    let rows: Vec<_> = rows.collect();
    fs::write(folder.path().join("films.jsonl"), rows.join("\n")).expect("written");
    let doubled = |template: &[&str]| {
        let mut args = vec![path(folder.path(), "films.jsonl")];
        args.extend(
            ["-m", "fixtures/models/chatml"]
                .iter()
                .chain(template)
                .map(ToString::to_string),
        );
        let found = scan(&args).found.into_iter();
        let found = found.filter(|found| found.meta.name == "template/message-doubled");
        found.map(|found| said(&[found])).collect::<Vec<_>>().concat()
    };

    assert_eq!(doubled(&[]), [""; 0]);
    assert_eq!(
        doubled(&["--chat-template", "fixtures/templates/answers-twice.jinja"]),
        ["template/message-doubled on line 1: \
          the template renders 5 of 5 short assistant messages more than once: `positive`"]
    );
}

/// The row with `\xHH` made bytes, for what is not UTF-8.
fn bytes(row: &str) -> Vec<u8> {
    let mut pieces = row.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hexadecimal digits"));
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    bytes
}
