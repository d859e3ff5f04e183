//! Prompt templates: tags around messages, each tokenised by itself (`data/_prompt_templates.py`,
//! `models/llama2/_prompt_template.py`, `models/mistral/_prompt_template.py`).

use serde_json::Value as Json;

use crate::model::encoded::EncodeError;
use crate::trainer::failure::{key_error, raises, unsupported};

use super::message::{Item, Message};

/// A prompt template.
#[derive(Clone, Debug)]
pub(super) enum Template {
    /// Tags by role; other roles have none.
    Tags(Vec<(String, String, String)>),
    ChatMl,
    Llama2,
    Mistral,
}

/// `<|im_start|>role\n` and `<|im_end|>\n`.
const CHATML: &[(&str, &str, &str)] = &[
    ("system", "<|im_start|>system\n", "<|im_end|>\n"),
    ("user", "<|im_start|>user\n", "<|im_end|>\n"),
    ("assistant", "<|im_start|>assistant\n", "<|im_end|>\n"),
    ("ipython", "", ""),
];

impl Template {
    /// # Errors
    ///
    /// For a class that is not torchtune's own.
    pub(super) fn new(given: &Json) -> Result<Option<Self>, EncodeError> {
        let tags = |before: &str, after: &str| {
            Some(Self::Tags(vec![(
                "user".to_owned(),
                before.to_owned(),
                after.to_owned(),
            )]))
        };
        Ok(match given {
            Json::Null => None,
            Json::Object(map) => {
                let mut tags = Vec::new();
                for (role, pair) in map {
                    let pair: Option<Vec<&str>> =
                        pair.as_array().and_then(|pair| pair.iter().map(Json::as_str).collect());
                    let Some([before, after]) = pair.as_deref() else {
                        return Err(unsupported(format!("prompt_template.{role}, which is not two strings")));
                    };
                    tags.push((role.clone(), (*before).to_owned(), (*after).to_owned()));
                }
                Some(Self::Tags(tags))
            }
            Json::String(path) => match path.as_str() {
                "torchtune.data.ChatMLTemplate" => Some(Self::ChatMl),
                "torchtune.data.GrammarErrorCorrectionTemplate" => {
                    tags("Correct this to standard English: ", "\n---\nCorrected: ")
                }
                "torchtune.data.SummarizeTemplate" => tags("Summarize this dialogue:\n", "\n---\nSummary:\n"),
                "torchtune.data.QuestionAnswerTemplate" => tags("Question: ", "\n\nAnswer: "),
                "torchtune.models.llama2.Llama2ChatTemplate" => Some(Self::Llama2),
                "torchtune.models.mistral.MistralChatTemplate" => Some(Self::Mistral),
                other => return Err(unsupported(format!("prompt_template {other}"))),
            },
            _ => {
                return Err(raises(
                    "ValueError",
                    "Prompt template must be a dotpath string or dictionary with custom template",
                ));
            }
        })
    }

    /// The messages with their tags.
    pub(super) fn apply<'m>(&'m self, messages: Vec<Message<'m>>) -> Result<Vec<Message<'m>>, EncodeError> {
        let count = messages.len();
        match self {
            Self::Tags(tags) => Ok(messages
                .into_iter()
                .map(|message| match tags.iter().find(|(role, ..)| *role == message.role) {
                    Some((_, before, after)) => wrapped(message, before, after),
                    None => message,
                })
                .collect()),
            Self::ChatMl => {
                let wrap = |(index, message): (usize, Message<'m>)| {
                    let tags = CHATML.iter().find(|(role, ..)| *role == message.role);
                    let (_, before, after) = tags.ok_or_else(|| key_error(&message.role))?;
                    let is_empty = message.items.iter().all(|item| item.text.is_empty());
                    let open = message.role == "assistant" && index == count - 1 && is_empty;
                    Ok(wrapped(message, before, if open { "" } else { after }))
                };
                messages.into_iter().enumerate().map(wrap).collect()
            }
            Self::Llama2 => llama2(messages),
            Self::Mistral => {
                let wrap = |message: Message<'m>| match &*message.role {
                    "system" => Err(raises(
                        "ValueError",
                        "System prompts are not supported in MistralChatTemplate",
                    )),
                    "user" => Ok(wrapped(message, "[INST] ", " [/INST] ")),
                    // Tags that are empty are pieces all the same.
                    "assistant" | "ipython" => Ok(surrounded(message, "", "")),
                    role => Err(key_error(role)),
                };
                messages.into_iter().map(wrap).collect()
            }
        }
    }
}

/// Tags as pieces of their own, where they are not empty.
fn wrapped<'m>(mut message: Message<'m>, before: &'m str, after: &'m str) -> Message<'m> {
    if !before.is_empty() {
        message.items.insert(0, Item::tag(before));
    }
    if !after.is_empty() {
        message.items.push(Item::tag(after));
    }
    message
}

/// Tags as pieces of their own, be they empty.
fn surrounded<'m>(mut message: Message<'m>, before: &'m str, after: &'m str) -> Message<'m> {
    message.items.insert(0, Item::tag(before));
    message.items.push(Item::tag(after));
    message
}

/// The system goes into every user message; a message of another role repeats what was said last.
fn llama2(messages: Vec<Message<'_>>) -> Result<Vec<Message<'_>>, EncodeError> {
    let mut system: Vec<Item<'_>> = Vec::new();
    let mut last: Option<Vec<Item<'_>>> = None;
    let mut out = Vec::with_capacity(messages.len());
    for message in messages {
        match &*message.role {
            "system" => {
                system = surrounded(message, "<<SYS>>\n", "\n<</SYS>>\n\n").items;
                continue;
            }
            "user" => {
                let mut items = vec![Item::tag("[INST] ")];
                items.extend(system.iter().cloned());
                items.extend(message.items);
                items.push(Item::tag(" [/INST] "));
                last = Some(items);
            }
            "assistant" => last = Some(message.items),
            _ => {}
        }
        let items = last.clone().ok_or_else(|| {
            raises(
                "UnboundLocalError",
                "cannot access local variable 'content' where it is not associated with a value",
            )
        })?;
        out.push(Message { items, ..message });
    }
    Ok(out)
}
