//! Texts that are nothing but what a program calls something else by.

/// What a text is, if it is an address, the name of a file, an id or a time, and no word more.
pub(in super::super) fn is_nothing_but(said: &str) -> Option<&'static str> {
    /// Bytes of the longest; texts are longer.
    const LONGEST: usize = 512;
    if said.len() > LONGEST || said.len() < 6 || said.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return None;
    }
    let is_address = ["https://", "http://", "www.", "s3://", "gs://"]
        .iter()
        .any(|start| said.starts_with(start));
    if is_address && said.is_ascii() {
        Some("an address")
    } else if is_id(said) {
        Some("an id")
    } else if is_time(said.as_bytes()) {
        Some("a time")
    } else if is_file(said) {
        Some("the name of a file")
    } else {
        None
    }
}

/// The endings of files that hold what an answer could be.
const ENDINGS: &str = "txt|json|jsonl|csv|tsv|md|html|htm|xml|yaml|pdf|doc|docx|xls|xlsx|ppt|pptx|png|jpg|jpeg|gif|webp|svg|mp3|wav|\
    flac|mp4|avi|zip|gz|parquet|npy|pt|log";

fn is_file(said: &str) -> bool {
    let of_names = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '\\' | ':' | '~');
    let ending = said
        .rsplit_once('.')
        .map(|(name, ending)| (name, ending.to_ascii_lowercase()));
    said.chars().all(of_names)
        && ending.is_some_and(|(name, ending)| !name.is_empty() && ENDINGS.split('|').any(|known| known == ending))
}

fn is_id(said: &str) -> bool {
    is_uuid(said) || is_hash(said) || is_prefixed(said)
}

/// `123e4567-e89b-42d3-a456-426614174000`.
fn is_uuid(said: &str) -> bool {
    let parts = said.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12]) && said.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Hexadecimal digits of a hash: no word and no number.
fn is_hash(said: &str) -> bool {
    let digits = said.bytes().filter(u8::is_ascii_digit).count();
    matches!(said.len(), 24 | 32 | 40 | 56 | 64 | 96 | 128)
        && said.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits >= 4
        && digits + 2 <= said.len()
}

/// `msg_8Xk2vQ0pLz`, `row_00123`, `chatcmpl-9aB3xZ…`: a short word, and what no word is.
fn is_prefixed(said: &str) -> bool {
    let Some(at) = said.find(['_', '-']) else {
        return false;
    };
    let (word, sign, rest) = (&said[..at], &said[at..=at], &said[at + 1..]);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    // A single letter is told by the many digits behind it.
    let least = if sign == "_" && digits >= 5 { 1 } else { 2 };
    (least..=10).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.len() >= 4
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (digits == rest.len() && sign == "_" || digits < rest.len() && rest.len() >= 8 && digits >= 2)
}

/// `2024-05-01T09:30:00Z`.
fn is_time(said: &[u8]) -> bool {
    const FORM: &[u8; 16] = b"0000-00-00T00:00";
    said.len() >= FORM.len()
        && said.iter().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
        && said[FORM.len()..]
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-' | b'Z'))
}

#[cfg(test)]
mod tests {
    use super::is_nothing_but;

    #[test]
    fn what_a_program_calls_something_by() {
        for (said, what) in [
            ("https://example.org/a/17?x=1", Some("an address")),
            ("answers/2024/00417.txt", Some("the name of a file")),
            ("C:\\data\\reply.docx", Some("the name of a file")),
            ("123e4567-e89b-42d3-a456-426614174000", Some("an id")),
            ("507f1f77bcf86cd799439011", Some("an id")),
            ("msg_8Xk2vQ0pLz", Some("an id")),
            ("row_00123", Some("an id")),
            ("q_004512", Some("an id")),
            ("2024-05-01T09:30:00Z", Some("a time")),
            ("2024-05-01", None),
            ("1234567890123456789012345678901234567890", None),
            ("https://example.org has it.", None),
            ("well-known", None),
            ("covid-2019", None),
            ("Node.js", None),
            ("3.14159", None),
            ("deadbeefdeadbeefdeadbeef", None),
        ] {
            assert_eq!(is_nothing_but(said), what, "{said}");
        }
    }
}
