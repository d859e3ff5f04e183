//! The regular expressions of `jinja2.lexer`: what stands at the start of a text, and how long it is.

use crate::encode::template::python::text::is_space;

pub(super) fn newlines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

pub(super) fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

pub(super) fn word(text: &str) -> Option<usize> {
    let len = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(text.len());
    (len > 0).then_some(len)
}

/// A quoted string, with its quotes.
pub(super) fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.first().filter(|quote| matches!(quote, b'\'' | b'"'))?;
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            found if found == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Digits with single underscores between them.
pub(super) fn digits(text: &str, allowed: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let underscored = byte == b'_' && at > 0 && bytes.get(at + 1).is_some_and(|&next| allowed(next));
        if !allowed(byte) && !underscored {
            break;
        }
        at += 1;
    }
    at
}

pub(super) fn float(text: &str, before: Option<char>) -> Option<(f64, usize)> {
    if before == Some('.') {
        return None;
    }
    let decimal = |byte: u8| byte.is_ascii_digit();
    let whole = digits(text, decimal);
    if whole == 0 {
        return None;
    }
    let fraction = match text[whole..].strip_prefix('.').map(|rest| digits(rest, decimal)) {
        Some(len) if len > 0 => 1 + len,
        _ => 0,
    };
    let exponent = text[whole + fraction..].strip_prefix(['e', 'E']).map_or(0, |rest| {
        let sign = usize::from(rest.starts_with(['+', '-']));
        match digits(&rest[sign..], decimal) {
            0 => 0,
            len => 1 + sign + len,
        }
    });
    let len = whole + fraction + exponent;
    if len == whole {
        return None;
    }
    Some((text[..len].replace('_', "").parse().ok()?, len))
}

pub(super) fn integer(text: &str) -> Option<(String, usize)> {
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    if radix != 10 {
        // An underscore may follow the prefix itself, as in `0x_ff`.
        let skip = 2 + usize::from(text[2..].starts_with('_'));
        let len = digits(&text[skip..], |byte| char::from(byte).is_digit(radix));
        if len > 0 {
            let plain = text[skip..skip + len].replace('_', "");
            // Beyond 128 bits it stays as it is, which is no decimal, and is refused later, by name.
            let value =
                u128::from_str_radix(&plain, radix).map_or_else(|_| text[..skip + len].into(), |v| v.to_string());
            return Some((value, skip + len));
        }
    }
    let zeros = digits(text, |byte| byte == b'0');
    let len = if zeros > 0 {
        zeros
    } else {
        digits(text, |byte| byte.is_ascii_digit())
    };
    (len > 0).then(|| {
        let plain = text[..len].replace('_', "");
        (if zeros > 0 { "0".into() } else { plain }, len)
    })
}
