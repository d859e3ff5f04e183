//! What the table of rules promises: names, pages, and that each rule's examples are as it says.

use std::collections::BTreeSet;
use std::fs;

use gonogo::rule::lane::RuleEntry;
use gonogo::rule::{Need, RuleMeta};
use gonogo::rules::all;

use crate::scanned::{Scanned, audit, path, scan};

/// The tokenizer of examples that name none: one token a byte, and a ChatML template.
const MODEL: &str = "fixtures/models/chatml";

/// Rules whose examples are too large for a page and are made here: rule, file, bad and good.
const MADE: &[(&str, &str, fn() -> Vec<u8>)] = &[
    ("mask/odd-share", "train.jsonl", odd_share),
    ("leak/label-in-prompt", "train.jsonl", label_in_prompt),
    ("leak/label-shortcut", "train.jsonl", label_shortcut),
    ("mix/eval-shift", "train.jsonl", || {
        priced(100, "What is the price of", "eggs?")
    }),
    ("mix/odd-instruction", "train.jsonl", || {
        instructed("Translate the sentence into French.")
    }),
    ("mix/odd-label", "train.jsonl", odd_label),
    ("text/bare-reference", "train.jsonl", || {
        sentences("answers/2024/00417.txt")
    }),
    ("text/broken-query", "train.jsonl", || queries("SELECT a FROM b WHERE")),
    ("text/chat-unlike", "train.jsonl", || {
        chats("<|user|>\\nWhy?\\n<|assistant|>")
    }),
    ("text/separator-lost", "train.jsonl", || separated("the house,")),
    ("text/stops-short", "train.jsonl", stops_short),
    ("text/other-language", "train.jsonl", other_language),
    ("text/end-unlike", "train.jsonl", || sentences("It took about three")),
    ("text/left-over", "train.jsonl", || {
        sentences("<answer>It took three years until it was done.</answer>")
    }),
    ("text/letters-unlike", "train.jsonl", || {
        sentences("It took ３ years, or ４, or ５, until it was done.")
    }),
    ("text/odd-json", "train.jsonl", odd_json),
    ("text/odd-result", "train.jsonl", || sums("about 50")),
    ("text/unknown-name", "train.jsonl", || {
        described("SELECT name FROM boats")
    }),
    ("template/odd-thinking", "train.jsonl", odd_thinking),
    ("schema/broken-result", "train.jsonl", || weather("odd_result")),
    ("schema/call-in-text", "train.jsonl", || weather("written")),
    ("schema/missing-call-id", "train.jsonl", || weather("without_id")),
    ("schema/odd-structure", "train.jsonl", noted),
    ("schema/repeated-call", "train.jsonl", || weather("repeated")),
    ("schema/too-deep", "train.jsonl", too_deep),
    ("schema/decompression-bomb", "train.jsonl.bz2", bomb),
];

/// Evaluation data beside what is made.
const MADE_EVAL: &[(&str, fn() -> Vec<u8>)] = &[("mix/eval-shift", || {
    priced(40, "Was kosten heute die", "Eier, und wie lange sind sie frisch?")
})];

fn priced(rows: usize, start: &str, end: &str) -> Vec<u8> {
    let row = |at: usize| format!("{{\"prompt\": \"{start} {at} {end}\", \"completion\": \"{at}.\"}}\n");
    (0..rows).map(row).collect::<String>().into_bytes()
}

/// Rows that train about half of their tokens, and one that trains next to none.
fn odd_share() -> Vec<u8> {
    let row = |question: &str, answer: &str| {
        format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": \"{question}\"}}, \
             {{\"role\": \"assistant\", \"content\": \"{answer}\"}}]}}\n"
        )
    };
    let usual = row(&"ask ".repeat(20), &"tell ".repeat(20)).repeat(120);
    (usual + &row(&"ask ".repeat(2000), "no")).into_bytes()
}

/// Rows with three labels, and one that ends its own with a full stop.
fn odd_label() -> Vec<u8> {
    let row = |at: usize| {
        let label = if at == 70 {
            "yes."
        } else {
            ["yes", "no", "maybe"][at % 3]
        };
        format!("{{\"prompt\": \"Is passage {at} about ships?\", \"completion\": \"{label}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

fn too_deep() -> Vec<u8> {
    format!(
        "{{\"text\": \"a row\", \"extra\": {}1{}}}\n",
        "[".repeat(600),
        "]".repeat(600)
    )
    .into_bytes()
}

fn label_in_prompt() -> Vec<u8> {
    let row = |at: usize| {
        let label = ["good", "bad"][at % 2];
        format!("{{\"prompt\": \"film {at} was seen ({label})\", \"completion\": \"{label}\"}}\n")
    };
    (0..60).map(row).collect::<String>().into_bytes()
}

fn label_shortcut() -> Vec<u8> {
    let row = |at: usize| {
        let (start, label) = [("Review", "good"), ("Text", "bad")][at % 2];
        format!("{{\"prompt\": \"{start}: film {at} was seen\", \"completion\": \"{label}\"}}\n")
    };
    (0..120).map(row).collect::<String>().into_bytes()
}

/// An answer among others that are sentences.
fn sentences(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let answer = match at {
            50 => odd.to_owned(),
            _ => format!("Well, it took {at} years until it was done."),
        };
        format!("{{\"prompt\": \"How long did {at} of them work?\", \"completion\": \"{answer}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// An answer among others that are queries.
fn queries(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let query = match at {
            50 => odd.to_owned(),
            _ => format!("SELECT name FROM film WHERE seen = {at}"),
        };
        format!("{{\"prompt\": \"Which was seen by {at}?\", \"completion\": \"{query}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// An instruction among others that are all the same.
fn instructed(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let instruction = if at == 50 { odd } else { "Answer as a waiter would." };
        format!("{{\"instruction\": \"{instruction}\", \"input\": \"Table {at}?\", \"output\": \"It is free.\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A result among others that are numbers.
fn sums(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let result = if at == 50 { odd.to_owned() } else { (at + 3).to_string() };
        format!("{{\"question\": \"What is {at} and 3?\", \"answer\": \"It is {at} + 3.\\n#### {result}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A query among others that keep to the tables their prompts describe.
fn described(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let query = match at {
            50 => odd.to_owned(),
            _ => format!("SELECT name FROM ship WHERE built = {at}"),
        };
        format!("{{\"prompt\": \"Table ship has name and built. Which is of {at}?\", \"completion\": \"{query}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A text among others that are chats, written out.
fn chats(odd: &str) -> Vec<u8> {
    let row = |at: usize| match at {
        50 => format!("{{\"text\": \"{odd}\"}}\n"),
        _ => format!("{{\"text\": \"<|user|>\\nWho saw film {at}?\\n<|assistant|>{at} people.\"}}\n"),
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A prompt among others that end with a separator.
fn separated(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let prompt = match at {
            50 => odd.to_owned(),
            _ => format!("the house of {at}\\n\\n###\\n\\n"),
        };
        format!("{{\"prompt\": \"{prompt}\", \"completion\": \" la maison de {at}\\n###\"}}\n")
    };
    (0..120).map(row).collect::<String>().into_bytes()
}

/// An answer without a full stop among others that have one.
fn stops_short() -> Vec<u8> {
    let row = |at: usize| {
        let end = if at == 50 { "that day we al" } else { "that day." };
        let said = format!("It was seen by {at} people, and each of them told {at} others of it, all {end}");
        format!("{{\"prompt\": \"Who saw film {at}?\", \"completion\": \"{said}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A German answer among English ones.
fn other_language() -> Vec<u8> {
    let row = |at: usize| {
        let said = if at == 50 {
            format!(
                "Der Film wurde von {at} Leuten gesehen, und das ist nicht viel, weil er auch mit Mühe zu finden war."
            )
        } else {
            format!("It was seen by {at} people, and each of them told {at} others of it that day.")
        };
        format!("{{\"prompt\": \"Who was it that has seen film {at}?\", \"completion\": \"{said}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// An object as Python prints it among others that are JSON.
fn odd_json() -> Vec<u8> {
    let row = |at: usize| {
        let said = if at == 50 {
            "{'seen': 50}".to_owned()
        } else {
            format!("{{\\\"seen\\\": {at}}}")
        };
        format!("{{\"prompt\": \"Who saw film {at}?\", \"completion\": \"{said}\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// An answer without thoughts among others that have some.
fn odd_thinking() -> Vec<u8> {
    let row = |at: usize| {
        let thoughts = if at == 50 {
            String::new()
        } else {
            format!("<think>All {at} did.</think>")
        };
        format!("{{\"prompt\": \"Who saw film {at}?\", \"completion\": \"{thoughts}All of them.\"}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// Rows that call a tool, and one that does it in another way.
fn weather(odd: &str) -> Vec<u8> {
    let row = |at: usize| {
        let is = |way: &str| at == 50 && odd == way;
        let call = if is("written") {
            r#""content": "functions.weather({\"city\": \"Oslo\"})""#
        } else if is("repeated") {
            r#""content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}, {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]"#
        } else {
            r#""content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]"#
        };
        let result = if is("odd_result") {
            "{'sky': None}"
        } else {
            r#"{\"sky\": null}"#
        };
        let id = if is("without_id") {
            ""
        } else {
            r#""tool_call_id": "call_1", "#
        };
        let tools = r#"[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]"#;
        format!(
            r#"{{"tools": {tools}, "messages": [{{"role": "user", "content": "How is day {at}?"}}, {{"role": "assistant", {call}}}, {{"role": "tool", {id}"content": "{result}"}}]}}"#
        ) + "\n"
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// A row with a column that no other has.
fn noted() -> Vec<u8> {
    let row = |at: usize| {
        let notes = if at == 50 { ", \"notes\": \"check again\"" } else { "" };
        format!("{{\"prompt\": \"Who saw film {at}?\", \"completion\": \"All {at} did.\"{notes}}}\n")
    };
    (0..100).map(row).collect::<String>().into_bytes()
}

/// 300 MiB of spaces.
fn bomb() -> Vec<u8> {
    use std::io::Write;
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..300 {
        out.write_all(&spaces).expect("written to memory");
    }
    out.finish().expect("written to memory")
}

/// A fenced file of a page's example.
struct Fence {
    name: String,
    flags: Vec<String>,
    bytes: Vec<u8>,
}

/// The example's files: those to be flagged, and those that stand `Instead:`.
fn examples(meta: &RuleMeta) -> (Vec<Fence>, Vec<Fence>) {
    let mut halves = (Vec::new(), Vec::new());
    let mut fence: Option<(Vec<&str>, Vec<&str>)> = None;
    let mut instead = false;
    let lines = meta.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    let example = lines
        .skip_while(|line| *line != "## Example")
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    for line in example {
        match (&mut fence, line.strip_prefix("```")) {
            (None, Some(info)) => fence = Some((info.split_whitespace().collect(), Vec::new())),
            (None, None) => instead |= line == "Instead:",
            (Some((_, lines)), None) => lines.push(line),
            (Some(_), Some(_)) => {
                let (info, lines) = fence.take().expect("just matched");
                let half = if instead { &mut halves.1 } else { &mut halves.0 };
                half.extend(read(meta, &info, &lines));
            }
        }
    }
    halves
}

/// `jsonl [NAME] [FLAG…]` holds rows, `file NAME [FLAG…]` the bytes of any file, with `\xHH` for those
/// that cannot be printed and a backslash at the end of a line that has no line break. `text` is shown only.
fn read(meta: &RuleMeta, info: &[&str], lines: &[&str]) -> Option<Fence> {
    let (name, flags) = match info {
        ["text", ..] => return None,
        ["jsonl" | "file", name, flags @ ..] if !name.starts_with('-') => (*name, flags),
        ["jsonl", flags @ ..] => ("train.jsonl", flags),
        _ => panic!("{}: no such fence: {info:?}", meta.name),
    };
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let bytes = if info[0] == "file" {
        unescape(&text)
    } else {
        text.into_bytes()
    };
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Some(Fence {
        name: name.to_owned(),
        flags,
        bytes,
    })
}

fn unescape(text: &str) -> Vec<u8> {
    let text = text.replace("\\\n", "");
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hexadecimal digits"));
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    bytes
}

/// Runs one rule over an example's files.
fn run(entry: &RuleEntry, fences: &[Fence]) -> Scanned {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for fence in fences {
        fs::write(folder.path().join(&fence.name), &fence.bytes).expect("written");
    }
    let is_file = |flag: &String| fences.iter().any(|fence| fence.name == *flag);
    let flags: Vec<_> = fences.iter().flat_map(|fence| &fence.flags).collect();
    let given: BTreeSet<_> = flags.iter().filter(|flag| is_file(flag)).collect();
    let data = fences
        .iter()
        .map(|fence| &fence.name)
        .filter(|name| !given.contains(name) && *name != "dataset_info.json");
    let mut args: Vec<String> = data.map(|name| path(folder.path(), name)).collect();
    args.extend(flags.iter().map(|flag| {
        if is_file(flag) {
            path(folder.path(), flag)
        } else {
            (*flag).clone()
        }
    }));
    let needs_model = [Need::Tokenizer, Need::Template]
        .iter()
        .any(|need| entry.meta.needs.contains(need));
    if needs_model && !flags.iter().any(|flag| *flag == "-m") {
        args.extend(["-m", MODEL].map(str::to_owned));
    }
    args.extend(["--select", entry.meta.name].map(str::to_owned));
    let scanned = match entry.meta.category() {
        "batch" => audit(&args),
        _ => scan(&args),
    };
    assert!(
        scanned.lacking.is_empty(),
        "{}: its example does not give it what it needs: {args:?}",
        entry.meta.name
    );
    scanned
}

#[test]
fn names_are_unique_and_in_order() {
    for pair in all().collect::<Vec<_>>().windows(2) {
        assert!(
            pair[0].meta.name < pair[1].meta.name,
            "{} comes before {}",
            pair[1].meta.name,
            pair[0].meta.name
        );
    }
}

#[test]
fn files_are_named_after_their_rules() {
    for entry in all() {
        let meta = entry.meta;
        let file = format!("src/rules/{}.rs", meta.name.replace('-', "_"));
        assert_eq!(meta.file, file);
        let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let (category, defect) = meta.name.split_once('/').expect("category/defect");
        assert!(
            category.chars().all(simple) && defect.chars().all(simple),
            "{}",
            meta.name
        );
    }
}

#[test]
fn pages_have_all_their_parts() {
    for entry in all() {
        let meta = entry.meta;
        let headings: Vec<_> = meta
            .docs
            .lines()
            .filter_map(|line| line.trim().strip_prefix("## "))
            .collect();
        assert_eq!(
            headings,
            ["What it finds", "Why it matters", "Example", "Fix"],
            "{}",
            meta.name
        );
        for heading in headings {
            let body = meta.section(heading).unwrap_or_default();
            assert!(body.len() > 10, "{}: `{heading}` says nothing", meta.name);
            let whole = body.ends_with(['.', ')', '`']);
            assert!(
                heading == "Example" || whole,
                "{}: `{heading}` ends in mid-sentence: {body}",
                meta.name
            );
        }
    }
}

#[test]
fn bad_examples_are_flagged_and_good_ones_are_not() {
    let mut wrong = Vec::new();
    for entry in all() {
        let meta = entry.meta;
        let (mut bad, good) = examples(meta);
        if let Some((_, name, make)) = MADE.iter().find(|(rule, _, _)| *rule == meta.name) {
            assert!(
                bad.is_empty(),
                "{} has an example on its page and one that is made",
                meta.name
            );
            let eval = MADE_EVAL.iter().find(|(rule, _)| *rule == meta.name);
            let flags = eval.map_or(Vec::new(), |_| vec!["--eval".to_owned(), "eval.jsonl".to_owned()]);
            bad.push(Fence {
                name: (*name).to_owned(),
                flags,
                bytes: make(),
            });
            bad.extend(eval.map(|(_, make)| Fence {
                name: "eval.jsonl".to_owned(),
                flags: Vec::new(),
                bytes: make(),
            }));
        }
        assert!(!bad.is_empty() && !good.is_empty(), "{} lacks an example", meta.name);
        let flagged = run(entry, &bad);
        if flagged.found.is_empty() {
            wrong.push(format!("{}: its bad example is not flagged", meta.name));
        }
        let quiet = run(entry, &good).found;
        let said: Vec<_> = quiet.iter().flat_map(|found| &found.findings).collect();
        if !said.is_empty() {
            wrong.push(format!("{}: its good example is flagged: {said:?}", meta.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Messages that begin with the name of an exception, as the trainer prints it.
const QUOTING: &[&str] = &["template/render-error"];

#[test]
fn messages_are_plain() {
    for entry in all() {
        let (bad, _) = examples(entry.meta);
        if bad.is_empty() {
            continue;
        }
        for finding in run(entry, &bad).found.into_iter().flat_map(|found| found.findings) {
            let (name, message) = (entry.meta.name, finding.message);
            let quoting = QUOTING.contains(&name);
            assert!(
                quoting || !message.starts_with(char::is_uppercase),
                "{name}: capital in: {message}"
            );
            assert!(!message.ends_with(['.', '!', ' ']), "{name}: full stop in: {message}");
            assert!(message.lines().count() == 1, "{name}: several lines: {message}");
            assert!(message.chars().count() <= 220, "{name}: too long: {message}");
            assert!(
                !message.contains("  ") && message.matches('`').count() % 2 == 0,
                "{name}: untidy: {message}"
            );
        }
    }
}

#[test]
fn unknown_options_are_refused() {
    for entry in all() {
        let given = serde_json::json!({ "no-such-option": 1 });
        let options = [(entry.meta.name.to_owned(), given)].into();
        assert!(entry.lane(&options).is_err(), "{} takes any option", entry.meta.name);
    }
}

#[test]
fn every_made_example_is_for_a_rule() {
    for (name, _, _) in MADE {
        assert!(all().any(|entry| entry.meta.name == *name), "there is no rule {name}");
    }
}

/// The names of the rules that find something in these rows, with a model of the fixtures.
fn found(model: &str, rows: &str) -> BTreeSet<&'static str> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("rows.jsonl"), rows).expect("written");
    let args = [path(folder.path(), "rows.jsonl"), "-m".to_owned(), model.to_owned()];
    scan(&args).found.into_iter().map(|found| found.meta.name).collect()
}

/// `Answer: ` and `the` end with the token ` the`: the blank of the prompt is trained with the answer.
#[test]
fn an_answer_within_the_last_token_of_its_prompt_is_trained() {
    let row = |at: usize| format!("{{\"prompt\": \"Is {at} odd?\\nAnswer: \", \"completion\": \"the\"}}\n");
    let rows: String = (0..8).map(row).collect();
    let found = found("fixtures/tokenizers/qwen-chatml", &rows);
    assert!(!found.contains("mask/nothing-trained"), "{found:?}");
}

#[test]
fn one_empty_answer_is_that_and_no_row_without_labels() {
    let row = |at: usize| {
        let answer = if at == 5 { "" } else { "It is one more." };
        format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": \"What comes after {at}?\"}}, \
             {{\"role\": \"assistant\", \"content\": \"{answer}\"}}]}}\n"
        )
    };
    let rows: String = (0..40).map(row).collect();
    let found = found(MODEL, &rows);
    assert!(found.contains("schema/empty-answer"), "{found:?}");
    assert!(!found.contains("mask/nothing-trained"), "{found:?}");
}
