//! What stands about answers: tags, quotation marks, cues, numbers and stop marks.

use super::kinds::{CUE, LINES, NUMBER, QUOTED, STAMP, STOP, TAG, THOUGHT};
use crate::model::example::{Example, Role};

/// Bytes of an answer that says something.
pub(super) const LEAST: usize = 24;

/// Cues that answers follow.
const CUES: &str = "answer:|**answer:**|**answer**:|a:|ans:|final answer:|the answer:|答案：|答案:|答：|回答：|回答:|回复：|respuesta:|\
    réponse :|réponse:|antwort:|ответ:|trả lời:|câu trả lời:|đáp án:|cevap:|yanıt:|resposta:|risposta:|답변:|답:|回答：|正解：|\
    jawaban:|odpowiedź:|उत्तर:|الجواب:|الإجابة:";
/// Tells of what stands about an answer.
pub(in super::super) fn each(example: &Example<'_>, text: &str, found: &mut dyn FnMut(u8, &str)) {
    let Some(first) = text.as_bytes().first() else { return };
    let begins = match first {
        b'<' => tag(text).map(|tag| (TAG, tag)),
        b'"' => is_quoted(text).then_some((QUOTED, text)),
        b'[' => head_of_message(text).map(|head| (STAMP, head)),
        b'T' | b'R' => thought_for(text).map(|line| (THOUGHT, line)),
        b'1' if has_line_numbers(text) => Some((LINES, text)),
        b'0'..=b'9' => number(text)
            .filter(|number| !is_chosen(example, number))
            .map(|number| (NUMBER, number)),
        _ => None,
    };
    let marks = [
        begins,
        cue(text).map(|cue| (CUE, cue)),
        stop(text).map(|mark| (STOP, mark)),
    ];
    for (kind, mark) in marks.into_iter().flatten() {
        found(kind, mark);
    }
}

/// The tag that an answer begins with, if it is closed in it.
fn tag(text: &str) -> Option<&str> {
    const LONGEST: usize = 24;
    let end = text[..text.floor_char_boundary(LONGEST)].find('>')?;
    let name = &text[1..end];
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    let known = matches!(name, "think" | "thinking" | "thought" | "reasoning");
    let closed = || text.len() > LEAST && text.ends_with(&format!("</{name}>"));
    (is_name && !known && closed()).then(|| &text[..=end])
}

/// Whether a whole answer of some words stands in quotation marks, with none inside that do not stand twice.
fn is_quoted(text: &str) -> bool {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|inner| !inner.starts_with('"'));
    inner.is_some_and(|inner| {
        inner.len() >= 2 * LEAST
            && inner.contains(' ')
            && !inner.replace("\"\"", "").contains('"')
            && !inner.contains("\":")
    })
}

/// `[2023-05-02 12:34:08] Agent:`.
fn head_of_message(text: &str) -> Option<&str> {
    const LONGEST: usize = 40;
    let near = &text[..text.floor_char_boundary(LONGEST + LONGEST)];
    let end = near.find(']').filter(|end| *end <= LONGEST)?;
    let stamp = &near[1..end];
    let of_stamps =
        |c: char| c.is_ascii_digit() || matches!(c, ':' | '-' | '/' | '.' | ' ' | ',' | 'T' | 'Z' | 'A' | 'P' | 'M');
    let signs = stamp.bytes().filter(|byte| matches!(byte, b':' | b'-' | b'/')).count();
    let name = near[end + 1..].split_once(": ")?.0;
    let named = (2..=24).contains(&name.len()) && name.starts_with(' ') && !name.contains('\n');
    // With a comma it is `text/boilerplate`'s.
    let known = stamp.contains(", ");
    (stamp.chars().all(of_stamps) && !known && signs >= 3 && named).then(|| &text[..end + 2 + name.len()])
}

/// `Thought for 12 seconds`, on a line of its own.
fn thought_for(text: &str) -> Option<&str> {
    let (line, _) = text.split_once('\n')?;
    let time = line
        .strip_prefix("Thought for ")
        .or_else(|| line.strip_prefix("Reasoned for "))?;
    let ends = ["second", "seconds", "minute", "minutes", "s"]
        .iter()
        .any(|unit| time.ends_with(unit));
    (ends && time.len() <= 24).then_some(line)
}

/// The number of an item with which a text begins that has no next one: not the first, and none of a decimal.
pub(super) fn number(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    let number: u32 = text[..digits]
        .parse()
        .ok()
        .filter(|number| (2..1000).contains(number))?;
    let said = rest.strip_prefix(['.', ')'])?.strip_prefix(' ')?;
    let next = [format!("\n{}.", number + 1), format!("\n{})", number + 1)];
    (said.len() >= LEAST && said.starts_with(char::is_uppercase) && !next.iter().any(|next| text.contains(next)))
        .then(|| &text[..=digits])
}

/// Whether a number is that of an item of what is asked.
fn is_chosen(example: &Example<'_>, number: &str) -> bool {
    let mut asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    asked.any(|turn| turn.text.contains(number))
}

/// Whether each of several lines begins with its number, `1: `.
fn has_line_numbers(text: &str) -> bool {
    const LINES: usize = 5;
    let numbered = |(at, line): (usize, &str)| {
        let number = format!("{}:", at + 1);
        line.trim_start()
            .strip_prefix(&number)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    };
    text.starts_with("1:") && text.lines().nth(LINES - 1).is_some() && text.lines().enumerate().all(numbered)
}

/// The cue that an answer begins with.
pub(super) fn cue(text: &str) -> Option<&str> {
    const LONGEST: usize = 32;
    let near = &text[..text.floor_char_boundary(LONGEST)];
    let at = near.find([':', '：'])?;
    let colon = near[at..].chars().next()?.len_utf8();
    let bold = if near[at + colon..].starts_with("**") && near.starts_with("**") {
        2
    } else {
        0
    };
    let end = at + colon + bold;
    let start = near[..end].to_lowercase();
    // Of a talk between A and B it is a name.
    let known = CUES.split('|').any(|cue| cue == start)
        && !(start == "a:" && ["\nB:", "\nB："].iter().any(|other| text.contains(other)));
    (known && text.len() > end).then(|| &text[..end])
}

/// The mark of an end that a text ends with: `<END>`, `[END]`, `###END###`.
fn stop(text: &str) -> Option<&str> {
    // Those of tokenizers are `template/special-token-in-text`'s.
    const MARKS: [&str; 8] = [
        "<END>",
        "[END]",
        "<STOP>",
        "[STOP]",
        "<end>",
        "###END###",
        "\nEND",
        "### END",
    ];
    MARKS
        .iter()
        .find(|mark| text.ends_with(**mark))
        .map(|mark| text[text.len() - mark.len()..].trim())
}
