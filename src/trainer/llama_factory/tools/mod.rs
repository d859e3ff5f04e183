//! How tools are described to the model, and how its calls of them are written.
//!
//! Source: `data/tool_utils.py` (0.9.5). One format to a file; the texts around the description
//! stand in `tools.toml`.

mod default;
mod gemma4;
mod glm4;
mod lfm2;
mod llama3;
mod minimax;
mod mistral;
mod qwen;
mod tagged;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::encoded::EncodeError;
use crate::model::value::Value;

use super::python;
use super::raise::{raise, type_error};

/// A tool format.
pub(super) struct Format {
    pub name: &'static str,
    /// The system prompt's description of the tools.
    describe: fn(&Description<'_>) -> Result<String, EncodeError>,
    /// The answer that calls tools.
    call: fn(&[Call<'_>]) -> Result<String, EncodeError>,
}

/// Every format, by name.
const FORMATS: &[Format] = &[
    Format {
        name: "default",
        describe: default::describe,
        call: default::call,
    },
    Format {
        name: "gemma4",
        describe: gemma4::describe,
        call: gemma4::call,
    },
    Format {
        name: "glm4",
        describe: glm4::describe,
        call: glm4::call,
    },
    Format {
        name: "glm4_moe",
        describe: qwen::describe,
        call: tagged::call_glm4_moe,
    },
    Format {
        name: "lfm2",
        describe: lfm2::describe,
        call: lfm2::call,
    },
    Format {
        name: "ling",
        describe: qwen::describe_ling,
        call: qwen::call,
    },
    Format {
        name: "llama3",
        describe: llama3::describe,
        call: llama3::call,
    },
    Format {
        name: "minimax1",
        describe: minimax::describe,
        call: minimax::call,
    },
    Format {
        name: "minimax2",
        describe: minimax::describe_tagged,
        call: tagged::call_minimax2,
    },
    Format {
        name: "mistral",
        describe: mistral::describe,
        call: mistral::call,
    },
    Format {
        name: "qwen",
        describe: qwen::describe,
        call: qwen::call,
    },
    Format {
        name: "qwen3_5",
        describe: qwen::describe_bare,
        call: tagged::call_qwen3_5,
    },
    Format {
        name: "seed_oss",
        describe: tagged::describe_seed_oss,
        call: tagged::call_seed_oss,
    },
];

/// The format of that name.
pub(super) fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

impl Format {
    /// The description of the tools, given as JSON; empty where there are none.
    pub(super) fn describe(&self, json: &str, today: &str) -> Result<String, EncodeError> {
        let Some(tools) = python::loads(json)? else {
            let message = format!("Invalid JSON format in tool description: {json}.");
            return Err(raise("RuntimeError", message));
        };
        let empty = match &tools {
            Value::Array(tools) => tools.is_empty(),
            Value::Object(tools) => tools.is_empty(),
            Value::Str(tools) => tools.is_empty(),
            other => {
                let message = format!("object of type '{}' has no len()", python::class(other));
                return Err(type_error(message));
            }
        };
        if empty {
            return Ok(String::new());
        }
        (self.describe)(&Description {
            tools: &tools,
            prompt: PROMPTS.get(self.name).map_or("{tool_text}", String::as_str),
            today,
        })
    }

    /// The answer that makes the calls.
    pub(super) fn call(&self, calls: &[Call<'_>]) -> Result<String, EncodeError> {
        (self.call)(calls)
    }
}

/// The texts around the descriptions, by format.
static PROMPTS: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("tools.toml")).expect("the table of prompts is well-formed"));

/// What a description is made of.
struct Description<'d> {
    /// Not empty.
    tools: &'d Value<'d>,
    /// The text around it, with `{tool_text}` where it goes.
    prompt: &'static str,
    /// The day, `26 Jul 2024`.
    today: &'d str,
}

impl<'d> Description<'d> {
    /// The tools; what is no list of them has nothing to get from.
    fn tools(&self) -> Result<&'d [Value<'d>], EncodeError> {
        self.tools
            .as_array()
            .ok_or_else(|| raise("AttributeError", "'str' object has no attribute 'get'"))
    }

    fn around(&self, text: &str) -> String {
        self.prompt.replacen("{tool_text}", text, 1)
    }
}

/// Whether a tool is wrapped as `{"type": "function", "function": …}`.
fn is_wrapped(tool: &Value<'_>) -> Result<bool, EncodeError> {
    let kind = python::dict(tool, "get")?.get("type");
    Ok(kind.and_then(Value::as_str) == Some("function"))
}

/// What stands for a wrapped tool without a function: `tool.get("function", "")`.
static NO_FUNCTION: Value<'static> = Value::Str(std::borrow::Cow::Borrowed(""));

/// The function inside a tool, or the tool, if it is not wrapped; an empty text where nothing is
/// wrapped.
fn unwrapped<'t>(tool: &'t Value<'t>) -> Result<&'t Value<'t>, EncodeError> {
    Ok(if is_wrapped(tool)? {
        tool.get("function").unwrap_or(&NO_FUNCTION)
    } else {
        tool
    })
}

/// As [`unwrapped`], but where nothing is wrapped, the tool.
fn unwrapped_or_whole<'t>(tool: &'t Value<'t>) -> Result<&'t Value<'t>, EncodeError> {
    Ok(if is_wrapped(tool)? {
        tool.get("function").unwrap_or(tool)
    } else {
        tool
    })
}

/// Appends the JSON of a tool, wrapped if it is not.
fn dump_wrapped(tool: &Value<'_>, out: &mut String) -> Result<(), EncodeError> {
    if is_wrapped(tool)? {
        out.push_str(&python::dumps(tool));
    } else {
        out.push_str("{\"type\": \"function\", \"function\": ");
        out.push_str(&python::dumps(tool));
        out.push('}');
    }
    Ok(())
}

/// A call of a tool.
#[derive(Clone, Copy)]
pub(super) struct Call<'c> {
    pub name: &'c Value<'c>,
    pub arguments: &'c Value<'c>,
}

impl<'c> Call<'c> {
    /// The calls of an answer, given as JSON: one, or a list of them.
    pub(super) fn read(calls: &'c Value<'c>) -> Result<Vec<Self>, EncodeError> {
        let list = match calls {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        list.iter()
            .map(|call| {
                Ok(Self {
                    name: python::item(call, "name")?,
                    arguments: python::item(call, "arguments")?,
                })
            })
            .collect()
    }

    /// The name as an f-string puts it in.
    fn name(&self) -> String {
        let mut out = String::new();
        python::str(self.name, &mut out);
        out
    }

    /// `{"name": …, "arguments": …}`, with the arguments under the key given.
    fn json(&self, arguments: &str) -> String {
        let (name, value) = (python::dumps(self.name), python::dumps(self.arguments));
        format!("{{\"name\": {name}, \"{arguments}\": {value}}}")
    }

    /// The arguments, each with its name.
    fn items(&self) -> Result<impl Iterator<Item = (&'c str, &'c Value<'c>)>, EncodeError> {
        Ok(python::dict(self.arguments, "items")?.iter())
    }
}

/// A text as it is, and anything else as JSON.
fn plain_or_json(value: &Value<'_>) -> String {
    value.as_str().map_or_else(|| python::dumps(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_in_order_and_each_prompt_is_of_one() {
        let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(names.len(), 13);
        for (name, prompt) in PROMPTS.iter() {
            assert!(find(name).is_some(), "{name}");
            assert_eq!(prompt.matches("{tool_text}").count(), 1, "{name}");
        }
    }
}
