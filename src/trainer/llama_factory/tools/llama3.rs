//! `llama3`: JSON of each tool under the day's date, and a call as JSON with `parameters`.

use std::borrow::Cow;

use super::{Call, Description, is_wrapped};
use crate::json;
use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        let layout = json::Layout::Indent(4);
        if is_wrapped(tool)? {
            json::write(tool, layout, &mut out);
        } else {
            let mut wrapped = Object::new();
            wrapped.push("type".into(), Value::Str(Cow::Borrowed("function")));
            wrapped.push("function".into(), tool.clone());
            json::write(&Value::Object(wrapped), layout, &mut out);
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
