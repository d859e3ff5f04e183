use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// `<image>`, `<video>` and `<audio>` slots in the text, where the row has another number of files for
    /// them, or none.
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
        for ((slot, column), slots) in MEDIA.into_iter().zip(slots).filter(|(_, slots)| *slots > 0) {
            let files = record.value.get(column).filter(|files| !files.is_null());
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
