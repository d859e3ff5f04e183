use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A few tool results that begin as JSON and end in the middle of it, or are printed by Python with single quotes, in a
    /// set whose other objects and lists in results are JSON.
    ///
    /// ## Why it matters
    /// The model is shown a result that no tool gives it when it is served. What is cut may hold what the answer says.
    /// Results that say themselves that they were cut are left alone, and so is what more than one of fifty has in common.
    ///
    /// ## Example
    /// ```text
    /// 99 results that are JSON, and this one:
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{'sky': 'rain', 'wind': None}"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"sky\": \"rain\", \"wind\": null}"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Write results with `json.dumps`, and whole.
    "schema/broken-result", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BrokenResult {}

/// Results that are JSON, and those that are meant to be: where they stand, and how they fail to be.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Results {
    json: u64,
    broken: Slips<(String, String)>,
}

impl Merge for Results {
    fn merge(&mut self, other: Self) {
        self.json += other.json;
        self.broken.merge(other.broken);
    }
}

/// Results in JSON below which nothing is said of a set.
const LEAST: u64 = 20;
/// Of so many one may be broken; where more are, the tools write them so.
const PER: u64 = 50;

impl Rule for BrokenResult {
    const META: RuleMeta = META;
    type State = Results;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Results, _: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Tool) {
            let text = turn.trimmed();
            if !text.starts_with(['{', '[']) {
                continue;
            }
            match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => seen.json += 1,
                Err(error) => {
                    if let Some(how) = broken(text, error.is_eof()) {
                        seen.broken.offer(&row.place, || (turn.pointer(), how.to_owned()));
                    }
                }
            }
        }
    }

    fn finish(&self, seen: Results, _: &Setup, out: &mut Findings) {
        if seen.json >= LEAST {
            seen.broken.report(seen.json, PER, out, |(pointer, how)| {
                let message = format!("the tool result {how}, and {} others of the set are whole", seen.json);
                (pointer.clone(), message)
            });
        }
    }
}

/// How a text fails to be JSON that is meant to be; `None` for what only begins like it, and for what says it was cut.
fn broken(text: &str, open: bool) -> Option<&'static str> {
    /// Bytes of its end.
    const END: usize = 64;
    let inner = text[1..].trim_start();
    if inner.starts_with('\'') || inner.starts_with("{'") {
        return Some("is an object as Python prints it, with single quotes");
    }
    let end = text[text.ceil_char_boundary(text.len().saturating_sub(END))..].to_ascii_lowercase();
    let says_so = ["...", "…", "trunc", "omitted", "cut"]
        .iter()
        .any(|mark| end.contains(mark));
    (open && inner.starts_with(['"', '{']) && !says_so).then_some("ends inside its JSON")
}

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn what_is_meant_to_be_json_is_told_from_text() {
        assert!(broken("{\"a\": {\"b\": 1}", true).is_some_and(|how| how.starts_with("ends")));
        assert!(broken("[{'a': None}]", false).is_some_and(|how| how.starts_with("is")));
        for text in [
            "{\"a\": \"b...",
            "[Errno 2] no such file",
            "{a, b",
            "{\"a\": \"b [truncated]",
        ] {
            assert_eq!(broken(text, true), None, "{text}");
        }
    }
}
