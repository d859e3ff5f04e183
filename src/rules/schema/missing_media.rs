use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Example};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// `<image>`, `<video>` and `<audio>` slots in the text, and parts of that type, where the row has another number
    /// of files for them, or none, in `images` or `image` and their like; and files without a path.
    ///
    /// ## Why it matters
    /// Trainers count them: where slots and files differ in number the row is refused ("the number of images
    /// does not match the number of <image> tokens"), or a model of texts is trained on the word `<image>`.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "<image><image>What has changed?"}, {"role": "assistant", "content": "The cat is gone."}], "images": ["a.png"]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "<image><image>What has changed?"}, {"role": "assistant", "content": "The cat is gone."}], "images": ["a.png", "b.png"]}
    /// ```
    ///
    /// ## Fix
    /// Add the missing file to the column, or take the slot out of the text.
    "schema/missing-media", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingMedia {}

/// Slots as LLaVA and LLaMA-Factory write them, and the columns their files stand in.
const MEDIA: [(&str, &str); 3] = [("<image>", "images"), ("<video>", "videos"), ("<audio>", "audios")];

impl Rule for MissingMedia {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(example), Some(record)) = (row.example, row.record()) else {
            return;
        };
        let mut slots = [0; MEDIA.len()];
        for turn in example.turns.iter().filter(|_| row.chars.angle()) {
            for at in memchr::memchr_iter(b'<', turn.text.as_bytes()) {
                for ((slot, _), times) in MEDIA.iter().zip(&mut slots) {
                    *times += usize::from(turn.text.as_bytes()[at..].starts_with(slot.as_bytes()));
                }
            }
        }
        let has_parts = example.turns.iter().any(|turn| turn.content == Content::Parts);
        let parts = has_parts.then(|| parts(example, &record.value)).flatten();
        if let Some(message) = parts.or_else(|| no_path(&record.value)) {
            out.row(&row.place, || message);
            return;
        }
        for ((slot, column), slots) in MEDIA.into_iter().zip(slots).filter(|(_, slots)| *slots > 0) {
            // LLaVA and its like have one file, or a list, under the name of the slot.
            let one = slot.trim_matches(['<', '>']);
            let files = record.value.get(column).filter(|files| !files.is_null());
            let files = files.or_else(|| record.value.get(one).filter(|files| !files.is_null()));
            let leads = || {
                example
                    .turns
                    .iter()
                    .any(|turn| turn.text.trim_start().starts_with(slot))
            };
            let message = match files.map(|files| files.as_array().map_or(1, <[_]>::len)) {
                Some(files) if slots != files => {
                    format!("{slots} times `{slot}` in the text and {files} in `{column}`")
                }
                // A tag in a text about tags is text; at the start of a turn it is a slot.
                None if leads() => format!("`{slot}` in the text and no column `{column}`"),
                _ => continue,
            };
            out.row(&row.place, || message);
        }
    }
}

/// Parts that stand for a picture whose file is in the column, where their numbers differ.
fn parts(example: &Example<'_>, row: &Value<'_>) -> Option<String> {
    MEDIA.iter().find_map(|(slot, column)| {
        let kind = slot.trim_matches(['<', '>']);
        let parts = example
            .turns
            .iter()
            .filter_map(|turn| turn.raw?.get(turn.key)?.as_array());
        let of_kind = |part: &&Value<'_>| part.get("type").and_then(Value::as_str) == Some(kind);
        // A part may bring its picture itself.
        let bare = |part: &&Value<'_>| {
            let given = |(key, value): (&str, &Value<'_>)| key != "type" && key != "text" && !value.is_null();
            !part.as_object().is_some_and(|part| part.iter().any(given))
        };
        let slots = parts.flatten().filter(of_kind).filter(bare).count();
        let files = match row.get(column).or_else(|| row.get(kind)) {
            None | Some(Value::Null) => 0,
            Some(files) => files.as_array().map_or(1, <[_]>::len),
        };
        (slots > 0 && slots != files).then(|| {
            format!(
                "{} of type `{kind}` and {files} in `{column}`",
                plural(slots as u64, "part")
            )
        })
    })
}

/// A file that has no name.
fn no_path(row: &Value<'_>) -> Option<String> {
    MEDIA.iter().find_map(|(_, column)| {
        let files = row.get(column)?.as_array()?;
        let none = |file: &Value<'_>| file.is_null() || file.as_str().is_some_and(|path| path.trim().is_empty());
        let at = files.iter().position(none)?;
        Some(format!(
            "`{column}/{at}` is {}",
            if files[at].is_null() { "null" } else { "empty" }
        ))
    })
}
