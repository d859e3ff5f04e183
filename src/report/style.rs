//! How numbers and untrusted texts are written.

use std::borrow::Cow;

/// `24,518`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `41.2 MB`
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `41.2M`, for token counts.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn short(number: u64) -> String {
    match number {
        0..10_000 => count(number),
        10_000..1_000_000 => format!("{:.0}k", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", number as f64 / 1e6),
        _ => format!("{:.2}G", number as f64 / 1e9),
    }
}

/// `2e-5`, `1.53e-6`, `0.01`: a learning rate to three digits.
pub fn rate(rate: f64) -> String {
    if rate == 0.0 || rate >= 1e-3 {
        let shown = format!("{rate:.6}");
        return shown.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let shown = format!("{rate:.2e}");
    match shown.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        None => shown,
    }
}

/// A share as per cent, with as many digits as it takes to not be 0: `4.9 %`, `0.02 %`.
/// What is not all is never shown as 100 %.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = if value == 0.0 || value >= 9.95 {
        usize::from(value > 0.0 && value < 100.0 && value > 99.5)
    } else if value >= 0.095 {
        1
    } else {
        2
    };
    let shown = format!("{value:.digits$}");
    if share < 1.0 && shown.trim_end_matches('0').trim_end_matches('.') == "100" {
        return ">99.9 %".to_owned();
    }
    if share > 0.0 && shown.chars().all(|c| c == '0' || c == '.') {
        return "<0.01 %".to_owned();
    }
    format!("{shown} %")
}

/// `1 row`, `24,518 rows`
pub fn counted(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", count(number))
}

/// A text from the data, made safe for a terminal: control characters are shown, not sent.
pub fn visible(text: &str) -> Cow<'_, str> {
    let unsafe_char = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    if !text.contains(unsafe_char) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push('→'),
            c if unsafe_char(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// At most `chars` characters, with `…` for what is left out.
pub fn shortened(text: &str, chars: usize) -> Cow<'_, str> {
    if text.char_indices().nth(chars).is_none() {
        Cow::Borrowed(text)
    } else {
        let end = text.char_indices().nth(chars.saturating_sub(1)).map_or(0, |(at, _)| at);
        Cow::Owned(format!("{}…", &text[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(41_200_000), "41.2 MB");
        assert_eq!(bytes(999_999_999), "1.0 GB");
        assert_eq!(short(18_900_000), "18.9M");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(
            [0.0, 2e-5, 1.534e-6, 0.01, 0.0021].map(rate),
            ["0", "2e-5", "1.53e-6", "0.01", "0.0021"]
        );
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_all() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.049), "4.9 %");
        assert_eq!(percent(0.000_2), "0.02 %");
        assert_eq!(percent(0.000_000_1), "<0.01 %");
        assert_eq!(percent(0.999_99), ">99.9 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.089), "8.9 %");
        assert_eq!(percent(1.42), "142 %");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\n\u{202e}"), "a\\u{1b}[31mb⏎\\u{202e}");
        assert_eq!(shortened("héllo", 3), "hé…");
        assert_eq!(shortened("hé", 3), "hé");
    }
}
