use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Turns that are nothing but the word a program writes for a missing value: `nan`, `None`, `undefined`,
    /// `[object Object]`, `<noinput>`, `[deleted]`, `#REF!`; answers that are an object as Python prints it;
    /// and instructions whose input is such a word.
    ///
    /// ## Why it matters
    /// A value was missing when the row was made, and its printed form took the place of the text. The model
    /// is asked `nan`, or learns to answer it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "nan"}, {"role": "assistant", "content": "I do not understand."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "What is a NaN?"}, {"role": "assistant", "content": "A number that is none."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the value in, or leave the row out. `None`, `null` and their like are left alone where they are an
    /// answer: they may be the right one.
    "text/null-word", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NullWord {}

/// Printed forms of nothing that are never an answer either.
const ALWAYS: [&str; 15] = [
    "nan",
    "NaT",
    "[object Object]",
    "<noinput>",
    "<no response>",
    "<no answer>",
    "[deleted]",
    "[removed]",
    "(empty)",
    "\\N",
    "#REF!",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#N/A",
];
/// How answers begin that are an object as Python prints it.
const PRINTED: [&str; 5] = [
    "ChatCompletionMessage(",
    "AIMessage(content=",
    "{'role': 'assistant'",
    "<generator object ",
    "<openai.",
];
/// Those that stand for no input of an instruction; the first wherever it stands.
const INPUT: [&str; 14] = [
    "<noinput>",
    "nan",
    "NaN",
    "None",
    "null",
    "NULL",
    "<no input>",
    "noinput",
    "Noinput",
    "no input",
    "No input",
    "N/A",
    "n/a",
    "Not applicable",
];
/// Those that are a question never, an answer now and then.
const ASKED: [&str; 7] = ["None", "null", "NULL", "NaN", "undefined", "<NA>", "NoneType"];

impl Rule for NullWord {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let said = turn.trimmed();
            let missing = match turn.role {
                Role::User | Role::System => ALWAYS.contains(&said) || ASKED.contains(&said),
                Role::Assistant => ALWAYS.contains(&said) || PRINTED.iter().any(|start| said.starts_with(start)),
                _ => false,
            };
            // Alpaca's input follows the instruction on a line of its own.
            let last = || said.rsplit_once('\n').map_or("", |(_, last)| last.trim());
            let words = if example.shape == Shape::Alpaca {
                &INPUT[..]
            } else {
                &INPUT[..1]
            };
            let input = turn.role == Role::User && words.contains(&last());
            if missing || input {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let word = clip(said.lines().last().unwrap_or_default());
                        format!(
                            "the {} turn {} `{word}`",
                            turn.role.name(),
                            if input { "ends in" } else { "is" }
                        )
                    },
                );
            }
        }
    }
}
