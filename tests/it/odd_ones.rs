//! One row unlike the hundred others of its file is told of on its line, and where many are like it, it is the file's way.

use std::fs;

use crate::scanned::{path, scan};

/// A conversation of one question; `answer` is the rest of the message, as JSON.
fn asked(at: usize, answer: &str) -> String {
    format!(r#"{{"messages": [{{"role": "user", "content": "What is {at}?"}}, {{"role": "assistant", {answer}}}]}}"#)
        + "\n"
}

fn json(at: usize) -> String {
    asked(
        at,
        &format!(r#""content": "{{\"number\": {at}, \"odd\": true, \"name\": null}}""#),
    )
}

fn thought(at: usize) -> String {
    asked(at, &format!(r#""content": "<think>It is {at}.</think>{at}""#))
}

fn reasoned(at: usize) -> String {
    asked(at, &format!(r#""reasoning_content": "It is {at}.", "content": "{at}""#))
}

/// A call written into the text, of a tool that the system prompt lists.
fn hermes(tools: &str, answer: &str) -> String {
    format!(
        r#"{{"conversations": [{{"from": "system", "value": "Tools: <tools>{tools}</tools>"}}, {{"from": "human", "value": "Rain?"}}, {{"from": "gpt", "value": "{answer}"}}]}}"#
    ) + "\n"
}

const TOOLS: &str = r#"[{\"name\": \"sky\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}}]"#;

const CALL: &str = r#"<tool_call>\n{\"name\": \"sky\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>"#;

fn called(_: usize) -> String {
    hermes(TOOLS, CALL)
}

/// What of the rules, by name, is said of line 51, and that nothing is said of others.
fn said(rules: &[&str], usual: fn(usize) -> String, odd: &str, often: usize) -> Vec<String> {
    let row = |at: usize| if at % often == 50 { odd.to_owned() } else { usual(at) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("train.jsonl"), (0..200).map(row).collect::<String>()).expect("written");
    let found = scan(&[path(folder.path(), "train.jsonl")]).found;
    let mut said = Vec::new();
    for rule in found.into_iter().filter(|found| rules.contains(&found.meta.name)) {
        for finding in rule.findings {
            assert_eq!(finding.place.map(|place| place.line), Some(51), "{}", finding.message);
            said.push(finding.message);
        }
    }
    said
}

#[track_caller]
fn holds(rules: &[&str], usual: fn(usize) -> String, odd: &str, message: &str) {
    let one = said(rules, usual, odd, 1000);
    assert_eq!(one.len(), 1, "{odd}: {one:?}");
    assert!(one[0].contains(message), "{odd}: {one:?}");
}

/// A conversation whose answers are sentences.
fn spoken(at: usize) -> String {
    asked(
        at,
        &format!(
            r#""content": "It comes right after {}, as you know.""#,
            at.saturating_sub(1)
        ),
    )
}

#[test]
fn answers_that_are_an_address_a_file_or_an_id() {
    let rules = ["text/bare-reference"];
    for (odd, message) in [
        ("https://example.org/a/17?x=1", "nothing but an address"),
        ("answers/2024/00417.txt", "nothing but the name of a file"),
        ("123e4567-e89b-42d3-a456-426614174000", "nothing but an id"),
        ("msg_8Xk2vQ0pLz", "nothing but an id"),
        ("2024-05-01T09:30:00Z", "nothing but a time"),
    ] {
        holds(&rules, spoken, &asked(1, &format!(r#""content": "{odd}""#)), message);
    }
    // Where it is asked for, it is the answer.
    let asked_for = asked(1, r#""content": "https://example.org""#).replace("What is 1?", "What is its website?");
    assert_eq!(said(&rules, spoken, &asked_for, 1000), [""; 0]);
}

/// A conversation whose answers end with the number that is asked for.
fn counted(at: usize) -> String {
    asked(at, &format!(r#""content": "It is {at} and none.\n#### {at}""#))
}

#[test]
fn answers_that_end_unlike_the_others() {
    let rules = ["text/end-unlike"];
    let short = |answer: &str| asked(1, &format!(r#""content": "{answer}""#));
    holds(&rules, counted, &short("It is one and no"), "`####`, as 199 of 200 do");
    holds(
        &rules,
        spoken,
        &short("It comes right after"),
        "stops at `right after`, where 199 of 200 end",
    );
    // A label is no sentence, and a title has no full stop.
    assert_eq!(said(&rules, spoken, &short("Zero"), 1000), [""; 0]);
    let title = short("What comes after zero").replace("What is 1?", "Give me a title.");
    assert_eq!(said(&rules, spoken, &title, 1000), [""; 0]);
}

#[test]
fn answers_that_are_not_json_among_those_that_are() {
    let rules = ["text/odd-json", "text/cut-off"];
    for (odd, message) in [
        (r#"{\"number\": 1, \"odd\": true, \"name\": null,}"#, "trailing comma"),
        ("{'number': 1, 'odd': True, 'name': None}", "as Python prints it"),
        (
            r#"```json\n{\"number\": 1, \"odd\": true, \"name\": null}\n```"#,
            "in a block of code",
        ),
        (
            r#"Here it is:\n{\"number\": 1, \"odd\": true, \"name\": null}"#,
            "text around it",
        ),
        (r#"\"{\\\"number\\\": 1}\""#, "a string with the JSON in it"),
        ("One is an odd number.", "no JSON, `One is an odd number.`"),
        (
            r#"{\"Number\": 1, \"odd\": true, \"name\": null}"#,
            "`number`, which 199 of 200 have; is `Number`",
        ),
        (r#"{\"number\": 1, \"odd\": true}"#, "lacks the key `name`"),
        (r#"{\"number\": 1, \"odd\": true,"#, "ends inside JSON"),
    ] {
        holds(&rules, json, &asked(1, &format!(r#""content": "{odd}""#)), message);
    }
    for quiet in [
        "I'm sorry, but I can't help with that.",
        "{}",
        "[]",
        r#"{\"error\": \"none\"}"#,
    ] {
        let odd = asked(1, &format!(r#""content": "{quiet}""#));
        assert_eq!(said(&rules[..1], json, &odd, 1000), [""; 0], "{quiet}");
    }
    // A tenth is the file's own way.
    let prose = asked(1, r#""content": "One is an odd number.""#);
    let row = |at: usize| if at.is_multiple_of(10) { prose.clone() } else { json(at) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("train.jsonl"), (0..200).map(row).collect::<String>()).expect("written");
    let found = scan(&[path(folder.path(), "train.jsonl")]).found;
    assert!(
        found
            .iter()
            .all(|found| found.meta.name != "text/odd-json" || found.findings.is_empty())
    );
}

#[test]
fn answers_without_thoughts_among_those_that_think() {
    let rules = ["template/odd-thinking"];
    for (odd, message) in [
        (
            "<thought>It is 1.</thought>1",
            "opens with `<thought>`, where 199 of 200",
        ),
        ("<tool_call>1. It is 1.", "opens with `<tool_call>`"),
        ("1", "has no thoughts"),
        ("<think>\\n\\n</think>1", "are empty, in 1 of 200"),
        ("<think><think>It is 1.</think>1", "opens `<think>` twice"),
        ("<think>It is 1.</think><think>It is.</think>1", "thinks again"),
    ] {
        holds(&rules, thought, &asked(1, &format!(r#""content": "{odd}""#)), message);
    }
    for (odd, message) in [
        (r#""content": "1""#, "has no `reasoning_content`, where 199 of 200"),
        (
            r#""reasoning_content": null, "content": "1""#,
            "has no `reasoning_content`",
        ),
        (
            r#""reasoning_content": " ", "content": "1""#,
            "has no `reasoning_content`",
        ),
        (
            r#""reasoning_content": "<think>So.</think>", "content": "1""#,
            "tags around them",
        ),
        (
            r#""reasoning_content": "It is 1.", "content": "It is 1.""#,
            "are the answer itself",
        ),
    ] {
        holds(&rules, reasoned, &asked(1, odd), message);
    }
    let beside = asked(1, r#""content": "1""#).replace("\"user\",", "\"user\", \"reasoning_content\": \"It is 1.\",");
    holds(&rules, reasoned, &beside, "stand beside another turn");
    let unwanted = asked(1, r#""content": "<think></think>1""#).replace("is 1?", "is 1? /no_think");
    assert_eq!(said(&rules, thought, &unwanted, 1000), [""; 0]);
    // Three of two hundred are the file's own way.
    assert_eq!(said(&rules, thought, &asked(1, r#""content": "1""#), 51), [""; 0]);
}

#[test]
fn calls_in_text_are_checked_as_those_apart() {
    let rules = [
        "schema/bad-tool-call",
        "schema/unknown-tool",
        "schema/wrong-arguments",
        "schema/unknown-argument",
    ];
    let all = [&rules[..], &["schema/bad-tools", "schema/call-in-text"]].concat();
    let changed = |from: &str, to: &str| {
        assert!(CALL.contains(from), "{from}");
        hermes(TOOLS, &CALL.replace(from, to))
    };
    for (odd, message) in [
        (changed("sky", "my_sky"), "`my_sky` is called and not among 1 tools"),
        (changed(r#"\"name\""#, r#"\"function\""#), "has no `name`"),
        (changed(r"<tool_call>\n", ""), "`</tool_call>` without `<tool_call>`"),
        (
            changed(r#"{\"city\": \"Oslo\"}"#, r#"\"{\\\"city\\\": \\\"Oslo\\\"}\""#),
            "are a string",
        ),
        (
            changed(r#"\"city\": \"Oslo\""#, ""),
            "without `city`, which it requires",
        ),
        (changed(r#"\"Oslo\""#, "7"), "is a number, and declared as string"),
        (
            changed("</tool_call>", r"</tool_call>\n<tool_response>\nrain"),
            "the result follows the call",
        ),
        (hermes(&TOOLS[..40], CALL), "the tools in `<tools>` are not JSON"),
        (
            changed("<tool_call>", "```json").replace("</tool_call>", "```"),
            "without tags, where 199 rows",
        ),
    ] {
        holds(&all, called, &odd, message);
    }
}

/// A call in a turn of its own, as LLaMA-Factory has them, between a question and what follows.
fn called_apart(at: usize) -> String {
    let called = r#"{"from": "function_call", "value": "{\"name\": \"sky\", \"arguments\": {\"city\": \"Oslo\"}}"}"#;
    let after = r#"{"from": "observation", "value": "rain"}, {"from": "gpt", "value": "It rains."}"#;
    let asked = format!(r#"{{"from": "human", "value": "Rain on day {at}?"}}"#);
    format!("{{\"conversations\": [{asked}, {called}, {after}], \"tools\": \"{TOOLS}\"}}\n")
}

#[test]
fn calls_in_turns_of_their_own_are_checked_as_those_in_messages() {
    let rules = [
        "schema/missing-tools",
        "schema/call-in-text",
        "schema/unknown-tool",
        "schema/wrong-arguments",
        "schema/tool-call-without-result",
        "text/unfilled-placeholder",
    ];
    let usual = called_apart(7);
    let changed = |from: &str, to: &str| {
        assert!(usual.contains(from), "{from}");
        usual.replace(from, to)
    };
    for (odd, message) in [
        (changed(TOOLS, ""), "the row has no `tools`"),
        (changed("function_call", "gpt"), "where 199 rows have theirs in"),
        (
            changed("Oslo", "<CITY_NAME>"),
            "the argument `<CITY_NAME>` was not filled in",
        ),
        (
            changed(r#"{"from": "observation", "value": "rain"}, "#, ""),
            "followed by an assistant turn",
        ),
    ] {
        holds(&rules, called_apart, &odd, message);
    }
    let (start, end) = (
        usual.find(r#"{"from": "function_call""#),
        usual.find(r#"{"from": "observation""#),
    );
    let call = &usual[start.expect("a call")..end.expect("its result")];
    let quiet = [
        changed(r#""value": "{\"name"#, r#""value": "<think>\nSo.\n</think>\n\n{\"name"#),
        changed(call, &format!("{call}{call}")),
        changed(
            r#"{\"name\": \"sky\", \"arguments\": {\"city\": \"Oslo\"}}"#,
            r#"[{\"name\": \"sky\", \"arguments\": {\"city\": \"Oslo\"}}, {\"name\": \"sky\", \"arguments\": {\"city\": \"Bonn\"}}]"#,
        ),
    ];
    for quiet in quiet {
        assert_eq!(said(&rules, called_apart, &quiet, 1000), [""; 0], "{quiet}");
    }
}

/// A row with this system prompt.
fn under(system: &str, row: &str) -> String {
    row.replace(
        r#"{"messages": ["#,
        &format!(r#"{{"messages": [{{"role": "system", "content": "{system}"}}, "#),
    )
}

#[test]
fn a_word_of_a_prompt_that_all_rows_share_excuses_none_of_them() {
    let long = "It comes right after the one before it, and before the one after it.";
    let error = "Error code: 429 - {'error': {'message': 'Rate limit reached'}}";
    let talk = r"It is one more.\n\nUser: And after that?\nAssistant: Two.";
    let short = "It comes right after the one before it, and you can go on so for as long as you li";
    let slot = "It comes right after all that, {customer_name}, as you know.";
    // The rule, words of the prompt, the answer, and words that say it is what the rows do.
    let cases = [
        (
            "text/error-answer",
            "Point out errors.",
            error.to_owned(),
            "Run the Python.",
        ),
        (
            "text/error-answer",
            "You may show code.",
            error.to_owned(),
            "Or say Error code: 4xx.",
        ),
        (
            "text/runs-on",
            "Keep the dialogue friendly.",
            talk.to_owned(),
            "Write a dialogue.",
        ),
        (
            "text/runs-on",
            "Help with the interview.",
            talk.to_owned(),
            "Assistant: is your name in the interview.",
        ),
        (
            "text/printed-object",
            "Never answer in JSON.",
            format!(r#"[\"{long}\"]"#),
            "A Python list.",
        ),
        (
            "text/printed-object",
            "A list may help.",
            format!(r#"[\"{long}\"]"#),
            "An array or list.",
        ),
        (
            "text/unfilled-placeholder",
            "Follow the template.",
            slot.to_owned(),
            "Placeholders stay in the template.",
        ),
        (
            "text/said-twice",
            "Do not repeat yourself.",
            format!(r"{long}\n{long}"),
            "",
        ),
        ("text/stops-short", "Answer correctly.", short.to_owned(), ""),
    ];
    for (rule, innocent, answer, meant) in cases {
        let odd = asked(7, &format!(r#""content": "{answer}""#));
        let all = |system: &str, often: usize, rows: usize| {
            let row = |at: usize| {
                under(
                    system,
                    &if at % often == 50 {
                        odd.clone()
                    } else {
                        spoken_at_length(at)
                    },
                )
            };
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::write(
                folder.path().join("train.jsonl"),
                (0..rows).map(row).collect::<String>(),
            )
            .expect("written");
            let found = scan(&[path(folder.path(), "train.jsonl")]).found.into_iter();
            let found = found
                .filter(|found| found.meta.name == rule)
                .flat_map(|found| found.findings);
            let each = found.map(|finding| (finding.place.map_or(0, |place| place.line), finding.message));
            each.collect::<Vec<_>>()
        };
        let said = all(innocent, 1000, 200);
        assert!(said.len() == 1 && said[0].0 == 51, "{rule} under {innocent}: {said:?}");
        assert!(
            said[0].1.ends_with("as in 1 of 200 rows that are told the same"),
            "{said:?}"
        );
        // Where more than a few do it, the prompt may be what asks for it; and so may one that no other row has.
        assert_eq!(all(innocent, 60, 200), [], "{rule} under {innocent}");
        let alone = format!(
            "{}{}",
            (0..200).map(spoken_at_length).collect::<String>(),
            under(innocent, &odd)
        );
        assert!(!said_of(rule, &alone), "{rule}: {innocent}, of one row");
        if !meant.is_empty() {
            assert_eq!(all(meant, 1000, 200), [], "{rule} under {meant}");
        }
    }
}

/// Whether the rule says anything of these rows.
fn said_of(rule: &str, rows: &str) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("train.jsonl"), rows).expect("written");
    let found = scan(&[path(folder.path(), "train.jsonl")]).found;
    found
        .iter()
        .any(|found| found.meta.name == rule && found.findings.iter().len() > 0)
}

/// A conversation whose answer is a sentence of more than a few words.
fn spoken_at_length(at: usize) -> String {
    let before = at.saturating_sub(1);
    asked(
        at,
        &format!(r#""content": "It comes right after {before}, as you know, and then you go on from there.""#),
    )
}
