use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers with three hundred characters of base64 and more in a piece: a picture, a file, a key, as
    /// `data:image/png;base64,…` or bare.
    ///
    /// ## Why it matters
    /// To a model of texts they are noise of many tokens. It learns to write bytes that decode to nothing.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "How do I take leave?", "completion": "As the portal says: ![](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAMgAAADICAYAAACtWK6eAAAACXBIWXMAAAsTAAALEwEAmpwYAAAF8WlUWHRYTUw6Y29tLmFkb2JlLnhtcAAAAAAAPD94cGFja2V0IGJlZ2luPSLvu78iIGlkPSJXNU0wTXBDZWhpSHpyZVN6TlRjemtjOWQiPz4gPHg6eG1wbWV0YSB4bWxuczp4PSJhZG9iZTpuczptZXRhLyIgeDp4bXB0az0iQWRvYmUgWE1QIENvcmUgNS42LWMxNDIgNzkuMTYwOTI0LCAyMDE3LzA3LzEzLTAxOjA2OjM5ICAgICAgICAiPiA8cmRmOlJERiB4bWxuczpyZGY9)"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "How do I take leave?", "completion": "As the portal says, with the form of your team."}
    /// ```
    ///
    /// ## Fix
    /// Take the data out where the rows are made, or the picture out of the page. Rows that ask for data, pictures, keys or
    /// code are left alone.
    "text/encoded-data", Note
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EncodedData {}

/// The fewest characters of base64.
const LEAST: usize = 300;

/// Words of rows that ask for such data.
static ASKED: Spoken = Spoken::of(
    "base64|encod|decod|encrypt|cipher|certificate|key|token|hash|image|picture|photo|icon|logo|svg|png|qr|binary|data:|\
    code|script|function|html|图|编码|加密|密钥|证书|画像|이미지|изображ|картинк|imagen|imagem|bild",
);

/// Words of rows that ask for data in an address.
static EMBEDDED: Spoken = Spoken::of("base64|data:|html|css|svg|image|img|icon|logo|markdown|encod|图|imagen|bild");

impl Rule for EncodedData {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example) {
            let (uri, data) = (of_address(&turn.text), find(&turn.text));
            let Some(data) = uri.or(data) else { continue };
            let words = if uri.is_some() { &EMBEDDED } else { &ASKED };
            let asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
            if !words.among(asked) {
                let message = || format!("{} characters of base64, `{}`", data.len(), clip(data));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// The base64 of an address that is all data: `data:image/png;base64,…`.
fn of_address(text: &str) -> Option<&str> {
    const SHORTEST: usize = 100;
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(";base64,"));
    let start = MARK.find(text.as_bytes())?;
    let data = &text[start + MARK.needle().len()..];
    let of_data = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let end = data.find(|c| !of_data(c)).unwrap_or(data.len());
    let named = text[..start].rfind("data:").is_some_and(|at| start - at <= 40);
    (named && end >= SHORTEST).then(|| &data[..end])
}

/// The first such piece. One of that length stands over one of the places that are looked at.
fn find(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let of_data = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut at = LEAST - 1;
    while at < bytes.len() {
        if of_data(&bytes[at]) {
            let start = at - bytes[..at].iter().rev().take_while(|byte| of_data(byte)).count();
            let end = at + bytes[at..].iter().take_while(|byte| of_data(byte)).count();
            let piece = &text[start..end];
            if piece.len() >= LEAST && is_drawn(piece.as_bytes()) {
                return Some(piece);
            }
            at = at.max(end - 1);
        }
        at += LEAST;
    }
    None
}

/// Whether letters of both cases and digits are mixed as bytes mix them; neither words, numbers nor a sequence of DNA.
fn is_drawn(piece: &[u8]) -> bool {
    let count = |of: fn(&u8) -> bool| piece.iter().filter(|byte| of(byte)).count();
    let small = count(u8::is_ascii_lowercase);
    let large = count(u8::is_ascii_uppercase);
    let digits = count(u8::is_ascii_digit);
    let mut kinds = [false; 256];
    for byte in piece {
        kinds[usize::from(*byte)] = true;
    }
    let kinds = kinds.iter().filter(|kind| **kind).count();
    small * 6 >= piece.len() && large * 6 >= piece.len() && digits * 30 >= piece.len() && kinds >= 32
}

#[cfg(test)]
mod tests {
    use super::{LEAST, find};

    #[test]
    fn data_are_told_from_long_words() {
        let drawn = |length: usize| -> String {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            (0..length)
                .map(|at| char::from(letters[(at * 29 + at / 63) % 64]))
                .collect()
        };
        for before in [0, 1, 150, 299, 300, 4000] {
            let text = format!("{} {} so", "a ".repeat(before), drawn(LEAST));
            assert!(find(&text).is_some(), "{before}");
        }
        for text in [
            format!("as {} so", drawn(LEAST - 1)),
            "ACGT".repeat(200),
            "9f3a".repeat(200),
            "haHA".repeat(200),
            "/usr/Local/bin42".repeat(40),
        ] {
            assert_eq!(find(&text), None, "{text}");
        }
    }
}
