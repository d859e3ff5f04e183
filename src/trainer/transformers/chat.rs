//! `tokenizer.apply_chat_template(messages, …)`: the text, its tokens, and the assistant's mask.
//!
//! Source: `tokenization_utils_base.py` and `utils/chat_template_utils.py` of transformers 4.53 and 5.23.

use serde_json::{Map, Value as Json};

use crate::encode::kit::{Chat, Kit, Message};
use crate::encode::template::continuation;
use crate::encode::template::{Rendered, Template, Vars};
use crate::encode::tokenizer::{Detail, Generation};
use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};
use crate::trainer::failure::{key_error, raises, unsupported};
use crate::trainer::python::truthy;

use super::call::{Called, TextCall};

/// Arguments that are not the template's; what stands beside them is.
const OWN: [&str; 12] = [
    "chat_template",
    "add_generation_prompt",
    "continue_final_message",
    "documents",
    "padding",
    "truncation",
    "max_length",
    "return_tensors",
    "return_assistant_tokens_mask",
    "tokenizer_kwargs",
    "tools",
    "sanitize_control_tokens",
];

/// The arguments of a call, settled for a tokenizer.
pub struct ChatCall {
    /// `chat_template`: its source, and compiled.
    given: Option<(String, Template)>,
    add_generation_prompt: bool,
    /// The field of the last message that is continued.
    continued: Option<String>,
    documents: Option<Value<'static>>,
    /// Variables for the template.
    kwargs: Object<'static>,
    pub(super) mask: bool,
    pub(super) tokens: TextCall,
}

/// A conversation's text and tokens, in buffers that are used again.
#[derive(Default)]
pub struct Chatted {
    pub rendered: Rendered,
    pub called: Called,
    /// `assistant_masks`, if asked for.
    pub mask: Vec<bool>,
}

impl ChatCall {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// What the call would raise whatever the conversation, and arguments that are not reproduced.
    pub fn read(kit: &Kit, arguments: &Map<String, Json>) -> Result<Self, EncodeError> {
        let given = |name: &str| arguments.get(name).filter(|value| !value.is_null());
        let as_value = |name: &str| given(name).cloned().map(Value::from);
        let flag = |name: &str| truthy(as_value(name).as_ref());
        let v5 = kit.facts().generation == Generation::V5;
        if given("return_tensors").is_some() {
            return Err(unsupported("apply_chat_template(return_tensors=…)"));
        }
        if v5 && flag("sanitize_control_tokens") {
            return Err(unsupported("apply_chat_template(sanitize_control_tokens=True)"));
        }
        let mut call = Map::new();
        for name in ["padding", "truncation", "max_length"] {
            if let Some(value) = arguments.get(name) {
                call.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(more) = given("tokenizer_kwargs") {
            let more = more
                .as_object()
                .ok_or_else(|| raises("TypeError", "tokenizer_kwargs is no mapping"))?;
            for (name, value) in more {
                if call.contains_key(name) || name == "add_special_tokens" {
                    let message = format!("got multiple values for keyword argument '{name}'");
                    return Err(raises("TypeError", message));
                }
                call.insert(name.clone(), value.clone());
            }
        }
        let tokens = TextCall::read(kit, &call, false, &Json::Bool(false))?;
        let template = match given("chat_template") {
            None => None,
            Some(Json::String(given)) => {
                let source = kit.template_given(given).to_owned();
                let template = kit.compile(&source)?;
                Some((source, template))
            }
            Some(_) => return Err(unsupported("a chat_template that is no text")),
        };
        let continued = match given("continue_final_message") {
            Some(Json::String(field)) if v5 && !field.is_empty() => Some(field.clone()),
            _ if flag("continue_final_message") => Some("content".to_owned()),
            _ => None,
        };
        let (add_generation_prompt, mask) = (flag("add_generation_prompt"), flag("return_assistant_tokens_mask"));
        let mut kwargs = Object::new();
        for (name, value) in arguments {
            if !OWN.contains(&name.as_str()) || !v5 && name == "sanitize_control_tokens" {
                kwargs.insert(name.clone().into(), Value::from(value.clone()));
            }
        }
        Ok(Self {
            given: template,
            add_generation_prompt,
            continued,
            documents: as_value("documents"),
            kwargs,
            mask,
            tokens,
        })
    }

    /// The text alone (`tokenize=False`).
    ///
    /// # Errors
    ///
    /// What transformers raises for this conversation.
    pub fn render(&self, kit: &Kit, row: &Value<'_>, out: &mut Rendered) -> Result<(), EncodeError> {
        let tools = row.get("tools").filter(|tools| !tools.is_null());
        let (source, template) = if let Some((source, template)) = &self.given {
            (source.as_str(), template)
        } else {
            let template = kit.template(tools.is_some())?;
            (kit.template_source(tools.is_some()).unwrap_or_default(), template)
        };
        let messages = match row.get("messages") {
            None => return Err(key_error("messages")),
            Some(Value::Array(messages)) => messages,
            Some(other) => {
                let message = format!("a conversation that is a {}", other.kind());
                return Err(raises("TypeError", message));
            }
        };
        let v5 = kit.facts().generation == Generation::V5;
        match messages.first() {
            None if v5 => {
                return Err(raises(
                    "ValueError",
                    "cannot apply a chat template to an empty conversation",
                ));
            }
            None => return Err(raises("IndexError", "list index out of range")),
            Some(Value::Array(_)) => return Err(unsupported("a batch of conversations in one row")),
            Some(_) => {}
        }
        if v5 && messages.iter().any(|message| message.as_object().is_none()) {
            return Err(raises("AttributeError", "a message has no attribute 'items'"));
        }
        if self.continued.is_some() && self.add_generation_prompt {
            return Err(raises(
                "ValueError",
                "continue_final_message and add_generation_prompt are not compatible",
            ));
        }
        if self.continued.is_some() && self.mask {
            return Err(raises(
                "ValueError",
                "continue_final_message is not compatible with return_assistant_tokens_mask",
            ));
        }
        check_tools(tools)?;
        check_documents(self.documents(row))?;
        self.finish(kit, row, (source, template), messages, out)
    }

    fn documents<'c>(&'c self, row: &'c Value<'c>) -> Option<&'c Value<'c>> {
        let own = row.get("documents").filter(|documents| !documents.is_null());
        own.or(self.documents.as_ref())
    }

    /// Renders what was found sound.
    fn finish(
        &self,
        kit: &Kit,
        row: &Value<'_>,
        (source, template): (&str, &Template),
        messages: &[Value<'_>],
        out: &mut Rendered,
    ) -> Result<(), EncodeError> {
        let v5 = kit.facts().generation == Generation::V5;
        let last = messages.last().expect("found not to be empty");
        let mut opened = None;
        if let (Some(field), true) = (&self.continued, v5) {
            opened = Some(continuation::mark(last, field, source).map_err(|error| Kit::template_failed(&error))?);
        }
        let mut given: Vec<Message<'_>> = messages.iter().map(Message::Raw).collect();
        if let Some((marked, _)) = &opened {
            given.pop();
            given.push(Message::Raw(marked));
        }
        let vars = Vars {
            tools: row.get("tools").filter(|tools| !tools.is_null()),
            documents: self.documents(row),
            add_generation_prompt: self.add_generation_prompt,
            kwargs: Some(&self.kwargs),
            ..Vars::new(&given)
        };
        kit.render_vars(template, vars, out)?;
        let cut = match (&self.continued, &opened) {
            (Some(_), Some((_, said))) => continuation::cut_at_mark(&mut out.text, said),
            (Some(_), None) => continuation::cut_after(&mut out.text, last),
            (None, _) => Ok(()),
        };
        cut.map_err(|error| Kit::template_failed(&error))
    }

    /// Text, tokens and mask (`tokenize=True, return_dict=True`).
    ///
    /// # Errors
    ///
    /// As [`Self::render`], and if the tokenizer fails.
    pub fn encode(&self, kit: &Kit, row: &Value<'_>, out: &mut Chatted) -> Result<(), EncodeError> {
        self.render(kit, row, &mut out.rendered)?;
        let detail = if self.mask { Detail::Offsets } else { Detail::Extents };
        self.tokens.encode(kit, &out.rendered.text, detail, &mut out.called)?;
        if self.mask {
            Chat::mask(&out.rendered, &out.called.tokens, &mut out.mask);
        }
        Ok(())
    }
}

/// Tools must be a list of objects.
fn check_tools(tools: Option<&Value<'_>>) -> Result<(), EncodeError> {
    let no_schema = || raises("ValueError", "tools should be JSON schemas or callable functions");
    match tools {
        None => Ok(()),
        Some(Value::Array(tools)) if tools.iter().all(|tool| tool.as_object().is_some()) => Ok(()),
        Some(Value::Array(_)) => Err(no_schema()),
        // Python goes through the letters of a text and the keys of a dict.
        Some(Value::Str(text)) if !text.is_empty() => Err(no_schema()),
        Some(Value::Object(object)) if !object.is_empty() => Err(no_schema()),
        Some(Value::Str(_) | Value::Object(_)) => Err(unsupported("tools that are an empty text or object")),
        Some(other) => Err(raises(
            "TypeError",
            format!("a {} of tools is not iterable", other.kind()),
        )),
    }
}

fn check_documents(documents: Option<&Value<'_>>) -> Result<(), EncodeError> {
    let wrong = || {
        raises(
            "TypeError",
            "documents should be a list of dicts with 'title' and 'text' keys",
        )
    };
    match documents {
        None => Ok(()),
        Some(Value::Array(list)) if list.iter().all(|document| document.as_object().is_some()) => Ok(()),
        Some(Value::Str(text)) if text.is_empty() => Ok(()),
        Some(Value::Object(object)) if object.is_empty() => Ok(()),
        Some(_) => Err(wrong()),
    }
}
