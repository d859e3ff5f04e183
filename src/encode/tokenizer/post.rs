//! The post-processor: what it puts around a text, and whether it trims offsets.

use serde_json::Value;

/// What a post-processor does to one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Post {
    /// Ids put before and after, where special tokens are asked for.
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
    pub(super) trim: Option<Trim>,
}

/// How offsets are trimmed of white space (`process_offsets`, tokenizers 0.23 `byte_level.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trim {
    /// A single space at the start of the text is taken for the one the tokenizer added, and stays.
    pub(super) add_prefix_space: bool,
}

impl Post {
    /// Reads the `post_processor` of a file; an error for one of no known kind.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        if value.is_null() {
            return Ok(Self::default());
        }
        let flag = |name: &str| value[name].as_bool().unwrap_or(true);
        let trim = || {
            flag("trim_offsets").then(|| Trim {
                add_prefix_space: flag("add_prefix_space"),
            })
        };
        match value["type"].as_str().unwrap_or_default() {
            "ByteLevel" => Ok(Self {
                trim: trim(),
                ..Self::default()
            }),
            "BertProcessing" => Ok(Self {
                before: vec![pair_id(&value["cls"])?],
                after: vec![pair_id(&value["sep"])?],
                trim: None,
            }),
            "RobertaProcessing" => Ok(Self {
                before: vec![pair_id(&value["cls"])?],
                after: vec![pair_id(&value["sep"])?],
                // The library takes one without both flags for a `BertProcessing`.
                trim: trim().filter(|_| value["trim_offsets"].is_boolean() && value["add_prefix_space"].is_boolean()),
            }),
            "TemplateProcessing" => template(value),
            "Sequence" => {
                let steps = value["processors"].as_array().ok_or("a sequence without processors")?;
                steps
                    .iter()
                    .try_fold(Self::default(), |all, step| all.then(Self::read(step)?))
            }
            other => Err(format!("the post-processor {other:?}")),
        }
    }

    /// This one, and then another around it.
    fn then(mut self, mut next: Self) -> Result<Self, String> {
        if self.trim.is_some() && next.trim.is_some() {
            return Err("offsets trimmed twice".to_owned());
        }
        next.before.append(&mut self.before);
        self.after.append(&mut next.after);
        Ok(Self {
            before: next.before,
            after: self.after,
            trim: self.trim.or(next.trim),
        })
    }
}

/// `["[CLS]", 101]`.
fn pair_id(value: &Value) -> Result<u32, String> {
    let id = value[1].as_u64().and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| format!("{value} is not a token and its id"))
}

fn template(value: &Value) -> Result<Post, String> {
    let mut post = Post::default();
    let mut seen = false;
    for piece in value["single"].as_array().ok_or("a template without pieces")? {
        if let Some(sequence) = piece.get("Sequence") {
            if seen || sequence["id"] != "A" {
                return Err("a template with more than the text".to_owned());
            }
            seen = true;
            continue;
        }
        let name = piece["SpecialToken"]["id"].as_str().ok_or("a piece of no known kind")?;
        let ids = value["special_tokens"][name]["ids"].as_array();
        let ids = ids.ok_or_else(|| format!("no ids for {name:?} in the template"))?;
        let side = if seen { &mut post.after } else { &mut post.before };
        for id in ids {
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
            side.push(id.ok_or("a template's id is not a number")?);
        }
    }
    if seen {
        Ok(post)
    } else {
        Err("a template without the text".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn special(name: &str) -> Value {
        json!({"SpecialToken": {"id": name, "type_id": 0}})
    }

    #[test]
    fn a_sequence_wraps_from_inside_out() {
        let text = json!({"Sequence": {"id": "A", "type_id": 0}});
        let inner = json!({"type": "TemplateProcessing", "single": [special("a"), text, special("b")],
            "special_tokens": {"a": {"ids": [1, 2]}, "b": {"ids": [3]}}});
        let outer = json!({"type": "RobertaProcessing", "cls": ["c", 4], "sep": ["s", 5], "trim_offsets": false});
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
        let all = json!({"type": "Sequence", "processors": [bytes, inner, outer]});
        let post = Post::read(&all).expect("a post-processor");
        assert_eq!((post.before, post.after), (vec![4, 1, 2], vec![3, 5]));
        assert_eq!(
            post.trim,
            Some(Trim {
                add_prefix_space: false
            })
        );
    }

    #[test]
    fn a_roberta_processor_without_its_flags_trims_nothing() {
        let read = |flags: &Value| {
            let mut value = json!({"type": "RobertaProcessing", "cls": ["c", 4], "sep": ["s", 5]});
            let flags = flags.as_object().expect("flags").clone();
            value.as_object_mut().expect("an object").extend(flags);
            Post::read(&value).expect("a post-processor").trim.is_some()
        };
        assert!(read(&json!({"trim_offsets": true, "add_prefix_space": true})));
        assert!(
            !read(&json!({"trim_offsets": true})) && !read(&json!({"add_prefix_space": true})) && !read(&json!({}))
        );
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let two = json!({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {}});
        assert!(Post::read(&two).is_err());
        assert!(Post::read(&json!({"type": "New"})).is_err());
        assert_eq!(Post::read(&Value::Null), Ok(Post::default()));
    }
}
