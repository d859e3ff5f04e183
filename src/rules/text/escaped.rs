use memchr::{memchr_iter, memchr3_iter};
use serde::Deserialize;

use super::parts::escapes;
use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Texts that were escaped once too often: a backslash and an `n` where a line should end, `\u00e9` for é,
    /// `&lt;` and `&#39;` for the characters of HTML, `=C3=A9` as mails write it, `_x000D_` as tables of Excel do; and
    /// answers with the colours of a terminal whose control character was lost, `[31mfailed[0m`. Code, and texts that
    /// speak of escapes, are left alone.
    ///
    /// ## Why it matters
    /// The model reads and writes the escapes, and whoever uses it sees them.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "List two teas.", "completion": "Two teas:\\n\\nDarjeeling\\nAssam"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "List two teas.", "completion": "Two teas:\n\nDarjeeling\nAssam"}
    /// ```
    ///
    /// ## Fix
    /// Unescape the texts once where the rows are made: `html.unescape(text)`, or `json.loads` once more.
    "text/escaped", Note, above 0.1 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Escaped {}

/// Entities that stand for characters of plain text.
const ENTITIES: [&str; 24] = [
    "&lt;", "&gt;", "&quot;", "&amp;", "&#39;", "&#039;", "&#x27;", "&nbsp;", "&eacute;", "&egrave;", "&agrave;",
    "&ccedil;", "&auml;", "&ouml;", "&uuml;", "&szlig;", "&ntilde;", "&rsquo;", "&lsquo;", "&rdquo;", "&ldquo;",
    "&mdash;", "&ndash;", "&hellip;",
];

impl Rule for Escaped {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::said(example) {
            let text = turn.text.as_ref();
            let may = may_have_one(text.as_bytes()) || escapes::carriage_return(text).is_some();
            let escape = may.then(|| find(text)).flatten();
            // People paste what a terminal shows.
            let colour = || {
                let written = matches!(turn.role, Role::Assistant | Role::Text) && row.chars.bracket();
                written.then(|| escapes::colour(text)).flatten()
            };
            if let Some((at, escape)) = escape.or_else(colour) {
                let message = || format!("`{escape}` is an escape, in `{}`", super::around(text, at));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// Whether anything in a text begins as an escape does.
fn may_have_one(text: &[u8]) -> bool {
    memchr3_iter(b'\\', b'&', b'=', text).any(|at| match (text[at], text.get(at + 1)) {
        (b'\\', Some(next)) => matches!(next, b'n' | b'u' | b'x' | b'3'),
        (b'&', Some(next)) => *next == b'#' || next.is_ascii_alphabetic(),
        (b'=', _) => escapes::is_quoted(&text[at..]),
        _ => false,
    })
}

/// The first escape in a text that is no code and has no markup.
fn find(text: &str) -> Option<(usize, &str)> {
    const CODE: [&str; 7] = ["`", "</", "/>", "\\begin", "regex", "print(", "def "];
    const LETTERS: [&str; 6] = ["html", "xml", "escape", "unicode", "encod", "json"];
    const MARKUP: [&str; 9] = [
        "html", "xml", "entity", "entities", "escape", "unicode", "http", "json", " mean",
    ];
    let of_letters = escapes::of_letters(text).map(|found| (found, &LETTERS[..]));
    let of_markup = || {
        let found = line_end(text).or_else(|| entity(text))?;
        Some((found, &MARKUP[..]))
    };
    let (found, words) = of_letters.or_else(of_markup)?;
    let quiet = CODE.iter().any(|mark| text.contains(mark)) || speaks_of_markup(text, words);
    (!quiet).then_some(found)
}

/// Escaped line ends in a text that has no others.
fn line_end(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    // `\nu` and `\neq` are mathematics, `\n"` ends a string of code, and `C:\new` is a path.
    let is_one = |at: usize| {
        let apart = |byte: Option<&u8>| {
            byte.is_none_or(|byte| byte.is_ascii_uppercase() || !byte.is_ascii() || b"\\ -*1".contains(byte))
        };
        bytes.get(at + 1) == Some(&b'n') && apart(bytes.get(at + 2)) && at > 0 && bytes[at - 1] != b'\\'
    };
    let mut found = memchr_iter(b'\\', bytes).filter(|at| is_one(*at));
    let first = found.next()?;
    let several = found.next().is_some();
    (several && !text.contains('\n') && !text.contains('$')).then(|| (first, &text[first..first + 2]))
}

/// An entity of HTML in a text without tags.
fn entity(text: &str) -> Option<(usize, &str)> {
    memchr_iter(b'&', text.as_bytes()).find_map(|at| {
        let entity = ENTITIES.iter().find(|entity| text[at..].starts_with(**entity))?;
        (!text.contains('<')).then(|| (at, &text[at..at + entity.len()]))
    })
}

/// Whether a text speaks of such escapes, or of what has them; those of HTML stand in addresses as well.
fn speaks_of_markup(text: &str, words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn escapes_in_prose_are_found() {
        for (text, escape) in [
            ("Two teas:\\n\\nOne\\nTwo", "\\n"),
            ("a caf\\u00e9 in Paris", "\\u00e9"),
            ("&lt;b&gt; it&#39;s", "&lt;"),
            ("it&#39;s fine", "&#39;"),
            ("Le caf&eacute; est ferm&eacute;", "&eacute;"),
            ("Le caf\\xc3\\xa9 noir", "\\xc3\\xa9"),
            ("Le caf\\303\\251 noir", "\\303\\251"),
            ("The\\xa0external\\xa0transfer fee", "\\xa0"),
            ("I don=E2=80=99t know", "=E2=80="),
            ("Znalost =C4=8De=C5=A1tiny je ov=C4=9B=C5=99ena", "=C4=8D"),
            ("Both are entitled to leave._x000D_\nSo it is._x000D_", "_x000D_"),
            ("projekt\\u016f (https://example.org/x)", "\\u016f"),
        ] {
            assert_eq!(find(text).map(|(_, escape)| escape), Some(escape), "{text}");
        }
    }

    #[test]
    fn code_and_mathematics_are_left_alone() {
        for text in [
            "$\\nu + \\nabla \\neq 0$",
            "print(\"a\\nb\\n\")",
            "a\\nB\\nC\nand a line of its own",
            "split it at `\\n` and `\\n`",
            "matches [\\u4e00-\\u9fa5]",
            "<b>x &amp; y</b>",
            "write &lt; in HTML",
            "AT&T and R&D",
            "C:\\new\\nodes",
            "where $AB=AC=BD=CD=BC=4$, and AE=CF=84",
            "AB=CD=BF, then BF=CE=AB and BF=DE=AF",
            "a query ?q=C3 of A1=C3",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
