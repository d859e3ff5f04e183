use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts whose lines end in a carriage return, alone or before the line feed.
    ///
    /// ## Why it matters
    /// `\r\n` is other tokens than `\n`. Where some rows have one and some the other, the model learns both,
    /// and writes carriage returns that nobody asked for.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "one line\r\nanother line\r\n"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "one line\nanother line\n"}
    /// ```
    ///
    /// ## Fix
    /// Convert the texts: `text.replace("\r\n", "\n")`. Carriage returns that are meant, as in HTTP, are fine.
    "text/carriage-return", Note
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CarriageReturn {}

impl Rule for CarriageReturn {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.carriage_return()) else {
            return;
        };
        if let Some(turn) = example.turns.iter().find(|turn| turn.text.contains('\r')) {
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    let all = turn.text.matches('\r').count();
                    let pairs = turn.text.matches("\r\n").count();
                    let all = plural(all as u64, "carriage return");
                    format!("{all}, of which {pairs} before a line feed")
                },
            );
        }
    }
}
