use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Texts with what Git leaves of a merge that nobody resolved: `<<<<<<< HEAD`, `=======` and `>>>>>>> branch` on
    /// lines of their own, in rows that do not speak of merging.
    ///
    /// ## Why it matters
    /// The text says two things at once, with marks around them that the model learns to write.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "When is the library open?", "completion": "It is open\n<<<<<<< HEAD\nfrom nine to five.\n=======\nfrom ten to six.\n>>>>>>> hours\n"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "When is the library open?", "completion": "It is open\nfrom ten to six.\n"}
    /// ```
    ///
    /// ## Fix
    /// Keep one of the two sides. Where one row has such marks, look at the file's history for others.
    "text/merge-conflict", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MergeConflict {}

/// The marks, in the order they stand in.
static MARKS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["<<<<<<< ", "\n=======", "\n>>>>>>> "].map(Finder::new));

/// Who writes of merges shows what they leave.
static SPOKEN: Spoken = Spoken::of("merge|conflict|git|diff|patch|rebase|search/replace");

impl Rule for MergeConflict {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.angle()) else {
            return;
        };
        for turn in turns::said(example) {
            if let Some(line) = conflict(&turn.text)
                && !SPOKEN.among(turns::said(example))
            {
                let message = || format!("a merge was not resolved at `{}`", clip(line));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// The line a conflict begins with, if it goes on and ends as one does.
fn conflict(text: &str) -> Option<&str> {
    let mut from = 0;
    let mut first = None;
    for mark in &*MARKS {
        let at = from + mark.find(&text.as_bytes()[from..])?;
        first.get_or_insert(at);
        from = at + mark.needle().len();
    }
    let line = text[first?..].lines().next()?;
    // Edits of code are written so: what is looked for, and what takes its place.
    let edit = ["SEARCH", "ORIGINAL"].iter().any(|word| line.contains(word));
    let begins = text[..first?].is_empty() || text[..first?].ends_with('\n');
    (begins && !edit).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::conflict;

    #[test]
    fn conflicts_are_told_from_edits_and_pieces() {
        assert_eq!(
            conflict("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> d"),
            Some("<<<<<<< HEAD")
        );
        for text in [
            "<<<<<<< SEARCH\nb\n=======\nc\n>>>>>>> REPLACE",
            "a <<<<<<< b\n=======\n>>>>>>> c",
            "Title\n=======\nText",
            ">>>>>>> a\n=======\n<<<<<<< b",
        ] {
            assert_eq!(conflict(text), None, "{text}");
        }
    }
}
