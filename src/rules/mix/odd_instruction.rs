use std::collections::BTreeMap;

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::parts::shared_text::Shared;
use crate::finding::Findings;
use crate::model::example::{Role, Shape, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// The few rows without a system prompt, or with an empty one, in a file of which 99 rows of 100 have one; and those with
    /// a system prompt or an `instruction` of their own, where nearly all rows share one text, or a few texts. Files of fewer
    /// than 100 rows are left alone, and so are all rows if more than one in a hundred is such.
    ///
    /// ## Why it matters
    /// The row comes from another set, its columns were swapped, or the prompt was lost on the way. The model learns the task
    /// without being told it, or to do it when told something else; many chat templates write a system prompt of their own
    /// where a row has none.
    ///
    /// ## Example
    /// ```text
    /// 99 rows with the system prompt "You are a waiter. Be brief.", and this one:
    /// {"messages": [{"role": "user", "content": "A latte, please."}, {"role": "assistant", "content": "Hot or iced?"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "system", "content": "You are a waiter. Be brief."}, {"role": "user", "content": "A latte, please."}, {"role": "assistant", "content": "Hot or iced?"}]}
    /// ```
    ///
    /// ## Fix
    /// Give the row the prompt of the others, or remove it if it is of another task.
    "mix/odd-instruction", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddInstruction {}

impl Rule for OddInstruction {
    const META: RuleMeta = META;
    /// By source: system prompts, and instructions in Alpaca's layout.
    type State = BTreeMap<u32, (Shared, Shared)>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| !example.turns.is_empty()) else {
            return;
        };
        let (systems, instructions) = files.entry(row.place.source).or_default();
        let mut said = example.turns.iter().filter(|turn| turn.role == Role::System);
        let first = said.clone().next();
        match (row.system, said.find(|turn| !turn.trimmed().is_empty())) {
            (Some(hash), Some(turn)) => systems.has(&row.place, hash, turn.trimmed(), || turn.pointer()),
            _ => systems.lacks(&row.place, first.map(Turn::pointer)),
        }
        if example.shape == Shape::Alpaca
            && let Some(turn) = example.turns.iter().rfind(|turn| turn.role == Role::User)
            && let Some(text) = row.record().and_then(|record| record.value.get(turn.field)?.as_str())
            && !text.trim().is_empty()
        {
            instructions.has(&row.place, xxh3_64(text.as_bytes()), text.trim(), || turn.pointer());
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for (systems, instructions) in files.into_values() {
            for (place, pointer, others) in systems.without() {
                let what = if pointer.is_some() { "is empty" } else { "is missing" };
                let message = format!("the system prompt {what}, and {others} other rows have one");
                match pointer {
                    Some(pointer) => out.field(place, || pointer.clone(), || message),
                    None => out.row(place, || message),
                }
            }
            for (what, texts) in [("system prompt", systems), ("instruction", instructions)] {
                let Some((usual, rows)) = texts.own() else { continue };
                let of = match usual.texts {
                    1 => String::new(),
                    several => format!(", one of {several} that rows share"),
                };
                for (place, text, pointer) in rows {
                    let (times, all, other) = (usual.times, usual.rows, &usual.text);
                    let message = || format!("the {what} is `{text}`; in {times} of {all} rows it is `{other}`{of}");
                    out.field(place, || pointer.to_owned(), message);
                }
            }
        }
    }
}
