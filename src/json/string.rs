//! The inside of a JSON string: finding its end, and undoing its escapes.

use std::borrow::Cow;

use super::wrong::{What, Wrong};

/// A string's content and where the text goes on after its closing quote.
pub(super) struct Scanned<'a> {
    pub text: Cow<'a, str>,
    pub end: usize,
    /// A surrogate escape without its partner was read as U+FFFD.
    pub lone_surrogate: bool,
}

/// Reads the string whose opening quote stands at `open`. Without escapes it is borrowed.
pub(super) fn scan(text: &str, open: usize) -> Result<Scanned<'_>, Wrong> {
    let bytes = text.as_bytes();
    let start = open + 1;
    let stop = plain_until(bytes, start);
    match bytes.get(stop) {
        Some(b'"') => Ok(Scanned {
            text: Cow::Borrowed(&text[start..stop]),
            end: stop + 1,
            lone_surrogate: false,
        }),
        Some(b'\\') => unescape(text, open, stop),
        Some(&control) => Err(wrong(stop, What::Control(control))),
        None => Err(wrong(open, What::OpenString)),
    }
}

/// Goes on at the first backslash, now with a copy.
fn unescape(text: &str, open: usize, first: usize) -> Result<Scanned<'_>, Wrong> {
    let bytes = text.as_bytes();
    let start = open + 1;
    let mut copy = String::with_capacity((first - start) * 2 + 64);
    let mut lone_surrogate = false;
    let mut from = start;
    let mut stop = first;
    loop {
        copy.push_str(&text[from..stop]);
        match bytes.get(stop) {
            Some(b'"') => {
                return Ok(Scanned {
                    text: Cow::Owned(copy),
                    end: stop + 1,
                    lone_surrogate,
                });
            }
            Some(b'\\') => {
                let (character, end) = match bytes.get(stop + 1) {
                    Some(b'n') => ('\n', stop + 2),
                    Some(b'"') => ('"', stop + 2),
                    Some(b'\\') => ('\\', stop + 2),
                    Some(b't') => ('\t', stop + 2),
                    Some(b'/') => ('/', stop + 2),
                    Some(b'r') => ('\r', stop + 2),
                    Some(b'b') => ('\u{8}', stop + 2),
                    Some(b'f') => ('\u{c}', stop + 2),
                    Some(b'u') => unicode(bytes, stop)?,
                    Some(_) => return Err(wrong(stop, What::Escape)),
                    None => return Err(wrong(open, What::OpenString)),
                };
                // U+FFFD may also be written as itself, `\ufffd`: then it is not a surrogate.
                lone_surrogate |= character == char::REPLACEMENT_CHARACTER && is_surrogate(bytes, stop);
                copy.push(character);
                from = end;
            }
            Some(&control) => return Err(wrong(stop, What::Control(control))),
            None => return Err(wrong(open, What::OpenString)),
        }
        stop = plain_until(bytes, from);
    }
}

/// The character of the `\u` escape at `at`, with its low half if it is a pair, and where it ends.
fn unicode(bytes: &[u8], at: usize) -> Result<(char, usize), Wrong> {
    let unit = hex(bytes, at).ok_or(wrong(at + 1, What::UnicodeEscape))?;
    let end = at + 6;
    if let 0xD800..=0xDBFF = unit
        && bytes.get(end..end + 2) == Some(b"\\u")
        && let Some(low @ 0xDC00..=0xDFFF) = hex(bytes, end)
    {
        let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        return Ok((char::from_u32(code).expect("a pair is a character"), end + 6));
    }
    Ok((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), end))
}

fn is_surrogate(bytes: &[u8], at: usize) -> bool {
    matches!(hex(bytes, at), Some(0xD800..=0xDFFF))
}

/// The four hex digits of the escape whose backslash stands at `at`.
fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at + 2..at + 6)?
        .iter()
        .try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
}

/// Index of the first byte from `from` on that ends a plain run: a quote, a backslash or a control
/// character; the length if there is none.
///
/// Eight bytes at a time: strings are most of a row, and this loop is most of reading one.
fn plain_until(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = from;
    let (words, _) = bytes[from..].as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // A borrow can set a bit above a true one, never below: the lowest is right.
        let hits = (quote | backslash | control) & HIGH;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    bytes[at..]
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        .map_or(bytes.len(), |index| at + index)
}

fn wrong(at: usize, what: What) -> Wrong {
    Wrong { at, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_where_a_slow_search_says() {
        let ends = [b'"', b'\\', 0x1f, 0x00, b'\n'];
        for length in 0..40 {
            for filler in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                let mut bytes = vec![filler; length];
                assert_eq!(plain_until(&bytes, 0), length);
                for end in ends {
                    for at in 0..length {
                        bytes[at] = end;
                        assert_eq!(plain_until(&bytes, 0), at, "{filler:#x} {end:#x}");
                        bytes[at] = filler;
                    }
                }
            }
        }
    }
}
