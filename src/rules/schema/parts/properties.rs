//! What a property of a JSON schema takes.

use crate::model::value::Value;
use crate::rule::clip;

/// What a value is and its property is declared as, where the two do not go together.
pub(in super::super) fn broken(value: &Value<'_>, property: &Value<'_>) -> Option<(String, String)> {
    unlike(value, property).or_else(|| not_among(value, property))
}

/// Whether a property may be null, as far as its schema says: one without a type may be anything.
pub(in super::super) fn takes_null(property: &Value<'_>) -> bool {
    let null = |kind: &Value<'_>| kind.as_str() == Some("null");
    let nullable = property.get("nullable").and_then(Value::as_bool) == Some(true);
    nullable
        || match property.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().any(null),
            Some(kind) => null(kind),
            None => true,
        }
}

/// A string and those that its property is declared as one of, where it is none of them.
fn not_among(value: &Value<'_>, property: &Value<'_>) -> Option<(String, String)> {
    let (value, choices) = (value.as_str()?, property.get("enum")?.as_array()?);
    let choices: Vec<&str> = choices.iter().map(Value::as_str).collect::<Option<_>>()?;
    let quoted = |text: &&str| format!("`{}`", clip(text));
    let all = || choices.iter().map(quoted).collect::<Vec<_>>().join(", ");
    (!choices.contains(&value)).then(|| (quoted(&value), format!("one of {}", all())))
}

/// What a value is and its property is declared as, where that is something else. Types that nobody knows are passed.
fn unlike(value: &Value<'_>, property: &Value<'_>) -> Option<(String, String)> {
    let kinds: Vec<&str> = match property.get("type")? {
        Value::Str(kind) => vec![kind.as_ref()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let fits = |kind: &&str| match *kind {
        "string" => value.as_str().is_some(),
        "integer" => match value {
            Value::Float(number) => number.fract() == 0.0,
            _ => value.kind() == "number",
        },
        "number" | "boolean" | "array" | "object" => value.kind() == *kind,
        "null" => false,
        _ => true,
    };
    let fits = kinds.is_empty() || kinds.iter().any(fits);
    (!fits).then(|| (value.a_kind().to_owned(), kinds.join(" or ")))
}

/// Whether a value is the slot of a template that is named after its argument: `<city>`, `{{city}}`, `<your_city>`.
pub(in super::super) fn is_slot(argument: &str, value: &Value<'_>) -> bool {
    let text = value.as_str().unwrap_or_default();
    let between = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let name = between("<", ">")
        .or_else(|| between("{{", "}}"))
        .or_else(|| between("{", "}"));
    name.is_some_and(|name| name.trim().trim_start_matches("your_") == argument)
}
