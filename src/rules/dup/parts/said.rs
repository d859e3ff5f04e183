//! Hashes of what a row says, the same in every run and on every machine.

use xxhash_rust::xxh3::Xxh3;

use crate::model::example::{Branch, Content, Shape, Turn};
use crate::model::value::{Object, Value};
use crate::rule::Row;
use crate::rules::parts::tools;

/// A hash of one kind of row content; rows of training and of evaluation data never share one.
pub(in super::super) struct Said(Xxh3);

impl Said {
    pub(in super::super) fn by(row: &Row<'_>) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&[u8::from(row.setup.is_eval(row.place.source))]);
        Self(hash)
    }

    /// Adds the pictures, sounds and tools of the row, which are part of what is asked.
    pub(in super::super) fn beside(&mut self, row: &Row<'_>) {
        if let Some(tools) = row.example.and_then(tools::column).filter(|tools| !is_empty(tools)) {
            self.value(tools);
        }
        for media in media(row) {
            self.0.update(format!("{media:?}").as_bytes());
        }
    }

    /// Adds a value with all that is in it.
    fn value(&mut self, value: &Value<'_>) {
        self.0.update(value.kind().as_bytes());
        match value {
            Value::Str(text) => self.0.update(text.as_bytes()),
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                self.0.update(key.as_bytes());
                self.value(value);
            }),
            number => self.0.update(format!("{number:?}").as_bytes()),
        }
        self.0.update(&[0xFD]);
    }

    /// Adds a turn: its role, by whatever of its names, its side and its text.
    pub(in super::super) fn turn(&mut self, turn: &Turn<'_>, text: &[u8]) {
        let role = match &*turn.role_text {
            // The same row in another shape.
            "human" | "gpt" => turn.role.name(),
            other => other,
        };
        self.0.update(role.as_bytes());
        self.0.update(&[0xFF, turn.branch as u8]);
        self.0.update(text);
        self.0.update(&[0xFE]);
        // Who calls a tool says what stands in the call.
        if let Some(calls) = turn.raw.filter(|_| turn.has_tool_calls()) {
            let calls = ["tool_calls", "function_call"].map(|key| calls.get(key));
            self.0.update(format!("{calls:?}").as_bytes());
        }
    }

    /// Adds turns as they are.
    pub(in super::super) fn turns(&mut self, turns: &[Turn<'_>]) {
        for turn in turns {
            self.turn(turn, turn.text.as_bytes());
        }
    }

    pub(in super::super) fn text(&mut self, text: &[u8]) {
        self.0.update(text);
    }

    pub(in super::super) fn half(&self) -> u64 {
        self.0.digest()
    }

    pub(in super::super) fn whole(&self) -> [u64; 2] {
        let digest = self.0.digest128().to_be_bytes();
        let word = |at: usize| u64::from_be_bytes(digest[at..at + 8].try_into().expect("eight bytes"));
        [word(0), word(8)]
    }
}

/// Whether a list of tools has none.
fn is_empty(tools: &Value<'_>) -> bool {
    match tools {
        Value::Array(items) => items.is_empty(),
        Value::Str(text) => matches!(text.trim(), "" | "[]"),
        other => other.is_null(),
    }
}

/// What rows differ by that say the same: their pictures and sounds, in columns and in parts of messages, and what was
/// said before, where the shape does not read it.
pub(in super::super) fn media<'r>(row: &Row<'r>) -> impl Iterator<Item = &'r Value<'r>> {
    const COLUMNS: [&str; 9] = [
        "history",
        "image",
        "images",
        "video",
        "videos",
        "audio",
        "audios",
        "image_path",
        "pixel_values",
    ];
    let object = row.record().and_then(|record| record.value.as_object());
    let columns = object.into_iter().flat_map(Object::iter);
    let columns = columns.filter(|(name, value)| COLUMNS.contains(name) && !value.is_null());
    let turns = row.example.into_iter().flat_map(|example| &example.turns);
    let parts = turns
        .filter(|turn| turn.content == Content::Parts)
        .filter_map(|turn| turn.raw?.get("content")?.as_array());
    let is_text =
        |part: &&Value<'_>| part.as_str().is_some() || part.get("type").and_then(Value::as_str) == Some("text");
    columns
        .map(|(_, value)| value)
        .chain(parts.flatten().filter(move |part| !is_text(part)))
}

/// The hash of everything a row says; `None` for a row that says nothing.
pub(in super::super) fn row(row: &Row<'_>) -> Option<Said> {
    let example = row.example?;
    if example.shape == Shape::Tokenised {
        let ids = row
            .record()?
            .value
            .get("input_ids")?
            .as_array()
            .filter(|ids| !ids.is_empty())?;
        let mut said = Said::by(row);
        for id in ids {
            said.text(&id.as_i64().unwrap_or_default().to_le_bytes());
        }
        return Some(said);
    }
    let speaks = |turn: &Turn<'_>| !turn.trimmed().is_empty() || turn.has_tool_calls();
    if !example.turns.iter().any(speaks) && media(row).next().is_none() {
        return None;
    }
    let mut said = Said::by(row);
    said.beside(row);
    said.turns(&example.turns);
    Some(said)
}

/// The turns up to the last answer, and that answer; `None` where there is nothing to answer.
pub(in super::super) fn asked<'r>(row: &Row<'r>) -> Option<(&'r [Turn<'r>], &'r Turn<'r>)> {
    let turns = row.example?.turns.as_slice();
    let last = turns
        .iter()
        .rposition(|turn| turn.is_answer() && turn.branch != Branch::Rejected)?;
    let prompt = &turns[..last];
    let answered = !turns[last].trimmed().is_empty() || turns[last].has_tool_calls();
    let asks = prompt.iter().any(|turn| !turn.trimmed().is_empty());
    (answered && asks).then_some((prompt, &turns[last]))
}
