//! Values with a structure (labels, JSON, queries, results, system prompts): one unlike the hundred others of its file is told
//! of on its line, and where many are like it, it is the file's way.

use std::fs;

use crate::scanned::{path, scan};

/// The row that is odd, where a single one is.
const LINE: usize = 50;

/// What the rule says of the rows of a set: line and message.
fn told(rule: &str, row: &dyn Fn(usize) -> String) -> Vec<(u64, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: String = (0..200).map(|at| row(at) + "\n").collect();
    fs::write(folder.path().join("train.jsonl"), rows).expect("written");
    let found = scan(&[path(folder.path(), "train.jsonl")]).found;
    let of_rule = found.into_iter().filter(|found| found.meta.name == rule);
    { of_rule }
        .flat_map(|found| found.findings)
        .map(|finding| (finding.place.map_or(0, |place| place.line), finding.message))
        .collect()
}

/// That one odd row is told of with this message, on its line alone, and nothing where a tenth of the set is so.
#[track_caller]
fn holds(rule: &str, usual: &dyn Fn(usize) -> String, odd: &str, message: &str) {
    let one = told(rule, &|at| if at == LINE { odd.to_owned() } else { usual(at) });
    assert_eq!(one.len(), 1, "{odd}: {one:?}");
    assert!(
        one[0].0 == LINE as u64 + 1 && one[0].1.contains(message),
        "{odd}: {one:?}"
    );
    let many = told(rule, &|at| {
        if at.is_multiple_of(10) {
            odd.to_owned()
        } else {
            usual(at)
        }
    });
    assert_eq!(many, [], "{odd}: a tenth of the set");
}

#[track_caller]
fn is_fine(rule: &str, usual: &dyn Fn(usize) -> String, odd: &str) {
    let said = told(rule, &|at| if at == LINE { odd.to_owned() } else { usual(at) });
    assert_eq!(said, [], "{odd}");
}

fn asked(prompt: &str, answer: &str) -> String {
    serde_json::json!({"prompt": prompt, "completion": answer}).to_string()
}

fn alpaca(instruction: &str, input: &str) -> String {
    serde_json::json!({"instruction": instruction, "input": input, "output": "It is so."}).to_string()
}

#[test]
fn system_prompts_and_instructions_of_one_row() {
    let said = |system: &str, at: usize| {
        let mut messages = vec![serde_json::json!({"role": "system", "content": system})];
        messages.push(serde_json::json!({"role": "user", "content": format!("What is {at}?")}));
        messages.push(serde_json::json!({"role": "assistant", "content": "A number."}));
        serde_json::json!({ "messages": messages }).to_string()
    };
    let waiter = |at: usize| said("You are a waiter.", at);
    let rule = "mix/odd-instruction";
    holds(
        rule,
        &waiter,
        &said("You are a pirate.", 1),
        "is `You are a pirate.`; in 199 of 200",
    );
    holds(rule, &waiter, &said(" ", 1), "the system prompt is empty");
    let none = r#"{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}"#;
    holds(rule, &waiter, none, "the system prompt is missing");
    // A set whose every row has a prompt of its own, and one of several that are shared.
    let own = |at: usize| said(&format!("You are number {at}."), at);
    is_fine(rule, &own, &said("You are a pirate.", 1));
    let several = |at: usize| said(["You are a waiter.", "You are a cook.", "You are a guest."][at % 3], at);
    holds(
        rule,
        &several,
        &said("You are a pirate.", 1),
        "one of 3 that rows share",
    );
    let uneven = |at: usize| said(&format!("You are of kind {}.", at.ilog2()), at + 1);
    is_fine(rule, &|at| uneven(at + 1), &said("You are a pirate.", 1));

    let short = |at: usize| alpaca("Make it short.", &format!("A text of {at} words."));
    let swapped = alpaca("A text of 7 words.", "Make it short.");
    holds(
        rule,
        &short,
        &swapped,
        "the instruction is `A text of 7 words.`; in 199 of 200",
    );
    let each = |at: usize| alpaca(&format!("Tell of {at}."), "");
    is_fine(rule, &each, &swapped);

    holds(
        "schema/empty-message",
        &short,
        &alpaca("Make it short.", ""),
        "the input is empty, and 199 of 200",
    );
    let lost = r#"{"instruction": "Make it short.", "output": "It is so."}"#;
    holds("schema/empty-message", &short, lost, "the column `input` is missing");
}

#[test]
fn json_unlike_that_of_all_others() {
    let rule = "text/odd-json";
    let object = |at: usize| {
        let (kind, done) = (["new", "old", "used"][at % 3], at.is_multiple_of(2));
        let said = serde_json::json!({"kind": kind, "done": done, "parts": [{"id": at, "name": format!("n{at}")}]});
        asked(&format!("What of {at}?"), &said.to_string())
    };
    let odd = |said: &str| asked("What of it?", said);
    for (said, message) in [
        (
            r#"{"kind": "asdf", "done": true, "parts": []}"#,
            "`kind` is `asdf` here only",
        ),
        (
            r#"{"kind": "None", "done": true, "parts": []}"#,
            "one of `new`, `old`, `used`",
        ),
        (
            r#"{"kind": "new", "done": "true", "parts": []}"#,
            "`done` is a string, and a boolean in 199",
        ),
        (
            r#"{"kind": "new", "done": true, "parts": "[]"}"#,
            "`parts` is a string, and a list in 199",
        ),
        (r#"{"kind": null, "done": null, "parts": null}"#, "`done` is null"),
        (
            r#"{"kind": "new", "done": true, "parts": [], "foo": 1}"#,
            "has the key `foo`, as 1 of 200",
        ),
        (
            r#"{"kind": "new", "done": true, "kind": "new", "parts": []}"#,
            "in which a key stands twice",
        ),
        (
            r#"[{"kind": "new", "done": true, "parts": []}]"#,
            "is a list, and an object in 199",
        ),
    ] {
        holds(rule, &object, &odd(said), message);
    }
    // Names are no kinds, and a key that some have is no odd one.
    is_fine(
        rule,
        &object,
        &odd(r#"{"kind": "new", "done": true, "parts": [{"id": 1, "name": "z"}]}"#),
    );
    let counts = |at: usize| {
        asked(
            "Count.",
            &serde_json::json!({ format!("k{}", at % 150): at }).to_string(),
        )
    };
    is_fine(rule, &counts, &odd(r#"{"once": 1}"#));

    let sentence = |at: usize| {
        asked(
            &format!("What of {at}?"),
            &format!("It comes right after {at}, as you know."),
        )
    };
    holds(
        rule,
        &sentence,
        &odd(r#"{"answer": "It comes last."}"#),
        "with the text in `answer`",
    );
    is_fine(
        rule,
        &sentence,
        &asked("Say it in JSON.", r#"{"answer": "It comes last."}"#),
    );
}

#[test]
fn labels_that_are_written_as_names() {
    let rule = "mix/odd-label";
    let label = |at: usize| {
        let names = ["card_arrival", "taxes", "min_payment", "tire_change"];
        asked(
            &format!("Why {at}?"),
            &format!(
                "{}{}",
                names[at % 4],
                if at < 100 {
                    String::new()
                } else {
                    format!("_{}", at / 4)
                }
            ),
        )
    };
    for odd in [
        "The label is card_arrival because of the wording.",
        "Card_arrival",
        "card_arrival.",
        "3",
        "tire_change, taxes",
        " min_payment\n",
        "I am not able to tell which of the labels is right here, so I would rather not choose any.",
    ] {
        holds(
            rule,
            &|at| label(at % 150),
            &asked("Why?", odd),
            "unlike the labels of 199 of 200 rows",
        );
    }
    is_fine(rule, &|at| label(at % 150), &asked("Why?", "banana"));
    // Words are no names.
    let word = |at: usize| asked("Say it in French.", ["pomme", "poire", "noix"][at % 3]);
    is_fine(
        rule,
        &|at| {
            if at.is_multiple_of(2) {
                word(at)
            } else {
                asked("And?", &format!("mot{}", "a".repeat(at)))
            }
        },
        &asked("Say it.", "New York"),
    );
}

#[test]
fn queries_that_fail_on_what_their_prompts_describe() {
    let schema = "CREATE TABLE ship (name TEXT, built INT)";
    let row = |query: &str| asked(&format!("{schema}\nWhich one?"), query);
    let usual = |at: usize| row(&format!("SELECT name FROM ship WHERE built = {at}"));
    for (rule, odd, message) in [
        (
            "text/broken-query",
            "SELECT name FROM {table} WHERE built = 3",
            "`{table}` is a slot",
        ),
        (
            "text/broken-query",
            "SELECT name FROM WHERE built = 3",
            "`WHERE` follows `FROM`",
        ),
        (
            "text/broken-query",
            "SELECT SELECT name FROM ship",
            "`SELECT` follows `SELECT`",
        ),
        (
            "text/broken-query",
            "SELECT name FROM ship\nThis query returns the name.",
            "`This query returns the name.` follows the query, unlike 199 of 200",
        ),
        (
            "text/broken-query",
            "SELECT name FROM ship; DROP TABLE ship",
            "a second statement",
        ),
        (
            "text/broken-query",
            "MATCH (s:Ship) WHERE s.built = 3 RETURN s.name",
            "is Cypher, and SQL in 199",
        ),
        (
            "text/unknown-name",
            "SELECT name FROM boats WHERE built = 3",
            "the table `boats`",
        ),
        (
            "text/unknown-name",
            "SELECT name FROM ship WHERE tonnage > 3",
            "the column `tonnage`",
        ),
    ] {
        holds(rule, &usual, &row(odd), message);
    }
    is_fine(
        "text/unknown-name",
        &usual,
        &row("SELECT T.name AS n FROM ship AS T WHERE built IN (SELECT MAX(built) AS m FROM ship) AND n = 'x'"),
    );
}

#[test]
fn results_unlike_those_of_all_others() {
    let row = |answer: &str| asked("How many are 30 and 40?", answer);
    let usual = |at: usize| row(&format!("They are 30 + {at} = <<30+{at}={0}>>{0}.\n#### {0}", 30 + at));
    for (odd, message) in [
        ("They are 30 + 40 = 70.\n#### unknown", "`unknown` is no bare number"),
        (
            "They are 30 + 40 = 70.\n#### $70 dollars",
            "`$70 dollars` is no bare number",
        ),
        (
            "They are 30 + 40 = 70.\n#### 70\n#### 12",
            "is the second of the answer",
        ),
        ("They are 30 + 40 = 70.\n#### 141", "`141` stands nowhere"),
    ] {
        holds("text/odd-result", &usual, &row(odd), message);
    }
    is_fine("text/odd-result", &usual, &row("They are 0.70 dollars.\n#### 70"));
    let wrong = told("text/wrong-sum", &|at| match at {
        LINE => row("They are 30 + 40 = <<30+40=80>>80.\n#### 80"),
        _ => usual(at),
    });
    assert_eq!(
        wrong,
        [(
            LINE as u64 + 1,
            "`<<30+40=80>>` is not right: it comes to 70".to_owned()
        )]
    );
}

/// A row with a call, of which the message and the tools are given as JSON.
fn calling(answer: &str, tools: &str) -> String {
    format!(
        r#"{{"messages": [{{"role": "user", "content": "Rain in Oslo?"}}, {{"role": "assistant", {answer}}}], "tools": {tools}}}"#
    )
}

const CALL: &str = r#"{"type": "function", "function": {"name": "get_sky", "arguments": {"city": "Oslo"}}}"#;
const TOOLS: &str = r#"[{"type": "function", "function": {"name": "get_sky", "description": "The sky.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]"#;

#[test]
fn calls_and_tools_of_one_row() {
    let usual = |_: usize| calling(&format!(r#""tool_calls": [{CALL}]"#), TOOLS);
    let called = |answer: &str| calling(answer, TOOLS);
    let doubled = format!(
        r#""tool_calls": [{CALL}], "content": "{{\"name\": \"get_sky\", \"arguments\": {{\"city\": \"Oslo\"}}}}""#
    );
    holds(
        "schema/call-in-text",
        &usual,
        &called(&doubled),
        "a call is written into the text",
    );
    let announced = r#""content": "I will now call the function get_sky for Oslo.""#;
    holds(
        "schema/call-in-text",
        &usual,
        &called(announced),
        "a call is announced and not made",
    );
    is_fine(
        "schema/call-in-text",
        &usual,
        &called(r#""content": "I can look at the sky with get_sky.""#),
    );
    holds(
        "schema/repeated-call",
        &usual,
        &called(&format!(r#""tool_calls": [{CALL}, {CALL}]"#)),
        "`get_sky` is called twice",
    );
    let other = CALL.replace("Oslo", "Rome");
    is_fine(
        "schema/repeated-call",
        &usual,
        &called(&format!(r#""tool_calls": [{CALL}, {other}]"#)),
    );

    let with = |tools: &str| calling(&format!(r#""tool_calls": [{CALL}]"#), tools);
    let bare = r#"[{"type": "function", "function": {"name": "get_sky", "description": "The sky."}}]"#;
    holds(
        "schema/bad-tools",
        &usual,
        &with(bare),
        "`get_sky` has no parameters, and is called with some",
    );
    let todo = told("schema/bad-tools", &|at| match at {
        LINE => with(&TOOLS.replace("The sky.", "TODO")),
        _ => usual(at),
    });
    assert!(todo.len() == 1 && todo[0].1.contains("is `TODO`"), "{todo:?}");
    let slot = told("text/unfilled-placeholder", &|at| match at {
        LINE => called(&format!(r#""tool_calls": [{}]"#, CALL.replace("Oslo", "<city_name>"))),
        _ => usual(at),
    });
    assert!(
        slot.len() == 1 && slot[0].1.contains("`<city_name>` was not filled in"),
        "{slot:?}"
    );
}

#[test]
fn rows_that_are_built_unlike_all_others() {
    let rule = "schema/odd-structure";
    let usual = |_: usize| calling(&format!(r#""tool_calls": [{CALL}]"#), TOOLS);
    let quoted = CALL.replace(r#"{"city": "Oslo"}"#, r#""{\"city\": \"Oslo\"}""#);
    for (odd, message) in [
        (
            calling(&format!(r#""tool_calls": [{quoted}]"#), TOOLS),
            "`messages[].tool_calls[].function.arguments` is a string, and an object in 199",
        ),
        (
            calling(
                &format!(r#""tool_calls": [{CALL}]"#),
                &serde_json::json!(TOOLS).to_string(),
            ),
            "`tools` is a string, and a list in 199",
        ),
        (
            calling(&format!(r#""name": null, "tool_calls": [{CALL}]"#), TOOLS),
            "the row has the key `messages[].name`, as 1 of 400 do",
        ),
        (
            calling(
                &format!(r#""tool_calls": [{}]"#, CALL.replace(r#""type": "function", "#, "")),
                TOOLS,
            ),
            "the row lacks the key `messages[].tool_calls[].type`, which 199 of 200 have",
        ),
    ] {
        holds(rule, &usual, &odd, message);
    }
    let plain = |at: usize| asked(&format!("What is {at}?"), "A number.");
    holds(
        rule,
        &plain,
        r#"{"prompt": "Why?", "completion": "So.", "notes": "check"}"#,
        "the key `notes`, as 1 of 200",
    );
    // Keys that are told of as what they are, and objects whose keys are what they hold.
    let counted =
        |at: usize| format!(r#"{{"prompt": "Count {at}.", "completion": "So.", "metadata": {{"k{at}": 1}}}}"#);
    is_fine(
        rule,
        &counted,
        r#"{"prompt": "Why?", "completion": "So.", "metadata": {"z": []}}"#,
    );
}

#[test]
fn thoughts_unlike_those_of_all_others() {
    let rule = "template/odd-thinking";
    let row = |thoughts: &str| {
        asked(
            "Which of these symptoms tells of a cold?",
            &format!("<think>\n{thoughts}\n</think>\n\nA cough."),
        )
    };
    let usual = |at: usize| row(&format!("There are {at} of them, and a cough is the one."));
    holds(rule, &usual, &row("None"), "nothing but dots, or a word for nothing");
    holds(rule, &usual, &row("..."), "nothing but dots");
    holds(
        rule,
        &usual,
        &row("好的，用户给出了一些症状，我需要逐一检查每种疾病的必要条件。"),
        "are in Han, unlike the question, and Latin in 199",
    );
    let chinese = asked(
        "这些症状中的哪一个说明是感冒呢请告诉我",
        "<think>\n好的，用户给出了一些症状，我需要逐一检查每种疾病。\n</think>\n\n咳嗽",
    );
    is_fine(rule, &usual, &chinese);
}
