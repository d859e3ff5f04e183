use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::What;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::search;

use super::round_trip;

rule_meta! {
    /// ## What it finds
    /// Messages that the chat template renders more than once.
    ///
    /// ## Why it matters
    /// What stands twice weighs twice, in length and where it is trained. Some templates put the system turn
    /// before every question; others were written for rows that hold the question elsewhere as well.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/system-twice.jinja
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders each message once.
    "template/message-doubled", Warning, needs [Tokenizer, Template]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MessageDoubled {
    /// Shortest message to look for, in bytes: short words stand in templates by right.
    bytes: usize,
}

impl Default for MessageDoubled {
    fn default() -> Self {
        Self { bytes: 20 }
    }
}

impl Rule for MessageDoubled {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            let (turn, text) = (seen.turn, seen.turn.text.trim());
            // Turns that were not found are part of what the template wrote, and may quote this one.
            if seen.at.is_none() || !seen.all_found || text.len() < self.bytes {
                return;
            }
            // Turns may quote each other; what the template wrote around them should not.
            let mut start = 0;
            let doubled = seen.encoded.parts.iter().any(|part| {
                let whole = &seen.encoded.text[start..part.end as usize];
                start = part.end as usize;
                part.what == What::Template && search::contains(whole, text)
            });
            if doubled && !quoted(row, text) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the template renders it more than once: `{}`", clip(&turn.text)),
                );
            }
        });
    }
}

/// Whether another field of a message, which the template writes as well, holds the text: a thought that takes up the
/// question.
fn quoted(row: &Row<'_>, text: &str) -> bool {
    let turns = row.example.iter().flat_map(|example| &example.turns);
    let fields = turns.filter_map(|turn| Some((turn.key, turn.raw?.as_object()?)));
    let mut others = fields.flat_map(|(key, fields)| fields.iter().filter(move |(name, _)| *name != key));
    others.any(|(_, value)| value.as_str().is_some_and(|other| search::contains(other, text)))
}
