//! Options given on the command line, as the trainer's own.

use serde_json::{Map, Value as Json};

use crate::model::setup::Setting;
use crate::settings::UsageError;

/// What the config has, `--set` in order, the flags that mean the same after it. A key may be a path into what stands
/// under it: `tokenizer.max_seq_len`, `datasets.0.type`.
///
/// # Errors
///
/// For a path that leads through a value which has nothing under it.
pub(super) fn options(
    begun: Map<String, Json>,
    set: &[(String, String)],
    flags: &[(&str, Option<&Setting<usize>>)],
) -> Result<Map<String, Json>, UsageError> {
    let mut options = Json::Object(begun);
    for (key, text) in set {
        put(&mut options, key, value(text)).map_err(|at| UsageError(format!("--set {key}: {at} holds no keys")))?;
    }
    for (key, flag) in flags {
        if let Some(flag) = flag {
            let put = put(&mut options, key, flag.value.into());
            put.map_err(|at| UsageError(format!("--set {at} leaves no place for {key}")))?;
        }
    }
    match options {
        Json::Object(options) => Ok(options),
        _ => unreachable!("it began as an object, and keys are put into it"),
    }
}

/// JSON where it is JSON, `True` and `None` as Python has them, else the text itself.
pub(in crate::command) fn value(text: &str) -> Json {
    match text {
        "True" => true.into(),
        "False" => false.into(),
        "None" => Json::Null,
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// Puts a value at the end of a path, making what is missing on the way. A number counts in a list.
fn put(options: &mut Json, path: &str, value: Json) -> Result<(), String> {
    let mut at = options;
    for key in path.split('.') {
        at = match key.parse::<usize>() {
            Ok(index) if at.is_null() || at.is_array() => {
                if at.is_null() {
                    *at = Json::Array(Vec::new());
                }
                let list = at.as_array_mut().expect("it is a list, or was made one");
                // The next one may be added; a list with holes is a typing mistake.
                if index > list.len() {
                    return Err(format!("position {index} of {path}"));
                }
                if index == list.len() {
                    list.push(Json::Null);
                }
                &mut list[index]
            }
            _ => {
                if at.is_null() {
                    *at = Json::Object(Map::new());
                }
                let object = at.as_object_mut().ok_or_else(|| format!("{path} before `{key}`"))?;
                object.entry(key).or_insert(Json::Null)
            }
        };
    }
    *at = value;
    Ok(())
}

/// Takes out what stands at the end of a path, and what is empty then.
pub(super) fn remove(options: &mut Map<String, Json>, path: &str) {
    let Some((first, rest)) = path.split_once('.') else {
        options.remove(path);
        return;
    };
    if let Some(inner) = options.get_mut(first).and_then(Json::as_object_mut) {
        remove(inner, rest);
        if inner.is_empty() {
            options.remove(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setup::Origin;
    use serde_json::json;

    #[test]
    fn paths_lead_into_objects_and_lists() {
        let set = [
            ("datasets.0.type", "alpaca"),
            ("datasets.0.roles_to_train", r#"["assistant"]"#),
            ("packing", "True"),
            ("eos_token", "<|im_end|>"),
            ("max_length", "12"),
        ];
        let set: Vec<(String, String)> = set
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let length = Setting {
            value: 64,
            origin: Origin::Default,
        };
        let options = options(Map::new(), &set, &[("max_length", Some(&length)), ("batch", None)]).expect("options");
        let expected = json!({"datasets": [{"type": "alpaca", "roles_to_train": ["assistant"]}], "packing": true,
            "eos_token": "<|im_end|>", "max_length": 64});
        assert_eq!(Json::Object(options), expected);
    }

    #[test]
    fn a_path_through_a_value_is_a_mistake() {
        let set = [
            ("packing".to_owned(), "true".to_owned()),
            ("packing.x".to_owned(), "1".to_owned()),
        ];
        assert!(options(Map::new(), &set, &[]).is_err());
        assert!(options(Map::new(), &[("datasets.2.type".to_owned(), "a".to_owned())], &[]).is_err());
    }
}
