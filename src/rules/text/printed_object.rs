use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::excused::{Excuse, Excused};
use super::parts::printed::{is_data, is_listed, is_printed, speaks_of_lists};

rule_meta! {
    /// ## What it finds
    /// Answers that are an object as a program prints it, where what it holds was meant: `ChatCompletionMessage(…)`,
    /// `content='…' additional_kwargs={}`, `{'role': 'assistant', …}`, bytes (`b'…'`), a column of pandas, a list of one
    /// sentence (`['…']`).
    ///
    /// ## Why it matters
    /// The script that made the row wrote down the object and not its text. The model learns to write the wrapping.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Name a river of Peru."}, {"role": "assistant", "content": "content='The Ucayali.' additional_kwargs={} response_metadata={}"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Name a river of Peru."}, {"role": "assistant", "content": "The Ucayali."}]}
    /// ```
    ///
    /// ## Fix
    /// Take the text out of the object where the rows are made: `message.content`, `data.decode()`, `texts[0]`. A list
    /// is left alone where lists or code are spoken of.
    "text/printed-object", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PrintedObject {}

impl Rule for PrintedObject {
    const META: RuleMeta = META;
    type State = Excused;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, excused: &mut Excused, out: &mut Findings) {
        let Some(example) = row.example else { return };
        excused.see(row);
        let answers = example.turns.iter().filter(|turn| turn.role == Role::Assistant);
        for turn in answers.filter(|turn| !turn.has_tool_calls()) {
            let said = turn.trimmed();
            let (what, excuse) = if is_printed(said) {
                ("an object as a program prints it", Excuse::Nothing)
            } else if is_listed(said) {
                ("a list of one sentence", speaks_of_lists(example))
            } else if is_data(said) {
                // Where other answers are, one of one sentence is as well.
                ("", Excuse::Asked)
            } else {
                continue;
            };
            let shown = said.lines().next().unwrap_or_default();
            let message = || format!("the answer is {what}, `{}`", clip(shown));
            excused.judge(row, excuse, out, || turn.pointer(), message);
        }
    }

    fn finish(&self, excused: Excused, _: &Setup, out: &mut Findings) {
        excused.report(out);
    }
}
