use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

use super::parts::invisible;

rule_meta! {
    /// ## What it finds
    /// Zero-width spaces and joiners, byte order marks, soft hyphens, direction marks and tag characters where
    /// their script has no use for them; invisible operators, object replacement characters and noncharacters.
    ///
    /// ## Why it matters
    /// They part words that look whole, so that `pass\u200bword` is other tokens than `password`, and the
    /// model learns to write them. Text made to look like other text hides behind them.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a zero\u200bwidth space"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a zero width space"}
    /// ```
    ///
    /// ## Fix
    /// Remove the characters. Joiners in emoji, Persian and Indic scripts, zero-width spaces in Thai and
    /// Khmer, and direction marks beside Arabic and Hebrew are left alone.
    "text/invisible-character", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InvisibleCharacter {}

impl Rule for InvisibleCharacter {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.unseen()) else {
            return;
        };
        for turn in &example.turns {
            let mut stray = invisible::strays(&turn.text);
            if let Some((at, found)) = stray.next() {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let (all, code) = (1 + stray.count(), u32::from(found));
                        let name = invisible::name(found);
                        let all = plural(all as u64, "invisible character");
                        format!(
                            "{all}, first {name} (U+{code:04X}) in `{}`",
                            super::around(&turn.text, at)
                        )
                    },
                );
            }
        }
    }
}
