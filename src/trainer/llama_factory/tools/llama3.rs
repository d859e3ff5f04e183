//! `llama3`: JSON of each tool under the day's date, and a call as JSON with `parameters`.

use std::borrow::Cow;

use super::{Call, Description, is_wrapped};
use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};
use crate::trainer::llama_factory::python::dumps_indented;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        if is_wrapped(tool)? {
            out.push_str(&dumps_indented(tool)?);
        } else {
            let mut wrapped = Object::new();
            wrapped.push("type".into(), Value::Str(Cow::Borrowed("function")));
            wrapped.push("function".into(), tool.clone());
            out.push_str(&dumps_indented(&Value::Object(wrapped))?);
        }
        out.push_str("\n\n");
    }
    let prompt = description.prompt.replacen("{date}", description.today, 1);
    Ok(prompt.replacen("{tool_text}", &out, 1))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    Ok(match calls {
        [call] => call.json("parameters"),
        calls => {
            let calls: Vec<String> = calls.iter().map(|call| call.json("parameters")).collect();
            format!("[{}]", calls.join(", "))
        }
    })
}
