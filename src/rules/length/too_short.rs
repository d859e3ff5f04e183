use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Content;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Rows that say next to nothing.
    ///
    /// ## Why it matters
    /// A row of a letter or two is the rest of something that was lost. It costs a whole place in the batch,
    /// most of it padding.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "yes."}
    /// ```
    ///
    /// ## Fix
    /// Remove the rows, or set `chars` to the shortest that is meant.
    "length/too-short", Note
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TooShort {
    /// Fewest characters of a row, white space not counted, all its turns together.
    chars: usize,
}

impl Default for TooShort {
    fn default() -> Self {
        Self { chars: 3 }
    }
}

impl Rule for TooShort {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| !example.turns.is_empty()) else {
            return;
        };
        let said = || {
            example
                .turns
                .iter()
                .flat_map(|turn| turn.text.chars())
                .filter(|c| !c.is_whitespace())
        };
        let enough = said().nth(self.chars.saturating_sub(1)).is_some();
        // An empty row is another rule's to report.
        if !enough
            && said().next().is_some()
            && !example
                .turns
                .iter()
                .any(|turn| turns::says_without_text(turn) || matches!(turn.content, Content::Wrong(_)))
        {
            out.row(&row.place, || {
                format!("{} characters in all, fewer than {}", said().count(), self.chars)
            });
        }
    }
}
