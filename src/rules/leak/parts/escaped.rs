//! Answers inside JSON that a turn quotes, as tool results and records do: line breaks and quotes are escaped there.

use std::ops::Range;

use memchr::{memchr, memmem};

/// Where a text stands in another as JSON writes it: as `json.dumps` does, which escapes all that is not ASCII, or with
/// other scripts left as they are. The last place. A text without anything to escape is not looked for.
pub(in super::super) fn find(wanted: &str, among: &str) -> Option<Range<usize>> {
    memchr(b'\\', among.as_bytes())?;
    let quoted = serde_json::to_string(wanted).ok()?;
    let plain = &quoted[1..quoted.len() - 1];
    let ascii = ascii(plain);
    let mut both = [plain, ascii.as_str()].into_iter().filter(|escaped| *escaped != wanted);
    both.find_map(|escaped| {
        let start = memmem::rfind(among.as_bytes(), escaped.as_bytes())?;
        Some(start..start + escaped.len())
    })
}

fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::find;

    /// As `json.dumps` and `json.dumps(ensure_ascii=False)` of Python 3.12 write it.
    #[test]
    fn a_text_is_found_as_json_writes_it() {
        let wanted = "Sie sagte \"ja\".\nDann: 3 €, 😀";
        let dumped = r#"{"text": "Sie sagte \"ja\".\nDann: 3 \u20ac, \ud83d\ude00"}"#;
        let plain = r#"{"text": "Sie sagte \"ja\".\nDann: 3 €, 😀"}"#;
        assert_eq!(find(wanted, dumped).map(|at| at.end), Some(dumped.len() - 2));
        assert_eq!(find(wanted, plain).map(|at| at.end), Some(plain.len() - 2));
        assert_eq!(find("ja", r#"{"text": "ja\n"}"#), None, "nothing to escape");
        assert_eq!(find(wanted, wanted), None);
    }
}
