//! `conversations` of human and gpt, who take turns.

use super::{Aligned, Given, Message, Row, divide, is_tag, key, role_of, wrong_count};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::llama_factory::python;

pub(super) fn align(row: Row<'_>) -> Result<Aligned<'_>, EncodeError> {
    let columns = &row.attr().columns;
    let tags = &row.attr().tags;
    let (messages, (system, system_origin)) = row.messages(|row| row.text(columns.system.as_ref()))?;
    let accepted = [
        [&tags.user_tag, &tags.observation_tag],
        [&tags.assistant_tag, &tags.function_tag],
    ];
    let mut turns = Vec::with_capacity(messages.items.len());
    let mut broken = None;
    for (at, (origin, message)) in messages.iter().enumerate() {
        let role = key(message, &tags.role_tag)?;
        let meant = role_of(row, role).filter(|_| accepted[at % 2].iter().any(|tag| is_tag(role, tag.as_ref())));
        let Some(role) = meant else {
            broken = Some(out_of_turn(at, role));
            break;
        };
        turns.push(Message {
            role,
            content: Given::from(key(message, &tags.content_tag)?),
            origin,
        });
    }
    broken = broken.or_else(|| wrong_count(row, turns.len()));
    let (prompt, response) = match broken {
        Some(_) => Default::default(),
        None => divide(row, turns)?,
    };
    Ok(Aligned {
        prompt,
        response,
        system,
        system_origin,
        tools: row.text(columns.tools.as_ref())?,
        media: false,
        broken,
    })
}

/// Why a message stands where another role's should.
pub(super) fn out_of_turn(at: usize, role: &Value<'_>) -> String {
    let expected = if at.is_multiple_of(2) {
        "a question"
    } else {
        "an answer"
    };
    format!(
        "message {at} after the system prompt is {expected}'s, and its role is {}",
        python::dumps(role)
    )
}
