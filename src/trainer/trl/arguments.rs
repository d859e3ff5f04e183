//! What a row hands to `apply_chat_template` beside its messages.

use std::borrow::Cow;

use crate::encode::kit::{Conversation, Message};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;

use super::options::{raises, unsupported};
use super::row::Row;
use crate::trainer::python::type_name;

/// Parameters of `apply_chat_template` itself, which a row's `chat_template_kwargs` would set, or
/// set twice, rather than hand to the template (`tokenization_utils_base.py`).
const OWN: &[&str] = &[
    "add_generation_prompt",
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

const HEADER: &str = "add_generation_prompt";

/// `tools` and `chat_template_kwargs`, read once for all renders of a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments<'r> {
    pub(super) tools: Option<Cow<'r, Value<'r>>>,
    pub(super) kwargs: Option<&'r Value<'r>>,
    /// `add_generation_prompt` among the kwargs.
    header: Option<bool>,
}

/// What `render_jinja_template` makes of tools before the template sees them (transformers 4.46 to 5.23,
/// `utils/chat_template_utils.py`): each thing in them must be a dict, and in a text it is a letter.
fn check_tools(tools: &Value<'_>) -> Result<(), EncodeError> {
    let fine = match tools {
        Value::Null => true,
        Value::Array(tools) => tools.iter().all(|tool| tool.as_object().is_some()),
        Value::Object(keys) => keys.is_empty(),
        Value::Str(text) => text.is_empty(),
        other => {
            let kind = type_name(other);
            return Err(raises("TypeError", format!("'{kind}' object is not iterable")));
        }
    };
    if fine {
        return Ok(());
    }
    let message = "Tools should either be a JSON schema, or a callable function with type hints and a docstring suitable \
                   for auto-conversion to a schema.";
    Err(raises("ValueError", message))
}

impl<'r> Arguments<'r> {
    /// The row's columns of these names. A string of tools is JSON from 0.29 on.
    ///
    /// # Errors
    ///
    /// What TRL raises, or keys that are parameters of `apply_chat_template`.
    pub(super) fn of(row: Row<'r>, tools_as_json: bool) -> Result<Self, EncodeError> {
        Ok(Self {
            tools: Self::tools(row, tools_as_json)?,
            ..Self::kwargs(row)?
        })
    }

    /// The same for a conversation that is rendered whole, where the kwargs may ask for the header of
    /// one more answer. (Prompts are rendered with `add_generation_prompt` already.)
    ///
    /// # Errors
    ///
    /// As [`Self::of`].
    pub(super) fn of_whole(row: Row<'r>, tools_as_json: bool) -> Result<Self, EncodeError> {
        Ok(Self {
            tools: Self::tools(row, tools_as_json)?,
            ..Self::read(row, true)?
        })
    }

    /// The row's `chat_template_kwargs` alone.
    pub(super) fn kwargs(row: Row<'r>) -> Result<Self, EncodeError> {
        Self::read(row, false)
    }

    fn read(row: Row<'r>, may_ask_header: bool) -> Result<Self, EncodeError> {
        if !row.has("chat_template_kwargs") {
            return Ok(Self::default());
        }
        let kwargs = row.get("chat_template_kwargs")?;
        let Some(given) = kwargs.as_object() else {
            let kind = type_name(kwargs);
            return Err(raises(
                "TypeError",
                format!("argument after ** must be a mapping, not {kind}"),
            ));
        };
        let header = given.get(HEADER).and_then(Value::as_bool).filter(|_| may_ask_header);
        if let Some(key) = given
            .keys()
            .find(|key| OWN.contains(key) && !(*key == HEADER && header.is_some()))
        {
            return Err(unsupported(format!(
                "`{key}` in chat_template_kwargs, which is a parameter of apply_chat_template"
            )));
        }
        Ok(Self {
            tools: None,
            kwargs: Some(kwargs),
            header,
        })
    }

    fn tools(row: Row<'r>, as_json: bool) -> Result<Option<Cow<'r, Value<'r>>>, EncodeError> {
        if !row.has("tools") {
            return Ok(None);
        }
        let tools = match row.get("tools")? {
            Value::Str(json) if as_json => {
                Cow::Owned(Value::from_json(json).map_err(|error| raises("JSONDecodeError", error))?)
            }
            tools => Cow::Borrowed(tools),
        };
        check_tools(&tools)?;
        Ok(Some(tools).filter(|tools| !tools.is_null()))
    }

    /// The conversation of these messages.
    pub(super) fn with<'c>(&'c self, messages: &'c [Message<'c>], add_generation_prompt: bool) -> Conversation<'c> {
        Conversation {
            messages,
            tools: self.tools.as_deref(),
            kwargs: self.kwargs,
            add_generation_prompt: self.header.unwrap_or(add_generation_prompt),
        }
    }
}
