//! `mistral`: a list of tools, and a list of calls.

use super::{Call, Description, dump_wrapped};
use crate::model::encoded::EncodeError;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::from("[AVAILABLE_TOOLS] [");
    for (at, tool) in description.tools()?.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        dump_wrapped(tool, &mut out)?;
    }
    out.push_str("][/AVAILABLE_TOOLS]");
    Ok(out)
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let calls: Vec<String> = calls.iter().map(|call| call.json("arguments")).collect();
    Ok(format!("[{}]", calls.join(", ")))
}
