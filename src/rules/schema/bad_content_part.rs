use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Role, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Content given as a list whose items are no typed parts: no `type` or none that is known, a text part without
    /// text, a bare string or number.
    ///
    /// ## Why it matters
    /// Templates take what they know from each part and drop the rest in silence, so that the text is not
    /// trained on; or they stop.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": [{"type": "text"}]}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": [{"type": "text", "text": "2+2?"}]}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Give each part its `type` and the value that goes with it: `{"type": "text", "text": "…"}`.
    "schema/bad-content-part", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadContentPart {}

impl Rule for BadContentPart {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        // What a tool gives back may be any list.
        let listed = |turn: &&Turn<'_>| turn.content == Content::Parts && turn.role != Role::Tool;
        for turn in example.turns.iter().filter(listed) {
            let parts = turn
                .raw
                .and_then(|raw| raw.get(turn.key)?.as_array())
                .unwrap_or_default();
            if let Some((at, wrong)) = parts.iter().enumerate().find_map(|(at, part)| Some((at, wrong(part)?))) {
                out.field(&row.place, || format!("{}/{at}", turn.pointer()), || wrong);
            }
        }
    }
}

/// Types of parts, of OpenAI, Anthropic and Hugging Face.
const TYPES: [&str; 28] = [
    "text",
    "input_text",
    "output_text",
    "summary_text",
    "reasoning_text",
    "image",
    "image_url",
    "input_image",
    "image_file",
    "video",
    "video_url",
    "input_video",
    "audio",
    "audio_url",
    "input_audio",
    "file",
    "input_file",
    "document",
    "refusal",
    "thinking",
    "redacted_thinking",
    "reasoning",
    "tool_use",
    "tool_result",
    "tool_call",
    "tool_response",
    "json",
    "code",
];

/// What is wrong with a part, if anything.
fn wrong(part: &Value<'_>) -> Option<String> {
    let object = match part {
        Value::Object(object) => object,
        other => return Some(format!("a content part is {}, not an object", other.a_kind())),
    };
    let has_text = ["text", "value", "content"]
        .iter()
        .any(|key| object.get(key).is_some_and(|text| text.as_str().is_some()));
    match object.get("type") {
        None => Some("a content part has no `type`".to_owned()),
        Some(Value::Str(kind)) if matches!(kind.as_ref(), "text" | "input_text" | "output_text") && !has_text => {
            Some("a text part has no text".to_owned())
        }
        // LLaMA-Factory reads `value`.
        Some(Value::Str(kind)) if kind == "text" && ["text", "value"].iter().all(|key| object.get(key).is_none()) => {
            Some("a text part has its text under `content`, and templates read `text`".to_owned())
        }
        Some(Value::Str(kind)) if kind.trim().is_empty() => Some("a content part's `type` is empty".to_owned()),
        Some(Value::Str(kind)) if TYPES.contains(&kind.as_ref()) => None,
        Some(Value::Str(kind)) => match nearest(kind, TYPES) {
            Some(meant) => Some(format!(
                "no template knows a part of type `{}`; is `{meant}` meant?",
                clip(kind)
            )),
            // What has a text is to be read as one.
            None if has_text => Some(format!("no template knows a text of type `{}`", clip(kind))),
            None => None,
        },
        Some(kind) => Some(format!("a content part's `type` is {}, not a string", kind.a_kind())),
    }
}
