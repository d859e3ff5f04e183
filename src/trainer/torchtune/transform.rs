//! Rows to messages (`data/_messages.py`).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::model::encoded::EncodeError;
use crate::model::example::Example;
use crate::model::value::Value;
use crate::trainer::failure::{key_error, raises, unsupported};
use crate::trainer::parts::Speakers;
use crate::trainer::python::{text, truthy, type_name};
use crate::trainer::row::Row;

use super::message::{Item, Message};

/// A message transform with its arguments.
#[derive(Clone, Debug)]
pub struct Transform {
    kind: Kind,
    train_on_input: bool,
    new_system_prompt: Option<String>,
    /// Column of each field, in the order of [`Kind::fields`].
    columns: Vec<String>,
    image: Option<String>,
}

/// Which class it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    OpenAi,
    ShareGpt,
    InputOutput,
    Alpaca,
}

const ALPACA: [&str; 3] = [
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\n",
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n",
    "\n\n### Response:\n",
];
const ALPACA_INPUT: &str = "\n\n### Input:\n";

impl Kind {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["messages"],
            Self::ShareGpt => &["conversations"],
            Self::InputOutput => &["input", "output"],
            Self::Alpaca => &["instruction", "input", "output"],
        }
    }
}

impl Transform {
    /// `train_on_input` is true for Alpaca where it is not given, and false for the others.
    ///
    /// # Errors
    ///
    /// If `column_map` lacks a field it must have, or there is no such argument.
    pub fn new(
        kind: Kind,
        train_on_input: Option<bool>,
        new_system_prompt: Option<String>,
        column_map: Option<&Map<String, Json>>,
    ) -> Result<Self, EncodeError> {
        if kind == Kind::Alpaca && new_system_prompt.is_some() {
            return Err(raises(
                "TypeError",
                "AlpacaToMessages.__init__() got an unexpected keyword argument 'new_system_prompt'",
            ));
        }
        // The chat transforms take an empty map for none; this one does not.
        let column_map = column_map.filter(|map| kind == Kind::InputOutput || !map.is_empty());
        let name = |field: &str| column_map.and_then(|map| map.get(field)?.as_str().map(str::to_owned));
        let mut columns = Vec::new();
        for field in kind.fields() {
            match name(field) {
                Some(column) => columns.push(column),
                None if column_map.is_none() || kind == Kind::Alpaca => columns.push((*field).to_owned()),
                None => {
                    let keys = column_map
                        .into_iter()
                        .flat_map(Map::keys)
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(", ");
                    return Err(raises(
                        "ValueError",
                        format!("Expected a key of '{field}' in column_map but found {keys}."),
                    ));
                }
            }
        }
        Ok(Self {
            train_on_input: train_on_input.unwrap_or(kind == Kind::Alpaca),
            new_system_prompt,
            image: match kind {
                Kind::InputOutput | Kind::ShareGpt => Some(name("image").unwrap_or_else(|| "image".to_owned())),
                Kind::OpenAi | Kind::Alpaca => None,
            },
            columns,
            kind,
        })
    }

    /// The row's messages.
    pub(super) fn messages<'m>(&'m self, row: Row<'m>, example: &Example<'_>) -> Result<Vec<Message<'m>>, EncodeError> {
        if let Some(image) = self.image.as_deref()
            && (row.get(image).is_some() || row.get("image").is_some())
        {
            return Err(unsupported("images"));
        }
        let mut messages = Vec::new();
        if let Some(prompt) = &self.new_system_prompt {
            messages.push(Message {
                role: "system".into(),
                items: vec![Item::tag(prompt)],
                masked: true,
            });
        }
        match self.kind {
            Kind::OpenAi => self.open_ai(row, example, &mut messages)?,
            Kind::ShareGpt => self.share_gpt(row, example, &mut messages)?,
            Kind::InputOutput => self.input_output(row, example, &mut messages)?,
            Kind::Alpaca => self.alpaca(row, example, &mut messages)?,
        }
        Ok(messages)
    }

    fn masks(&self, role: &str) -> bool {
        role != "assistant" && !self.train_on_input
    }

    fn list<'m>(&'m self, row: Row<'m>) -> Result<&'m [Value<'m>], EncodeError> {
        match row.get(&self.columns[0]).ok_or_else(|| key_error(&self.columns[0]))? {
            Value::Array(items) => Ok(items),
            other => Err(raises(
                "TypeError",
                format!("'{}' object is not a list of messages", type_name(other)),
            )),
        }
    }

    fn open_ai<'m>(
        &'m self,
        row: Row<'m>,
        example: &Example<'_>,
        messages: &mut Vec<Message<'m>>,
    ) -> Result<(), EncodeError> {
        // A content that is neither a text nor a list is that of the message before: the variable
        // is never reset.
        let mut content: Option<Vec<Item<'m>>> = None;
        for (index, message) in self.list(row)?.iter().enumerate() {
            let role = field(message, "role")?;
            let role = role
                .as_str()
                .ok_or_else(|| unsupported(format!("a role that is a {}", type_name(role))))?;
            if role == "system" && self.new_system_prompt.is_some() {
                continue;
            }
            let turn = turn_of(example, &self.columns[0], index);
            match field(message, "content")? {
                Value::Str(words) => content = Some(vec![Item::of_turn(words, turn)]),
                Value::Array(parts) => content = Some(open_ai_parts(parts, turn)?),
                _ => {}
            }
            let items = content.clone().ok_or_else(|| {
                raises(
                    "UnboundLocalError",
                    "cannot access local variable 'content' where it is not associated with a value",
                )
            })?;
            messages.push(Message {
                role: Cow::Borrowed(role),
                items,
                masked: self.masks(role),
            });
        }
        Ok(())
    }

    fn share_gpt<'m>(
        &'m self,
        row: Row<'m>,
        example: &Example<'_>,
        messages: &mut Vec<Message<'m>>,
    ) -> Result<(), EncodeError> {
        for (index, message) in self.list(row)?.iter().enumerate() {
            let from = field(message, "from")?;
            let role = match from.as_str() {
                Some("system") => "system",
                Some("human") => "user",
                Some("gpt") => "assistant",
                _ => return Err(key_error(&text(from)?)),
            };
            let value = field(message, "value")?;
            if role == "system" && self.new_system_prompt.is_some() {
                continue;
            }
            let items = own_content(value, turn_of(example, &self.columns[0], index))?;
            messages.push(Message {
                role: role.into(),
                items,
                masked: self.masks(role),
            });
        }
        Ok(())
    }

    fn input_output<'m>(
        &'m self,
        row: Row<'m>,
        example: &Example<'_>,
        messages: &mut Vec<Message<'m>>,
    ) -> Result<(), EncodeError> {
        let speakers = Speakers::of(example);
        let sides = [
            ("user", speakers.user, !self.train_on_input),
            ("assistant", speakers.answer, false),
        ];
        for (column, (role, turn, masked)) in self.columns.iter().zip(sides) {
            let value = row.get(column).ok_or_else(|| key_error(column))?;
            let items = vec![Item::of_turn(words(value)?, turn)];
            messages.push(Message {
                role: role.into(),
                items,
                masked,
            });
        }
        Ok(())
    }

    fn alpaca<'m>(
        &'m self,
        row: Row<'m>,
        example: &Example<'_>,
        messages: &mut Vec<Message<'m>>,
    ) -> Result<(), EncodeError> {
        let [instruction, input, output] = [0, 1, 2].map(|at| self.columns[at].as_str());
        let speakers = Speakers::of(example);
        let given = row.get(input).filter(|value| truthy(Some(value)));
        let instruction = text(row.get(instruction).ok_or_else(|| key_error(instruction))?)?;
        let mut prompt = String::from(ALPACA[usize::from(given.is_none())]);
        let mut marks = Vec::new();
        let mut add = |prompt: &mut String, words: &str| {
            let start = prompt.len();
            prompt.push_str(words);
            marks.extend(speakers.user.map(|turn| (start..prompt.len(), turn)));
        };
        add(&mut prompt, &instruction);
        if let Some(given) = given {
            prompt.push_str(ALPACA_INPUT);
            add(&mut prompt, &text(given)?);
        }
        prompt.push_str(ALPACA[2]);
        let items = vec![Item {
            text: prompt.into(),
            marks,
        }];
        messages.push(Message {
            role: "user".into(),
            items,
            masked: !self.train_on_input,
        });
        let answer = row.get(output).ok_or_else(|| key_error(output))?;
        let items = own_content(answer, speakers.answer)?;
        messages.push(Message {
            role: "assistant".into(),
            items,
            masked: false,
        });
        Ok(())
    }
}

fn field<'v>(message: &'v Value<'v>, key: &str) -> Result<&'v Value<'v>, EncodeError> {
    if message.as_object().is_none() {
        return Err(raises("TypeError", format!("a message is a {}", type_name(message))));
    }
    message.get(key).ok_or_else(|| key_error(key))
}

/// The content of a `Message`: a text, or a list of its own parts.
fn own_content<'m>(value: &'m Value<'m>, turn: Option<u16>) -> Result<Vec<Item<'m>>, EncodeError> {
    match value {
        Value::Str(words) => Ok(vec![Item::of_turn(words, turn)]),
        Value::Array(parts) => parts
            .iter()
            .map(|part| match field(part, "type")?.as_str() {
                Some("text") => Ok(Item::of_turn(words(field(part, "content")?)?, turn)),
                Some("image") => Err(unsupported("images")),
                kind => Err(raises(
                    "RuntimeError",
                    format!("Unsupported message content type: {}", kind.unwrap_or("None")),
                )),
            })
            .collect(),
        other => Err(raises(
            "AssertionError",
            format!(
                "content must be of type List[Dict[str, Any]], got a {}",
                type_name(other)
            ),
        )),
    }
}

/// `_convert_from_openai_content`: parts of unknown types go without a word.
fn open_ai_parts<'m>(parts: &'m [Value<'m>], turn: Option<u16>) -> Result<Vec<Item<'m>>, EncodeError> {
    let mut items = Vec::with_capacity(parts.len());
    for part in parts {
        match field(part, "type")?.as_str() {
            Some("text") => items.push(Item::of_turn(words(field(part, "text")?)?, turn)),
            Some("image_url") => return Err(unsupported("images")),
            _ => {}
        }
    }
    Ok(items)
}

/// A text to be tokenised; anything else fails in the tokenizer.
fn words<'m>(value: &'m Value<'m>) -> Result<&'m str, EncodeError> {
    value
        .as_str()
        .ok_or_else(|| raises("TypeError", format!("a text to tokenise is a {}", type_name(value))))
}

/// The example's turn that is a message of the list.
fn turn_of(example: &Example<'_>, column: &str, index: usize) -> Option<u16> {
    let is_it = |turn: &crate::model::example::Turn<'_>| turn.field == column && turn.index == Some(index);
    example
        .turns
        .iter()
        .position(is_it)
        .and_then(|at| u16::try_from(at).ok())
}
