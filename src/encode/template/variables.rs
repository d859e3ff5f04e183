//! What a template is given: the conversation and all that stands beside it.

use std::fmt;
use std::sync::Arc;

use minijinja::Value as Engine;
use minijinja::value::{Enumerator, Object as EngineObject};

use super::data;
use super::error::{PyClass, TemplateError};
use super::python::missed;
use super::spans::Progress;
use crate::model::value::{Object, Value};

/// One message of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// As it stands in the row.
    Raw(&'a Value<'a>),
    /// Made by a trainer from other columns.
    Said { role: &'a str, content: &'a str },
}

/// What is done to messages before a template sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// transformers 5 (`apply_chat_template` and `_alias_reasoning_fields`, 5.23): keys whose value
    /// is null are dropped, and a message's reasoning is found under each of the names for it. A
    /// message that is no object, and a conversation without messages, are refused.
    #[default]
    Transformers5,
    /// transformers 4: nothing.
    Transformers4,
    /// A template rendered by itself, without transformers: nothing, and what is not given is
    /// undefined, not `None`.
    Bare,
}

/// What one render is given.
#[derive(Clone, Copy, Debug)]
pub struct Vars<'a> {
    pub messages: &'a [Message<'a>],
    /// `None` is Python's `None`: a template finds `tools` defined, but none. An empty list is one.
    pub tools: Option<&'a Value<'a>>,
    pub documents: Option<&'a Value<'a>>,
    pub add_generation_prompt: bool,
    /// More variables, as a row's `chat_template_kwargs`; they come before special tokens and the
    /// run's own, and after the four above.
    pub kwargs: Option<&'a Object<'a>>,
    pub preparation: Preparation,
}

impl<'a> Vars<'a> {
    /// A conversation and nothing else.
    pub fn new(messages: &'a [Message<'a>]) -> Self {
        Self {
            messages,
            tools: None,
            documents: None,
            add_generation_prompt: false,
            kwargs: None,
            preparation: Preparation::default(),
        }
    }
}

/// The names a message's reasoning goes by; templates read the first, or the second.
pub(in crate::encode) const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// The variables, for the engine to look up.
pub(super) struct Variables {
    messages: Engine,
    tools: Option<Engine>,
    documents: Option<Engine>,
    add_generation_prompt: bool,
    kwargs: data::Entries,
    /// Whether `tools` and `documents` are there when they are not given.
    bare: bool,
    /// What is the same at every render.
    fixed: Arc<data::Entries>,
    /// Where a template with markers notes them.
    progress: Option<Arc<Progress>>,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the template's variables")
    }
}

impl Variables {
    pub(super) fn new(
        vars: &Vars<'_>,
        fixed: &Arc<data::Entries>,
        progress: Option<Arc<Progress>>,
    ) -> Result<Self, TemplateError> {
        if vars.messages.is_empty() && vars.preparation == Preparation::Transformers5 {
            return Err(TemplateError::python(
                PyClass::ValueError,
                "Cannot apply chat template to an empty conversation. Provide at least one message.",
            ));
        }
        let messages = vars.messages.iter().map(|message| prepared(message, vars.preparation));
        let kwargs = vars.kwargs.into_iter().flat_map(Object::iter);
        Ok(Self {
            messages: Engine::from(messages.collect::<Result<Vec<_>, _>>()?),
            tools: vars.tools.map(data::value).transpose()?,
            documents: vars.documents.map(data::value).transpose()?,
            add_generation_prompt: vars.add_generation_prompt,
            kwargs: kwargs
                .map(|(name, value)| Ok((Engine::from(name), data::value(value)?)))
                .collect::<Result<_, _>>()?,
            bare: vars.preparation == Preparation::Bare,
            fixed: Arc::clone(fixed),
            progress,
        })
    }
}

fn prepared(message: &Message<'_>, preparation: Preparation) -> Result<Engine, TemplateError> {
    let value = match *message {
        Message::Said { role, content } => {
            return Ok(data::dict(vec![
                ("role".into(), role.into()),
                ("content".into(), content.into()),
            ]));
        }
        Message::Raw(value) => value,
    };
    match (preparation, value) {
        (Preparation::Transformers4 | Preparation::Bare, value) => data::value(value),
        (Preparation::Transformers5, Value::Object(object)) => {
            let mut entries = data::entries_without_null(object)?;
            alias_reasoning(&mut entries);
            Ok(data::dict(entries))
        }
        (Preparation::Transformers5, other) => Err(TemplateError::python(
            PyClass::AttributeError,
            format!("a message is a {}, which has no attribute 'items'", other.kind()),
        )),
    }
}

/// `{"thinking": reasoning, **message, "reasoning_content": reasoning}`.
fn alias_reasoning(entries: &mut data::Entries) {
    let find = |entries: &data::Entries, name: &str| entries.iter().position(|(key, _)| key.as_str() == Some(name));
    let Some(reasoning) = REASONING
        .iter()
        .find_map(|name| find(entries, name))
        .map(|at| entries[at].1.clone())
    else {
        return;
    };
    // `thinking` comes first, and keeps its own value if it has one.
    let thinking = match find(entries, "thinking") {
        Some(at) => entries.remove(at),
        None => ("thinking".into(), reasoning.clone()),
    };
    entries.insert(0, thinking);
    match find(entries, "reasoning_content") {
        Some(at) => entries[at].1 = reasoning,
        None => entries.push(("reasoning_content".into(), reasoning)),
    }
}

impl EngineObject for Variables {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Engine> {
        let find = |entries: &data::Entries| {
            entries
                .iter()
                .find(|(key, _)| key.as_str() == Some(name))
                .map(|(_, value)| value.clone())
        };
        match name {
            "messages" => return Some(self.messages.clone()),
            "add_generation_prompt" => return Some(Engine::from(self.add_generation_prompt)),
            "tools" if self.tools.is_some() => return self.tools.clone(),
            "documents" if self.documents.is_some() => return self.documents.clone(),
            Progress::NAME => return self.progress.clone().map(Engine::from_dyn_object),
            _ => {}
        }
        let found = find(&self.kwargs).or_else(|| find(&self.fixed));
        if found.is_none() && !self.bare && matches!(name, "tools" | "documents") {
            return Some(Engine::from(()));
        }
        if found.is_none() {
            missed::variable(name);
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }
}

#[cfg(test)]
mod tests {
    use super::{alias_reasoning, data};

    fn aliased(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut entries: data::Entries = entries
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
        alias_reasoning(&mut entries);
        entries
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn reasoning_is_found_under_each_name() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            aliased(&[("role", "r"), ("reasoning", "why")]),
            [
                pair("thinking", "why"),
                pair("role", "r"),
                pair("reasoning", "why"),
                pair("reasoning_content", "why")
            ]
        );
        assert_eq!(
            aliased(&[("reasoning_content", "a"), ("thinking", "b")]),
            [pair("thinking", "b"), pair("reasoning_content", "a")]
        );
        assert_eq!(aliased(&[("role", "r")]), [pair("role", "r")]);
    }
}
