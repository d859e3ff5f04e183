use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;

rule_meta! {
    /// ## What it finds
    /// Messages whose content is a list, in a JSON file where that of others is a string of valid JSON: `123`,
    /// `null`, `{"a": 1}`.
    ///
    /// ## Why it matters
    /// `datasets` 5 makes a column of both kinds one of JSON, and decodes every string in it that can be
    /// decoded: the text becomes a number, null or an object, and templates that ask whether content is a
    /// string print nothing. Older versions refuse to load the file.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": [{"type": "text", "text": "2+2?"}]}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write content in one way in the whole file: strings everywhere, or lists of parts everywhere.
    "schema/loads-as-json", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadsAsJson {}

/// The contents of one file's messages.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Contents {
    keys: Keys,
    /// Strings that would be decoded.
    decoded: u64,
    first_decoded: Lowest<String>,
    /// Where a content first is neither string nor null, and what it is.
    other: Lowest<(String, String)>,
}

impl Merge for Contents {
    fn merge(&mut self, other: Self) {
        self.keys.merge(other.keys);
        self.decoded += other.decoded;
        self.first_decoded.merge(other.first_decoded);
        self.other.merge(other.other);
    }
}

/// Whether all messages have the same keys.
#[derive(Default, Serialize, Deserialize)]
enum Keys {
    #[default]
    Unseen,
    /// Hashes of the names, added up, so that their order does not matter.
    All(u64),
    Differ,
}

impl Keys {
    fn see(&mut self, object: &Object<'_>) {
        if !matches!(self, Self::Differ) {
            let sum = object
                .keys()
                .fold(0, |sum: u64, key| sum.wrapping_add(xxh3_64(key.as_bytes())));
            self.merge(Self::All(sum));
        }
    }

    fn alike(&self) -> bool {
        matches!(self, Self::All(_))
    }
}

impl Merge for Keys {
    fn merge(&mut self, other: Self) {
        match (&*self, other) {
            (_, Self::Unseen) => {}
            (Self::Unseen, other) => *self = other,
            (Self::All(mine), Self::All(theirs)) if *mine == theirs => {}
            _ => *self = Self::Differ,
        }
    }
}

/// Whether the whole text is JSON. Texts seldom begin as JSON does.
fn decodes(text: &str) -> bool {
    let text = text.trim();
    match text.bytes().next() {
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9') => serde_json::from_str::<IgnoredAny>(text).is_ok(),
        Some(b't' | b'f' | b'n' | b'N') => matches!(text, "true" | "false" | "null" | "NaN"),
        _ => false,
    }
}

impl Rule for LoadsAsJson {
    const META: RuleMeta = META;
    /// By source.
    type State = BTreeMap<u32, Contents>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let json = row.record().is_some_and(|record| record.bytes.is_some());
        let Some(example) = row.example.filter(|example| json && example.conversational) else {
            return;
        };
        let file = files.entry(row.place.source).or_default();
        for turn in &example.turns {
            let Some(object) = turn.raw.and_then(Value::as_object) else {
                continue;
            };
            file.keys.see(object);
            match object.get(turn.key) {
                Some(Value::Str(text)) if decodes(text) => {
                    file.decoded += 1;
                    file.first_decoded.offer(&row.place, || clip(text));
                }
                Some(Value::Str(_) | Value::Null) | None => {}
                Some(value) => file
                    .other
                    .offer(&row.place, || (turn.pointer(), value.kind().to_owned())),
            }
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            let (Some((at, (pointer, kind))), Some((_, text))) = (file.other.get(), file.first_decoded.get()) else {
                continue;
            };
            // Messages of different keys are kept as they were written, content and all.
            if file.keys.alike() {
                let times = file.decoded;
                out.field(
                    at,
                    || pointer.clone(),
                    || {
                        format!(
                            "beside content of this kind ({kind}), {times} strings such as `{text}` are decoded as JSON"
                        )
                    },
                );
            }
        }
    }
}
