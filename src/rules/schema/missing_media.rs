use memchr::memmem;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Turn;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// `<image>`, `<video>` and `<audio>` slots that no file stands for, or files without a slot.
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

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(example), Some(record)) = (row.example, row.record()) else {
            return;
        };
        for (slot, column) in MEDIA {
            let files = record.value.get(column).filter(|files| !files.is_null());
            if !row.chars.angle() && files.is_none() {
                continue;
            }
            let count = |turn: &Turn<'_>| memmem::find_iter(turn.text.as_bytes(), slot).count();
            let slots: usize = example.turns.iter().map(count).sum();
            let leads = || {
                example
                    .turns
                    .iter()
                    .any(|turn| turn.text.trim_start().starts_with(slot))
            };
            let message = match files.map(|files| files.as_array().map_or(1, <[_]>::len)) {
                Some(files) if slots != files && slots > 0 => {
                    format!("{slots} times `{slot}` in the text and {files} in `{column}`")
                }
                // A tag in a text about tags is text; at the start of a turn it is a slot.
                None if slots > 0 && leads() => format!("`{slot}` in the text and no column `{column}`"),
                _ => continue,
            };
            out.row(&row.place, || message);
        }
    }
}
