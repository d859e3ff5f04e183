//! What a dump of batches is like, for every output.

use crate::measure::share;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::style::{bytes, count, counted, percent};

/// A dump as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchSection {
    /// As it was named.
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    /// `safetensors`, `JSON lines`, …
    pub format: String,
    pub batches: u64,
    pub rows: u64,
    /// The fewest and the most of a batch.
    pub rows_per_batch: (u64, u64),
    /// The least and the greatest.
    pub width: (u64, u64),
    pub columns: Vec<String>,
    /// What was in the batches and was not looked at.
    pub left_out: Vec<String>,
    /// Tokens and padding.
    pub positions: u64,
    pub padding: u64,
    /// Rows padded on the left and on the right.
    pub padded: (u64, u64),
    /// `None` where there are no labels.
    pub trained: Option<u64>,
    /// Documents, which are more than rows where those are packed.
    pub documents: u64,
    /// Who made the batches, as the dump says: `SFTTrainer`, `trl 1.16.0`, …
    pub made_by: Vec<String>,
    pub against: Option<AgainstSection>,
}

/// The dump against the same rows encoded here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgainstSection {
    /// What was named.
    pub name: String,
    /// `trl@1.16.0`
    pub trainer: String,
    /// Rows encoded here, and those that could not be.
    pub encoded: u64,
    pub failed: u64,
    /// Documents of the dump that are encoded alike here, otherwise, and that are like no row.
    pub alike: u64,
    pub otherwise: u64,
    pub unmatched: u64,
}

/// Name and text of each line.
pub(super) fn lines(section: &BatchSection) -> Vec<(&'static str, String)> {
    let range = |(least, most): (u64, u64)| {
        if least == most {
            count(most)
        } else {
            format!("{} to {}", count(least), count(most))
        }
    };
    let files = match section.files {
        1 => String::new(),
        files => format!(" in {}", counted(files, "file")),
    };
    let mut lines = vec![(
        "batches",
        format!(
            "{} · {}{files} · {} · {} × {} tokens · {} · {}",
            section.name,
            batches(section.batches),
            counted(section.rows, "row"),
            range(section.rows_per_batch),
            range(section.width),
            section.format,
            bytes(section.bytes)
        ),
    )];
    let mut like = vec![section.columns.join(", ")];
    if section.documents > section.rows {
        like.push(counted(section.documents, "document"));
    }
    like.push(match section.padded {
        (0, 0) => "no padding".to_owned(),
        (left, right) => {
            let side = match (left, right) {
                (0, _) => "right",
                (_, 0) => "left",
                _ => "left and right",
            };
            format!(
                "padded {side}, {} of positions",
                percent(share(section.padding, section.positions))
            )
        }
    });
    if let Some(trained) = section.trained {
        let text = section.positions - section.padding;
        like.push(format!("{} of tokens trained", percent(share(trained, text))));
    }
    lines.push(("", like.join(" · ")));
    if !section.left_out.is_empty() {
        lines.push(("left out", section.left_out.join(", ")));
    }
    if !section.made_by.is_empty() {
        lines.push(("made by", section.made_by.join(" · ")));
    }
    if let Some(against) = &section.against {
        let failed = match against.failed {
            0 => String::new(),
            failed => format!(" · {} not encoded", counted(failed, "row")),
        };
        let unit = if section.documents > section.rows {
            "document"
        } else {
            "row"
        };
        lines.push((
            "against",
            format!(
                "{} · {} · {} encoded here{failed} · of {}, {} alike, {} otherwise, {} like none",
                against.name,
                against.trainer,
                counted(against.encoded, "row"),
                counted(against.alike + against.otherwise + against.unmatched, unit),
                count(against.alike),
                count(against.otherwise),
                count(against.unmatched)
            ),
        ));
    }
    lines
}

fn batches(number: u64) -> String {
    match number {
        1 => "1 batch".to_owned(),
        number => format!("{} batches", count(number)),
    }
}
