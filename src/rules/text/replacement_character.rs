use memchr::memmem;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Record;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts with U+FFFD, which decoders put where they could not read a byte.
    ///
    /// ## Why it matters
    /// A letter is lost, and the model learns to write the black diamond in its place.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a caf� in Paris"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a café in Paris"}
    /// ```
    ///
    /// ## Fix
    /// Decode the source with the encoding it was written in; `errors="replace"` is what puts the character
    /// there.
    "text/replacement-character", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplacementCharacter {}

impl Rule for ReplacementCharacter {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        // What stands for a lone surrogate is that rule's to say.
        let whole = |record: &Record<'_>| !record.quirks.lone_surrogate;
        let Some(example) = row
            .example
            .filter(|_| row.chars.unseen() && row.record().is_some_and(whole))
        else {
            return;
        };
        for turn in &example.turns {
            if let Some(at) = memmem::find(turn.text.as_bytes(), "\u{FFFD}".as_bytes()) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let times = turn.text[at..].matches('\u{FFFD}').count();
                        format!("{times} times U+FFFD, first in `{}`", super::around(&turn.text, at))
                    },
                );
            }
        }
    }
}
