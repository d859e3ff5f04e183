//! `minimax1`: tools and calls on lines of JSON; `minimax2`: tools in tags.

use super::{Call, Description, unwrapped};
use crate::model::encoded::EncodeError;
use crate::trainer::llama_factory::python::dumps;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    lines(description, "", "\n")
}

pub(super) fn describe_tagged(description: &Description<'_>) -> Result<String, EncodeError> {
    lines(description, "<tool>", "</tool>\n")
}

fn lines(description: &Description<'_>, before: &str, after: &str) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        out.push_str(before);
        out.push_str(&dumps(unwrapped(tool)?));
        out.push_str(after);
    }
    Ok(description.around(&out))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let calls: Vec<String> = calls.iter().map(|call| call.json("arguments")).collect();
    Ok(format!("<tool_calls>\n{}\n</tool_calls>", calls.join("\n")))
}
