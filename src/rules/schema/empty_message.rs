use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Role, Shape};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{outliers, turns};
use crate::sketch::few::Few;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// User turns, prompts and texts that are empty, white space or a row of dots; instructions that are empty, beside an
    /// input, where nearly all other rows have one; and inputs that are empty or missing where 99 rows of 100 have one.
    ///
    /// ## Why it matters
    /// The answer is trained as one to nothing: whatever was asked is lost. An empty text trains its
    /// end-of-text token only.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "It was a dark and stormy night."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How does it begin?"}, {"role": "assistant", "content": "It was a dark and stormy night."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the text in or remove the row. An empty system turn or tool result is fine.
    "schema/empty-message", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EmptyMessage {}

/// Rows below which nothing is said of an input that is not there.
const LEAST: u64 = 100;
/// Of so many rows one may lack its input, or a single one.
const PER: u64 = 100;

/// Whether a text is nothing but dots or dashes, three at least: a mark of a question or of surprise may be one.
fn says_nothing(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|byte| matches!(byte, b'.' | b'-' | b'_'))
}

impl Rule for EmptyMessage {
    const META: RuleMeta = META;
    /// Rows of Alpaca's layout; those whose instruction is empty while the input is not; and those without an input, and
    /// whether they have the column.
    type State = (u64, (Few<()>, Strays<bool>));
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (rows, (uninstructed, without_input)): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example else { return };
        if example.shape == Shape::Alpaca {
            *rows += 1;
            let instruction = row
                .record()
                .and_then(|record| record.value.get("instruction")?.as_str());
            let asks = example
                .turns
                .iter()
                .any(|turn| turn.role == Role::User && !turn.trimmed().is_empty());
            if asks && instruction.is_some_and(|instruction| instruction.trim().is_empty()) {
                uninstructed.offer(&row.place, || ());
            }
            let input = row.record().and_then(|record| record.value.get("input"));
            if input.is_none_or(|input| input.is_null() || input.as_str().is_some_and(|input| input.trim().is_empty()))
            {
                without_input.offer(&row.place, || input.is_some());
            }
        }
        for turn in example
            .turns
            .iter()
            .filter(|turn| matches!(turn.role, Role::User | Role::Text))
        {
            let absent = matches!(turn.content, Content::Text | Content::Parts) && turn.trimmed().is_empty();
            // Later on a silence may be meant.
            let first = example.turns.iter().find(|turn| turn.role == Role::User);
            if first.is_some_and(|first| std::ptr::eq(first, turn)) && says_nothing(turn.trimmed()) {
                let message = || format!("the user turn is `{}` and nothing else", clip(turn.trimmed()));
                out.field(&row.place, || turn.pointer(), message);
            }
            if absent && !turns::says_without_text(turn) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let what = if turn.role == Role::Text { "text" } else { "user turn" };
                        format!("the {what} is empty, {} bytes of white space", turn.text.len())
                    },
                );
            }
        }
    }

    fn finish(&self, (rows, (uninstructed, without_input)): Self::State, _: &Setup, out: &mut Findings) {
        let inputs = rows - without_input.count();
        for (place, has_column) in without_input
            .rows()
            .filter(|_| rows >= LEAST && without_input.are_few(PER, rows))
        {
            let others = format!("and {inputs} of {rows} rows have one");
            match has_column {
                true => out.field(
                    place,
                    || "/input".to_owned(),
                    || format!("the input is empty, {others}"),
                ),
                false => out.row(place, || format!("the column `input` is missing, {others}")),
            }
        }
        // Where many rows have none, the input is the instruction.
        if uninstructed.count() * 10 > rows {
            return;
        }
        let others = rows - uninstructed.count();
        outliers::report(&uninstructed, out, |()| {
            let message = format!("the instruction is empty beside an input, and {others} of {rows} rows have one");
            ("/instruction".to_owned(), message)
        });
    }
}
