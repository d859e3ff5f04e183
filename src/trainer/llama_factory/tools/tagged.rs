//! Calls with a tag for each argument: `glm4_moe`, `minimax2`, `qwen3_5` and `seed_oss`.

use super::{Call, Description, plain_or_json};
use crate::model::encoded::EncodeError;
use crate::trainer::llama_factory::python::{class, dumps};
use crate::trainer::llama_factory::raise::type_error;

pub(super) fn call_glm4_moe(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    each(calls, |call, out| {
        out.push_str("\n<tool_call>");
        out.push_str(text_name(call)?);
        for (key, value) in call.items()? {
            let value = plain_or_json(value);
            out.push_str(&format!("\n<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>"));
        }
        Ok(())
    })
}

pub(super) fn call_minimax2(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    each(calls, |call, out| {
        out.push_str(&format!("<invoke name=\"{}\">", call.name()));
        for (key, value) in call.items()? {
            let value = plain_or_json(value);
            out.push_str(&format!("\n<parameter name=\"{key}\">{value}</parameter>"));
        }
        out.push_str("\n</invoke>");
        Ok(())
    })
}

pub(super) fn call_qwen3_5(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    each(calls, |call, out| {
        out.push_str(&format!("<tool_call>\n<function={}>", call.name()));
        for (key, value) in call.items()? {
            let value = plain_or_json(value);
            out.push_str(&format!("\n<parameter={key}>\n{value}\n</parameter>"));
        }
        out.push_str("\n</function>\n</tool_call>");
        Ok(())
    })
}

pub(super) fn call_seed_oss(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    each(calls, |call, out| {
        out.push_str("\n<seed:tool_call>\n<function=");
        out.push_str(text_name(call)?);
        for (key, value) in call.items()? {
            let value = plain_or_json(value);
            out.push_str(&format!("\n<parameter={key}>{value}</parameter>"));
        }
        out.push_str("\n</function>\n</seed:tool_call>");
        Ok(())
    })
}

pub(super) fn describe_seed_oss(description: &Description<'_>) -> Result<String, EncodeError> {
    Ok(description.around(&format!("\n{}", dumps(description.tools))))
}

/// The calls, on lines of their own.
fn each(
    calls: &[Call<'_>],
    write: impl Fn(&Call<'_>, &mut String) -> Result<(), EncodeError>,
) -> Result<String, EncodeError> {
    let mut out = String::new();
    for (at, call) in calls.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        write(call, &mut out)?;
    }
    Ok(out)
}

/// A name that is added to a text, which takes texts only.
fn text_name<'c>(call: &Call<'c>) -> Result<&'c str, EncodeError> {
    call.name.as_str().ok_or_else(|| {
        let class = class(call.name);
        type_error(format!("can only concatenate str (not \"{class}\") to str"))
    })
}
