//! Answers that are an object with nothing but the text in it, where nobody asks for one.

use crate::model::example::{Example, Role};
use crate::model::value::Value;
use crate::rules::parts::spoken::Spoken;

/// Keys behind which an answer stands that was not taken out.
const KEYS: [&str; 11] = [
    "answer",
    "output",
    "response",
    "text",
    "content",
    "completion",
    "result",
    "reply",
    "message",
    "assistant",
    "final_answer",
];

/// Words of rows that ask for JSON.
static ASKED: Spoken = Spoken::of(
    "json|jason|dictionary|dict|object|key|field|api|schema|struct|format|xml|yaml|parse|serial|键|字段|格式|对象",
);

/// The key behind which the answer stands in its object.
pub(in super::super) fn key(answer: &Value<'_>, example: &Example<'_>) -> Option<&'static str> {
    let object = answer.as_object().filter(|object| object.len() == 1)?;
    let holds = |key: &&str| object.get(key).is_some_and(|held| held.as_str().is_some());
    let key = KEYS.into_iter().find(holds)?;
    let asks = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    (!ASKED.among(asks)).then_some(key)
}
