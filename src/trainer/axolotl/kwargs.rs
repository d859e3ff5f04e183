//! `chat_template_kwargs`, and which of them the template gets.

use crate::model::encoded::EncodeError;
use crate::model::value::Object;
use crate::trainer::failure::unsupported;
use crate::trainer::python::from_json;

use super::options::Options;

/// Parameters of `apply_chat_template` that `chat_template_kwargs` would reach before the template.
const PARAMETERS: &[&str] = &[
    "chat_template",
    "continue_final_message",
    "conversation",
    "documents",
    "max_length",
    "padding",
    "return_assistant_tokens_mask",
    "return_dict",
    "return_tensors",
    "tokenize",
    "tokenizer_kwargs",
    "tools",
    "truncation",
];

/// `chat_template_kwargs`.
pub(super) fn of(options: &Options) -> Result<Object<'static>, EncodeError> {
    let mut kwargs = Object::new();
    for (name, value) in options.chat_template_kwargs.iter().flatten() {
        if PARAMETERS.contains(&name.as_str()) {
            return Err(unsupported(format!("chat_template_kwargs.{name}")));
        }
        kwargs.insert(name.clone().into(), from_json(value));
    }
    Ok(kwargs)
}
