use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr_iter, memchr2_iter};
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Texts that were escaped once too often: a backslash and an `n` where a line should end, `\u00e9` for é,
    /// `&lt;` and `&#39;` for the characters of HTML.
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
            if !may_have_one(text.as_bytes()) {
                continue;
            }
            if let Some((at, escape)) = find(text) {
                let message = || format!("`{escape}` is an escape, in `{}`", super::around(text, at));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// Whether anything in a text begins as an escape does.
fn may_have_one(text: &[u8]) -> bool {
    QUOTED.find(text).is_some()
        || memchr2_iter(b'\\', b'&', text).any(|at| match (text[at], text.get(at + 1)) {
            (b'\\', Some(next)) => matches!(next, b'n' | b'u' | b'x' | b'3'),
            (_, Some(next)) => *next == b'#' || next.is_ascii_alphabetic(),
            _ => false,
        })
}

/// The first escape in a text that is no code and has no markup.
fn find(text: &str) -> Option<(usize, &str)> {
    const CODE: [&str; 7] = ["`", "</", "/>", "\\begin", "regex", "print(", "def "];
    let found = line_end(text)
        .or_else(|| letter(text))
        .or_else(|| byte(text))
        .or_else(|| entity(text))
        .or_else(|| quoted(text))?;
    let quiet = CODE.iter().any(|mark| text.contains(mark)) || speaks_of_markup(text);
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

/// An escaped letter of a word.
fn letter(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    memchr_iter(b'\\', bytes).find_map(|at| {
        let escape = text.get(at..at + 6)?;
        let code = u32::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()?;
        let letter = char::from_u32(code).is_some_and(char::is_alphabetic) && code > 0x7F;
        let in_word =
            at > 0 && (bytes[at - 1].is_ascii_lowercase() || at >= 6 && text.get(at - 6..at - 4) == Some("\\u"));
        (letter && in_word).then_some((at, escape))
    })
}

/// The first of two bytes and more that are a letter of a word in UTF-8: `\xc3\xa9`, `\303\251`.
fn byte(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let escaped = |at: usize| {
        let digits = text.get(at + 1..at + 4)?;
        let byte = match digits.strip_prefix('x') {
            Some(hex) => u8::from_str_radix(hex, 16),
            None => u8::from_str_radix(digits, 8),
        };
        byte.ok().filter(|_| bytes[at] == b'\\')
    };
    memchr_iter(b'\\', bytes).find_map(|at| {
        escaped(at).filter(|byte| (0xC3..0xF0).contains(byte))?;
        let next = (at + 4 < bytes.len()).then(|| escaped(at + 4)).flatten()?;
        let in_word = at > 0 && bytes[at - 1].is_ascii_alphabetic();
        (in_word && (0x80..0xC0).contains(&next)).then(|| (at, &text[at..at + 8]))
    })
}

/// An entity of HTML in a text without tags.
fn entity(text: &str) -> Option<(usize, &str)> {
    memchr_iter(b'&', text.as_bytes()).find_map(|at| {
        let entity = ENTITIES.iter().find(|entity| text[at..].starts_with(**entity))?;
        (!text.contains('<')).then(|| (at, &text[at..at + entity.len()]))
    })
}

/// How mails write the first two bytes of quotation marks and dashes: `don=E2=80=99t`.
static QUOTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("=E2=80="));

/// The first of them.
fn quoted(text: &str) -> Option<(usize, &str)> {
    let at = QUOTED.find(text.as_bytes())?;
    Some((at, &text[at..at + "=E2=80".len()]))
}

fn speaks_of_markup(text: &str) -> bool {
    const WORDS: [&str; 8] = ["html", "xml", "entit", "escape", "unicode", "http", "json", " mean"];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
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
            ("I don=E2=80=99t know", "=E2=80"),
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
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
