//! `lfm2`: a list of tools, and calls as Python writes them.

use super::{Call, Description, unwrapped_or_whole};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::llama_factory::python::dumps;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let tools: Vec<String> = description
        .tools()?
        .iter()
        .map(|tool| unwrapped_or_whole(tool).map(dumps))
        .collect::<Result<_, _>>()?;
    Ok(description.around(&format!("[{}]", tools.join(", "))))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let mut written = Vec::with_capacity(calls.len());
    for call in calls {
        let arguments: Vec<String> = call
            .items()?
            .map(|(key, value)| match value {
                Value::Str(text) => format!("{key}=\"{text}\""),
                other => format!("{key}={}", dumps(other)),
            })
            .collect();
        written.push(format!("{}({})", call.name(), arguments.join(", ")));
    }
    Ok(format!("<|tool_call_start|>[{}]<|tool_call_end|>", written.join(", ")))
}
