//! One entry of `dataset_info.json`: which columns a set has and who speaks in it.
//!
//! Source: `data/parser.py`, `DatasetAttr` (0.9.5).

use serde_json::{Map, Value};

use crate::model::encoded::EncodeError;

use super::raise::{raise, unsupported};

/// `DatasetAttr`. Its default is that of a set that is named but not described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetAttr {
    pub formatting: Formatting,
    /// Whether rows hold a chosen and a rejected answer.
    pub ranking: bool,
    pub columns: Columns,
    pub tags: Tags,
    /// Rows drawn at random from the set, instead of all.
    pub num_samples: Option<u64>,
    /// Keys of the entry, of its columns and of its tags that LLaMA-Factory does not know, and
    /// passes over.
    pub ignored: Vec<String>,
}

/// `formatting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formatting {
    Alpaca,
    Sharegpt,
    Openai,
}

/// The set's own name of each column; a column without a name is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub prompt: Option<String>,
    pub query: Option<String>,
    pub response: Option<String>,
    pub history: Option<String>,
    pub messages: Option<String>,
    pub system: Option<String>,
    pub tools: Option<String>,
    pub images: Option<String>,
    pub videos: Option<String>,
    pub audios: Option<String>,
    pub chosen: Option<String>,
    pub rejected: Option<String>,
    pub kto_tag: Option<String>,
}

/// Keys of a message, and the names of the roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    pub role_tag: Option<String>,
    pub content_tag: Option<String>,
    pub user_tag: Option<String>,
    pub assistant_tag: Option<String>,
    pub observation_tag: Option<String>,
    pub function_tag: Option<String>,
    pub system_tag: Option<String>,
}

/// Keys of an entry that say where the data is, and are read elsewhere.
const ELSEWHERE: &[&str] = &[
    "hf_hub_url",
    "ms_hub_url",
    "om_hub_url",
    "script_url",
    "cloud_file_name",
    "file_name",
    "file_sha1",
    "subset",
    "split",
    "folder",
];

impl Default for DatasetAttr {
    fn default() -> Self {
        let name = |name: &str| Some(name.to_owned());
        Self {
            formatting: Formatting::Alpaca,
            ranking: false,
            columns: Columns {
                prompt: name("instruction"),
                query: name("input"),
                response: name("output"),
                messages: name("conversations"),
                ..Columns::default()
            },
            tags: Tags {
                role_tag: name("from"),
                content_tag: name("value"),
                user_tag: name("human"),
                assistant_tag: name("gpt"),
                observation_tag: name("observation"),
                function_tag: name("function_call"),
                system_tag: name("system"),
            },
            num_samples: None,
            ignored: Vec::new(),
        }
    }
}

impl DatasetAttr {
    /// Reads an entry. One that has `columns` has only those columns, and one that has `tags` has
    /// only those tags: a default name counts where nothing at all is said.
    ///
    /// # Errors
    ///
    /// If the formatting is none LLaMA-Factory has, or a name is not a text.
    pub fn from_info(entry: &Map<String, Value>) -> Result<Self, EncodeError> {
        let mut attr = Self::default();
        for (key, value) in entry {
            match key.as_str() {
                "formatting" => attr.formatting = formatting(value)?,
                "ranking" => attr.ranking = truth(value),
                "num_samples" => attr.num_samples = value.as_u64(),
                "columns" => attr.columns = attr_columns(group("columns", value)?, &mut attr.ignored)?,
                "tags" => attr.tags = attr_tags(group("tags", value)?, &mut attr.ignored)?,
                known if ELSEWHERE.contains(&known) => {}
                _ => attr.ignored.push(key.clone()),
            }
        }
        Ok(attr)
    }
}

fn formatting(value: &Value) -> Result<Formatting, EncodeError> {
    match value.as_str() {
        Some("alpaca") => Ok(Formatting::Alpaca),
        Some("sharegpt") => Ok(Formatting::Sharegpt),
        Some("openai") => Ok(Formatting::Openai),
        _ => {
            let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Err(raise("ValueError", format!("Dataset converter {name} not found.")))
        }
    }
}

/// Python's idea of whether a value is true.
fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

fn group<'v>(name: &str, value: &'v Value) -> Result<&'v Map<String, Value>, EncodeError> {
    value
        .as_object()
        .ok_or_else(|| unsupported(format!("`{name}` of a dataset's entry that is no object")))
}

fn attr_columns(group: &Map<String, Value>, ignored: &mut Vec<String>) -> Result<Columns, EncodeError> {
    let mut columns = Columns::default();
    for (key, value) in group {
        let slot = match key.as_str() {
            "prompt" => &mut columns.prompt,
            "query" => &mut columns.query,
            "response" => &mut columns.response,
            "history" => &mut columns.history,
            "messages" => &mut columns.messages,
            "system" => &mut columns.system,
            "tools" => &mut columns.tools,
            "images" => &mut columns.images,
            "videos" => &mut columns.videos,
            "audios" => &mut columns.audios,
            "chosen" => &mut columns.chosen,
            "rejected" => &mut columns.rejected,
            "kto_tag" => &mut columns.kto_tag,
            _ => {
                ignored.push(format!("columns.{key}"));
                continue;
            }
        };
        *slot = name(key, value)?;
    }
    Ok(columns)
}

fn attr_tags(group: &Map<String, Value>, ignored: &mut Vec<String>) -> Result<Tags, EncodeError> {
    let mut tags = Tags::default();
    for (key, value) in group {
        let slot = match key.as_str() {
            "role_tag" => &mut tags.role_tag,
            "content_tag" => &mut tags.content_tag,
            "user_tag" => &mut tags.user_tag,
            "assistant_tag" => &mut tags.assistant_tag,
            "observation_tag" => &mut tags.observation_tag,
            "function_tag" => &mut tags.function_tag,
            "system_tag" => &mut tags.system_tag,
            _ => {
                ignored.push(format!("tags.{key}"));
                continue;
            }
        };
        *slot = name(key, value)?;
    }
    Ok(tags)
}

/// A name; none where the entry says `null` or an empty text.
fn name(key: &str, value: &Value) -> Result<Option<String>, EncodeError> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(name.clone()).filter(|name| !name.is_empty())),
        _ => Err(unsupported(format!("`{key}` of a dataset's entry that is no text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attr(json: &str) -> Result<DatasetAttr, EncodeError> {
        let entry: Map<String, Value> = serde_json::from_str(json).expect("an object");
        DatasetAttr::from_info(&entry)
    }

    #[test]
    fn an_entry_without_columns_has_the_default_ones() {
        let attr = attr(r#"{"file_name":"a.json"}"#).expect("an entry");
        assert_eq!(attr, DatasetAttr::default());
        assert_eq!(attr.columns.query.as_deref(), Some("input"));
    }

    #[test]
    fn an_entry_with_columns_has_no_others() {
        let attr = attr(r#"{"columns":{"prompt":"q","respones":"a"},"tags":{"role_tag":"role"},"colums":{}}"#);
        let attr = attr.expect("an entry");
        assert_eq!(attr.columns.prompt.as_deref(), Some("q"));
        assert_eq!((attr.columns.query, attr.columns.response), (None, None));
        assert_eq!(
            (attr.tags.role_tag.as_deref(), attr.tags.user_tag),
            (Some("role"), None)
        );
        assert_eq!(attr.ignored, ["columns.respones", "colums"]);
    }

    #[test]
    fn a_formatting_there_is_not_is_refused() {
        let error = attr(r#"{"formatting":"chatml"}"#).expect_err("refused");
        assert_eq!(error.class, "ValueError");
    }
}
