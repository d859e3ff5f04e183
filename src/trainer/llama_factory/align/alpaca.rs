//! `instruction`, `input`, `output`.

use std::borrow::Cow;

use super::{Aligned, Given, Message, Origin, Role, Row, in_order, named};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::llama_factory::python;
use crate::trainer::llama_factory::raise::{type_error, unsupported};

pub(super) fn align(row: Row<'_>) -> Result<Aligned<'_>, EncodeError> {
    let columns = &row.attr().columns;
    let mut prompt = Vec::new();
    if let Some(name) = &columns.history
        && let Some(pairs) = row.column(name)?.as_array()
    {
        for (at, pair) in pairs.iter().enumerate() {
            let Some([asked, answered]) = pair.as_array() else {
                return Err(unsupported("an element of the history that is not a pair"));
            };
            for (role, content) in [(Role::User, asked), (Role::Assistant, answered)] {
                prompt.push(Message {
                    role,
                    content: Given::from(content),
                    origin: Origin::Element(name, at),
                });
            }
        }
    }
    prompt.push(question(row)?);
    Ok(Aligned {
        prompt,
        response: response(row)?,
        system: row.text(columns.system.as_ref())?,
        system_origin: row.system_column(),
        tools: row.text(columns.tools.as_ref())?,
        ..Aligned::default()
    })
}

/// The instruction and, on the next line, the input.
fn question(row: Row<'_>) -> Result<Message<'_>, EncodeError> {
    let columns = &row.attr().columns;
    let mut content: Option<Cow<'_, str>> = None;
    let mut origin = Origin::Nowhere;
    for name in [&columns.prompt, &columns.query].into_iter().flatten() {
        let value = row.column(name)?;
        if !python::truth(value) {
            continue;
        }
        let Value::Str(text) = value else {
            return Err(type_error(format!(
                "expected str instance, {} found",
                python::class(value)
            )));
        };
        if let Some(before) = &mut content {
            let before = before.to_mut();
            before.push('\n');
            before.push_str(text);
        } else {
            content = Some(Cow::Borrowed(text));
            origin = Origin::Column(name);
        }
    }
    Ok(Message {
        role: Role::User,
        content: Given::Text(content.unwrap_or_default()),
        origin,
    })
}

fn response(row: Row<'_>) -> Result<Vec<Message<'_>>, EncodeError> {
    let columns = &row.attr().columns;
    if let Some(wanted) = row.wanted()? {
        let name = named(&columns.response)?;
        return Ok(in_order(wanted, answer(name, row.column(name)?)));
    }
    if let Some(answers) = row.ranked(|value| matches!(value, Value::Str(_)))? {
        return Ok(answers.map(|(name, value)| answer(name, value)).into());
    }
    Ok(match &columns.response {
        Some(name) => match row.column(name)? {
            value @ Value::Str(_) => vec![answer(name, value)],
            _ => Vec::new(),
        },
        None => Vec::new(),
    })
}

fn answer<'r>(name: &'r str, value: &'r Value<'r>) -> Message<'r> {
    Message {
        role: Role::Assistant,
        content: Given::from(value),
        origin: Origin::Column(name),
    }
}
