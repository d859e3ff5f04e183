use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::row::Chars;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;

use super::parts::garbled::{capitals, cyrillic, japanese, latin, pages};

rule_meta! {
    /// ## What it finds
    /// Texts in which UTF-8 was read as Latin-1 or Windows-1252 and written again: `cafÃ©`, `donâ€™t`,
    /// `ÐŸÑ€Ð¸Ð²ÐµÑ‚`; as a code page of a Mac, of DOS or of Central Europe; Russian read as Windows-1251; other code pages
    /// read as Latin-1 (`Ñïàñèáî`), and Latin-1 as that of DOS or a Mac (`informaþÒo`); Chinese read as GBK (`锛岃繖`),
    /// Japanese as Shift-JIS (`縺｣縺ｦ`), and `锟斤拷`, which GBK makes of characters that were lost.
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
        let Some(example) = row.example else { return };
        let beyond_ascii = |text: &str| row.chars.beyond_ascii() && !text.is_ascii();
        for turn in example.turns.iter().filter(|turn| beyond_ascii(&turn.text)) {
            if let Some(said) = said(&turn.text, row.chars) {
                out.field(&row.place, || turn.pointer(), || said);
            }
        }
        // What tools are described in is rendered as well.
        let mut found = None;
        if let Some(tools) = tools::column(example) {
            tools::texts(tools, &mut |text| {
                if found.is_none() && !text.is_ascii() {
                    found = said(text, Chars::of(text));
                }
            });
        }
        if let Some(said) = found {
            out.field(&row.place, || "/tools".to_owned(), || said);
        }
    }
}

/// What is garbled in a text.
fn said(text: &str, chars: Chars) -> Option<String> {
    let as_latin = |find: fn(&str) -> Option<&str>| find(text).filter(|_| chars.latin_1());
    let found = chars.latin_1().then(|| latin::find(text)).flatten();
    let found = found.or_else(|| cyrillic::find(text));
    if let Some((garbage, meant)) = found.or_else(|| pages::find(text)) {
        let seen = meant.trim();
        let meant = if seen.is_empty() {
            "a space".to_owned()
        } else {
            format!("`{}`", clip(seen))
        };
        return Some(format!("`{}` was {meant} before it was decoded twice", clip(garbage)));
    }
    if let Some(shown) = as_latin(pages::blank) {
        return Some(format!(
            "`{}` was a no-break space that was read as Latin-1",
            clip(shown)
        ));
    }
    if let Some(word) = as_latin(pages::other_page) {
        return Some(format!(
            "`{}` is text of another code page that was read as Latin-1",
            clip(word)
        ));
    }
    if let Some(word) = as_latin(capitals::inside_words) {
        return Some(format!(
            "`{}` is Latin-1 that was read as the code page of DOS or a Mac",
            clip(word)
        ));
    }
    if let Some(piece) = japanese::as_shift_jis(text) {
        return Some(format!(
            "`{}` is Japanese in UTF-8 that was read as Shift-JIS",
            clip(piece)
        ));
    }
    if let Some(piece) = pages::chinese(text) {
        return Some(format!("`{}` is Chinese in UTF-8 that was read as GBK", clip(piece)));
    }
    let lost = pages::lost(text)?;
    Some(format!(
        "`{lost}` stands for characters that were lost when it was decoded"
    ))
}
