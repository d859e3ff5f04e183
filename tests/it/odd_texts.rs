//! What a program or a person left in one text of a file is told of on its line, and where many texts have it, it is the
//! file's way.

use std::fs;

use crate::scanned::{path, scan};

fn row(asked: &str, answer: &str) -> String {
    let (asked, answer) = (serde_json::json!(asked), serde_json::json!(answer));
    format!(r#"{{"messages": [{{"role": "user", "content": {asked}}}, {{"role": "assistant", "content": {answer}}}]}}"#)
        + "\n"
}

/// A conversation of one question, whose answer is a sentence.
fn usual(at: usize) -> String {
    row(
        &format!("What comes after {at} here?"),
        &format!("It is {} that comes right after it, as you know by now.", at + 1),
    )
}

/// The lines of which the rule says something, and what it says, where every `often`th row is the odd one, from line 51 on.
fn said(rule: &str, odd: &str, often: usize) -> Vec<(u64, String)> {
    said_among(rule, usual, odd, often)
}

fn said_among(rule: &str, usual: fn(usize) -> String, odd: &str, often: usize) -> Vec<(u64, String)> {
    let row = |at: usize| if at % often == 50 { odd.to_owned() } else { usual(at) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("train.jsonl"), (0..300).map(row).collect::<String>()).expect("written");
    let found = scan(&[path(folder.path(), "train.jsonl")]).found.into_iter();
    let found = found.filter(|found| found.meta.name == rule);
    let each = found.flat_map(|found| found.findings);
    each.map(|finding| (finding.place.map_or(0, |place| place.line), finding.message))
        .collect()
}

#[track_caller]
fn holds(rule: &str, odd: &str, message: &str) {
    let one = said(rule, odd, 1000);
    assert!(
        one.len() == 1 && one[0].0 == 51 && one[0].1.contains(message),
        "{odd}: {one:?}"
    );
    assert_eq!(said(rule, odd, 60), [], "{odd}, in five rows");
}

const ASKED: &str = "Why is the sea salty?";
const ANSWER: &str = "Rivers carry salts from the rocks into it, and they stay.";

#[test]
fn what_was_left_in_an_answer() {
    for (answer, message) in [
        (format!("<answer>{ANSWER}</answer>"), "the tag `<answer>`"),
        (format!("<p>{ANSWER}</p>"), "the tag `<p>`"),
        (
            r#"<tool_call>{"name": "f"}</tool_call>"#.to_owned(),
            "the tag `<tool_call>`",
        ),
        (format!("\"{ANSWER}\""), "whole in quotation marks"),
        (format!("Answer: {ANSWER}"), "its cue, `Answer:`"),
        (format!("答案：{ANSWER}"), "its cue, `答案：`"),
        (format!("12. {ANSWER}"), "the number of a list, `12.`"),
        (format!("analysisAn easy one.assistantfinal{ANSWER}"), "hidden thoughts"),
        (
            format!("Thought for 12 seconds\n\n{ANSWER}"),
            "hidden thoughts, `Thought for 12 seconds`",
        ),
        (format!("{ANSWER}\ndata: [DONE]"), "mark of a stream"),
        (format!("{ANSWER}\n<END>"), "a stop mark, `<END>`"),
        (
            format!("[2023-05-02 12:34:08] Agent: {ANSWER}"),
            "the head of a message",
        ),
        (
            format!("{ANSWER}\n[NOTE TO ANNOTATOR: check this]"),
            "a note to who checks it",
        ),
        (format!("{ANSWER} TODO: ask the team."), "holds `TODO: ask the team.`"),
        (format!("{ANSWER}\n\nRating: 4/5"), "its points, `Rating: 4/5`"),
        (
            format!("{ANSWER}\n\n{{\"score\": 8, \"reason\": \"Good.\"}}"),
            "its points",
        ),
        (format!("{ANSWER}\n\n(Word count: 152)"), "its length"),
        (
            format!("{ANSWER}\n\nPage 3 of 12\n\nThey stay."),
            "the foot of a page, `Page 3 of 12`",
        ),
        (format!("{ANSWER} ||| {ANSWER}"), "joined columns"),
        (
            format!("{ANSWER}\n\nOn Tue Anna <a@x.org> wrote:\n> Why?"),
            "a mail below it",
        ),
        (
            format!("{ANSWER}\n\nShare this:\nRelated posts"),
            "stands on a web page",
        ),
        (format!("{ANSWER}[12][citation needed]"), "holds `[citation needed]`"),
        (
            format!("{ANSWER}\n\nShall I write more examples for the dataset?"),
            "the set it is made for",
        ),
        (
            format!("Here's a rewritten version of the answer:\n\n{ANSWER}"),
            "as a rewritten one",
        ),
        (
            "1: Salts\n2: come\n3: from\n4: the\n5: rocks".to_owned(),
            "begins with its number",
        ),
    ] {
        holds("text/left-over", &row(ASKED, &answer), message);
    }
    // Who asks for it gets it.
    let asked = row("Why is the sea salty? Write HTML.", &format!("<p>{ANSWER}</p>"));
    assert_eq!(said("text/left-over", &asked, 1000), []);
    let talk = row(
        "Make a talk.",
        "A: Why is the sea salty?\nB: Rivers carry salts into it.",
    );
    assert_eq!(said("text/left-over", &talk, 1000), []);
    let talk = row(
        "Make a talk.",
        "A: Why is the sea salty?\n\nB：Rivers carry salts into it.",
    );
    assert_eq!(said("text/left-over", &talk, 1000), []);
}

#[test]
fn what_was_left_in_a_prompt() {
    for (asked, message) in [
        ("User: Why is the sea salty?", "who asks, `User:`"),
        ("Question 3: Why is the sea salty?", "who asks, `Question 3:`"),
        ("Why is the sea salty?\nAnswer:", "an open cue, `Answer:`"),
        (
            "Why is the sea salty? <function ask at 0x7f2b8c1d3a60>",
            "a program printed",
        ),
        (
            "Why is the sea salty? [image: ./uploads/3891.jpg]",
            "an image that is not there",
        ),
        (
            "Generate 5 question-answer pairs about the following: why the sea is salty",
            "a data generator",
        ),
        ("12. Why is the sea as salty as it is?", "the number of a list, `12.`"),
    ] {
        holds("text/left-over", &row(asked, ANSWER), message);
    }
}

#[test]
fn texts_without_a_word() {
    for (answer, message) in [
        ("0.8731", "nothing but a number"),
        ("transfer_fee", "nothing but a name"),
        ("R", "nothing but one letter"),
        ("![](https://example.org/a.png)", "nothing but a picture"),
        ("=VLOOKUP(A2,Sheet2!A:C,3,FALSE)", "a formula of a spreadsheet"),
        ("👍", "nothing but an emoji"),
    ] {
        holds("text/bare-reference", &row(ASKED, answer), message);
    }
    for (asked, message) in [
        ("q_004512", "the prompt is nothing but an id"),
        ("?", "the prompt is nothing but a sign"),
        ("https://example.org/r/8xk2/", "the prompt is nothing but an address"),
    ] {
        holds("text/bare-reference", &row(asked, ANSWER), message);
    }
    assert_eq!(said("text/bare-reference", &row("How many are seven?", "7"), 1000), []);
    // One word is an answer.
    assert_eq!(said("text/bare-reference", &row(ASKED, "Yes"), 1000), []);
}

/// A conversation in Spanish, most words of which have no accent.
fn spanish(at: usize) -> String {
    row(
        &format!("¿Qué viene después de {at}?"),
        &format!(
            "Según la lección número {at}, la solución está también aquí: después viene otro más, según dirán así."
        ),
    )
}

#[test]
fn letters_unlike_those_of_others() {
    for (answer, message) in [
        (
            "vers carry salts from the rocks into it, and they stay.",
            "begins with a small letter",
        ),
        (
            "RIVERS CARRY SALTS FROM THE ROCKS INTO IT, AND THEY STAY.",
            "in capitals alone",
        ),
        ("Rivers carry ４ salts of １２ rocks into it.", "digits of full width"),
    ] {
        holds("text/letters-unlike", &row(ASKED, answer), message);
    }
    let bare = row(
        "¿Qué viene?",
        "Segun la leccion numero siete, la solucion esta tambien aqui: despues viene otro mas, segun diran asi.",
    );
    let found = said_among("text/letters-unlike", spanish, &bare, 1000);
    assert!(
        found.len() == 1 && found[0].1.contains("where 299 of 300 of about its length"),
        "{found:?}"
    );
    assert_eq!(said_among("text/letters-unlike", spanish, &bare, 60), []);
}

#[test]
fn a_user_who_says_the_same_again() {
    let turn = |role: &str, text: &str| format!(r#"{{"role": "{role}", "content": "{text}"}}"#);
    let talk = |again: &str| {
        let turns = [
            turn("user", "Enlarging it in the browser is enough."),
            turn("assistant", "Then let us do so there."),
            turn("user", again),
            turn("assistant", "First we save what is open, then we log out."),
        ];
        format!("{{\"messages\": [{}]}}\n", turns.join(", "))
    };
    let again = talk("Enlarging it in the browser is enough.");
    holds("text/said-twice", &again, "says the one before it again");
    assert_eq!(
        said("text/said-twice", &talk("And what comes then, if anything?"), 1000),
        []
    );
}

/// Alpaca's row with one instruction for all.
fn instructed(at: usize, answer: &str) -> String {
    let task = "You are the assistant of a bank. If the question is about something else, say that you cannot help.";
    let row = serde_json::json!({"instruction": task, "input": format!("What is the fee for {at}?"), "output": answer});
    format!("{row}\n")
}

#[test]
fn a_word_of_the_instruction_that_all_share_excuses_no_row() {
    let usual = |at: usize| instructed(at, &format!("The fee for {at} is half a percent of it."));
    let odd = instructed(7, "The fee is 1.\n\nQuestion: What is it for 9?\nAnswer: It is 2.");
    let found = said_among("text/runs-on", usual, &odd, 1000);
    assert!(found.len() == 1 && found[0].1.contains("`Question:`"), "{found:?}");
    let begun = instructed(7, "What is the fee for 7?\nThe fee is 1, as for all of them.");
    let found = said_among("leak/echo", usual, &begun, 1000);
    assert!(found.len() == 1 && found[0].1.contains("its question"), "{found:?}");
}

/// A prompt with its task, and an answer that is what stands behind the task.
fn corrected(at: usize, answer: &str) -> String {
    row(
        &format!("[FIX] Correct the grammar of this sentence: The {at} cats sleeps here."),
        answer,
    )
}

#[test]
fn a_task_is_not_said_again_where_texts_are_corrected() {
    let usual = |at: usize| corrected(at, &format!("The {at} cats sleep here."));
    let odd = corrected(
        50,
        "[FIX] Correct the grammar of this sentence: The 50 cats sleeps here.",
    );
    let found = said_among("leak/echo", usual, &odd, 1000);
    assert!(found.len() == 1 && found[0].0 == 51, "{found:?}");
}

#[test]
fn answers_that_take_their_question_up_are_a_way_to_answer() {
    let taken = row(ASKED, &format!("{ASKED}\n{ANSWER}"));
    assert_eq!(said("leak/echo", &taken, 1000).len(), 1);
    assert_eq!(said("leak/echo", &taken, 60), [], "five of three hundred");
}
