//! `glm4`: a section for each tool, and a name with arguments on the next line.

use super::{Call, Description, unwrapped};
use crate::model::encoded::EncodeError;
use crate::trainer::llama_factory::python::{self, dumps, dumps_indented, item};
use crate::trainer::llama_factory::raise::raise;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    for tool in description.tools()? {
        let tool = unwrapped(tool)?;
        out.push_str("\n\n## ");
        python::str(item(tool, "name")?, &mut out);
        out.push_str("\n\n");
        out.push_str(&dumps_indented(tool)?);
        out.push_str("\n在调用上述函数时，请使用 Json 格式表示调用的参数。");
    }
    Ok(description.around(&out))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    match calls {
        [] => Err(raise("IndexError", "list index out of range")),
        [call] => Ok(format!("{}\n{}", call.name(), dumps(call.arguments))),
        _ => Err(raise("ValueError", "GLM-4 does not support parallel functions.")),
    }
}
