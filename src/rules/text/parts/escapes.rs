//! Escapes of letters and of line ends that nothing but a program writes: `\u00e9`, `\xc3\xa9`, `=C3=A9`, `_x000D_`.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr_iter, memchr2};

/// How mails write the first two bytes of quotation marks and dashes: `don=E2=80=99t`.
static QUOTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("=E2=80="));
/// How tables of Excel write a carriage return.
static RETURN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("_x000D_"));
/// How colours of a terminal end, without the control character before them.
static COLOUR_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("[0m"));

/// The first escape of a letter, or of what else only a program writes.
pub(in super::super) fn of_letters(text: &str) -> Option<(usize, &str)> {
    letter(text)
        .or_else(|| byte(text))
        .or_else(|| blank(text))
        .or_else(|| quoted(text))
        .or_else(|| carriage_return(text))
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

/// A blank that is no ASCII, or a mark of order, as Python prints them inside a word or between two: `\xa0`, `\u200b`.
fn blank(text: &str) -> Option<(usize, &str)> {
    const BLANKS: [&str; 7] = [
        "\\xa0", "\\u00a0", "\\u200b", "\\u3000", "\\ufeff", "\\u2009", "\\u202f",
    ];
    let is_said = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | ' ' | '。'));
    memchr_iter(b'\\', text.as_bytes()).find_map(|at| {
        let blank = BLANKS.iter().find(|blank| text[at..].starts_with(**blank))?;
        let (before, after) = (text[..at].chars().next_back(), text[at + blank.len()..].chars().next());
        (is_said(before) && is_said(after)).then(|| (at, &text[at..at + blank.len()]))
    })
}

/// What mails write in the place of a letter, three times at least: `Skr=C3=BDval`.
fn quoted(text: &str) -> Option<(usize, &str)> {
    const SEVERAL: usize = 3;
    const LENGTH: usize = "=C3=A9".len();
    if let Some(at) = QUOTED.find(text.as_bytes()) {
        return Some((at, &text[at..at + QUOTED.needle().len()]));
    }
    let bytes = text.as_bytes();
    let letters = memchr_iter(b'=', bytes).filter(|at| is_quoted(&bytes[*at..]));
    let (mut first, mut count, mut numbered) = (None, 0, false);
    for at in letters {
        count += 1;
        first.get_or_insert(at);
        // `AB=CD=BF` has the letters of points.
        numbered |= bytes[at..at + LENGTH].iter().any(u8::is_ascii_digit);
        if count >= SEVERAL && numbered {
            return first.map(|at| (at, &text[at..at + LENGTH]));
        }
    }
    None
}

/// Whether two bytes of UTF-8 stand here as mails write them.
pub(in super::super) fn is_quoted(bytes: &[u8]) -> bool {
    let byte = |at: usize| {
        let digits = bytes.get(at..at + 3)?.strip_prefix(b"=")?;
        let upper = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
        let digits = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(upper))?;
        u8::from_str_radix(digits, 16).ok()
    };
    byte(0).is_some_and(|byte| (0xC3..0xF0).contains(&byte)) && byte(3).is_some_and(|byte| (0x80..0xC0).contains(&byte))
}

/// A carriage return as Excel's files write it.
pub(in super::super) fn carriage_return(text: &str) -> Option<(usize, &str)> {
    let at = RETURN.find(text.as_bytes())?;
    Some((at, &text[at..at + "_x000D_".len()]))
}

/// The first colour of a terminal whose control character was lost, in a text that has no code for one: `[31mfailed[0m`.
pub(in super::super) fn colour(text: &str) -> Option<(usize, &str)> {
    const CODE: [&str; 7] = ["033[", "x1b", "x1B", "\\e[", "u001b", "u001B", "ESC"];
    let bytes = text.as_bytes();
    let end = COLOUR_END.find(bytes)?;
    let opens = |at: &usize| {
        let inner = &text[at + 1..end];
        let numbers = inner.find('m').map(|close| &inner[..close]);
        let apart = *at == 0 || bytes[at - 1].is_ascii_whitespace();
        let number = |byte: u8| byte.is_ascii_digit() || byte == b';';
        apart && numbers.is_some_and(|numbers| (1..=8).contains(&numbers.len()) && numbers.bytes().all(number))
    };
    let at = memchr_iter(b'[', &bytes[..end]).find(opens)?;
    let close = at + text[at..].find('m')? + 1;
    let lost = memchr2(0x1B, 0x9B, bytes).is_none() && !CODE.iter().any(|sign| text.contains(sign));
    lost.then(|| (at, &text[at..close]))
}
