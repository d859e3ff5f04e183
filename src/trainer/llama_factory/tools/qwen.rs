//! `qwen`: a line of JSON for each tool, and calls between `<tool_call>` tags. `ling` and
//! `glm4_moe` describe tools in the same way under texts of their own, `qwen3_5` without the
//! wrapping.

use super::{Call, Description, dump_wrapped, unwrapped_or_whole};
use crate::model::encoded::EncodeError;
use crate::trainer::llama_factory::python::dumps;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        out.push('\n');
        dump_wrapped(tool, &mut out)?;
    }
    Ok(description.around(&out))
}

pub(super) fn describe_ling(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = describe(description)?;
    out.push_str("\ndetailed thinking off");
    Ok(out)
}

pub(super) fn describe_bare(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        out.push('\n');
        out.push_str(&dumps(unwrapped_or_whole(tool)?));
    }
    Ok(description.around(&out))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let calls = calls
        .iter()
        .map(|call| format!("<tool_call>\n{}\n</tool_call>", call.json("arguments")));
    Ok(calls.collect::<Vec<_>>().join("\n"))
}
