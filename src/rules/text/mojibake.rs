use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::garbled::{cyrillic, latin, pages};

rule_meta! {
    /// ## What it finds
    /// Texts in which UTF-8 was read as Latin-1 or Windows-1252 and written again: `cafÃ©`, `donâ€™t`,
    /// `ÐŸÑ€Ð¸Ð²ÐµÑ‚`; as a code page of a Mac or of DOS; Russian read as Windows-1251; other code pages read as
    /// Latin-1 (`Ñïàñèáî`); and `锟斤拷`, which GBK makes of characters that were lost.
    ///
    /// ## Why it matters
    /// The model learns to write the garbage, and spends up to six tokens on every letter of it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Translate: coffee"}, {"role": "assistant", "content": "le cafÃ©"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Translate: coffee"}, {"role": "assistant", "content": "le café"}]}
    /// ```
    ///
    /// ## Fix
    /// Undo it where it happened: `text.encode("cp1252").decode("utf-8")`, or the `ftfy` package for texts
    /// that are so in parts.
    "text/mojibake", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mojibake {}

impl Rule for Mojibake {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.beyond_ascii()) else {
            return;
        };
        for turn in &example.turns {
            let found = row.chars.latin_1().then(|| latin::find(&turn.text)).flatten();
            let found = found.or_else(|| cyrillic::find(&turn.text));
            if let Some((garbage, meant)) = found.or_else(|| pages::find(&turn.text)) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let seen = meant.trim();
                        let meant = if seen.is_empty() {
                            "a space".to_owned()
                        } else {
                            format!("`{}`", clip(seen))
                        };
                        format!("`{}` was {meant} before it was decoded twice", clip(garbage))
                    },
                );
                continue;
            }
            let blank = row.chars.latin_1().then(|| pages::blank(&turn.text)).flatten();
            if let Some(shown) = blank {
                let message = || format!("`{}` was a no-break space that was read as Latin-1", clip(shown));
                out.field(&row.place, || turn.pointer(), message);
                continue;
            }
            let other = row.chars.latin_1().then(|| pages::other_page(&turn.text)).flatten();
            let said = match (other, pages::lost(&turn.text)) {
                (Some(word), _) => format!("`{}` is text of another code page that was read as Latin-1", clip(word)),
                (None, Some(lost)) => format!("`{lost}` stands for characters that were lost when it was decoded"),
                (None, None) => continue,
            };
            out.field(&row.place, || turn.pointer(), || said);
        }
    }
}
