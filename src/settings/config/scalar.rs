//! What a plain scalar of YAML means to the program that reads it.
//!
//! PyYAML follows YAML 1.1: `on` is true, `010` is 8, `1:30` is 90, and `1e-5` is a text, because a
//! float needs a point and its exponent a sign. OmegaConf (LLaMA-Factory, torchtune) loads with PyYAML
//! too and adds floats as people write them, without dates. Sources: PyYAML 6.0.3 `resolver.py`,
//! `constructor.py`; OmegaConf 2.4 `_yaml.py`.

use super::tree::Value;

/// Whose reader it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    PyYaml,
    OmegaConf,
}

/// The value of a plain scalar; `None` where PyYAML resolves it and then cannot make it.
pub(super) fn resolve(text: &str, dialect: Dialect) -> Option<Value> {
    if let Some(flag) = boolean(text) {
        return Some(Value::Bool(flag));
    }
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Some(Value::Null);
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return Some(Value::Text(text.to_owned()));
    }
    if is_float(text) {
        return float(text);
    }
    if let Some(base) = int_base(text) {
        return int(text, base);
    }
    if dialect == Dialect::PyYaml && is_date(text) {
        return Some(Value::Date(text.to_owned()));
    }
    if dialect == Dialect::OmegaConf && is_omega_float(text) {
        return float(text);
    }
    Some(Value::Text(text.to_owned()))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// The text without its sign.
fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_digits(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|c| c.is_ascii_digit() || c == b'_')
}

/// `[eE][-+][0-9]+`, or nothing.
fn is_exponent(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['e', 'E']) else {
        return text.is_empty();
    };
    let Some(digits) = rest.strip_prefix(['-', '+']) else {
        return false;
    };
    !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
}

/// `tag:yaml.org,2002:float` of YAML 1.1.
fn is_float(text: &str) -> bool {
    let plain = unsigned(text);
    if matches!(plain, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, rest)) = plain.split_once('.') else {
        return false;
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(rest.len());
    let (fraction, exponent) = rest.split_at(end);
    if whole.is_empty() {
        // Without a sign, and with a digit first.
        return plain.len() == text.len() && is_digits(fraction) && is_exponent(exponent);
    }
    if is_digits(whole) {
        return is_exponent(exponent);
    }
    is_sexagesimal(whole, true) && exponent.is_empty()
}

/// Numbers with colons between, those behind them below 60.
fn is_sexagesimal(text: &str, may_start_with_zero: bool) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    rest.peek().is_some()
        && is_digits(first)
        && (may_start_with_zero || !first.starts_with('0'))
        && rest.all(|part| match part.as_bytes() {
            [one] => one.is_ascii_digit(),
            [tens, one] => (b'0'..=b'5').contains(tens) && one.is_ascii_digit(),
            _ => false,
        })
}

/// `tag:yaml.org,2002:int` of YAML 1.1, and the base; 60 for numbers with colons.
fn int_base(text: &str) -> Option<u32> {
    let plain = unsigned(text);
    let of = |digits: &str, is: fn(u8) -> bool| !digits.is_empty() && digits.bytes().all(|c| c == b'_' || is(c));
    if let Some(digits) = plain.strip_prefix("0b") {
        return of(digits, |c| c == b'0' || c == b'1').then_some(2);
    }
    if let Some(digits) = plain.strip_prefix("0x") {
        return of(digits, |c| c.is_ascii_hexdigit()).then_some(16);
    }
    if plain == "0" {
        return Some(10);
    }
    if let Some(digits) = plain.strip_prefix('0') {
        return of(digits, |c| (b'0'..=b'7').contains(&c)).then_some(8);
    }
    if is_digits(plain) {
        return Some(10);
    }
    is_sexagesimal(plain, false).then_some(60)
}

/// `construct_yaml_int`. One beyond 64 bits is the nearest float here.
#[expect(clippy::cast_precision_loss, reason = "said so")]
fn int(text: &str, base: u32) -> Option<Value> {
    let plain: String = unsigned(text).chars().filter(|c| *c != '_').collect();
    let magnitude = match base {
        60 => plain.split(':').try_fold(0i128, |sum, part| {
            sum.checked_mul(60)?.checked_add(part.parse::<i128>().ok()?)
        }),
        10 => plain.parse().ok(),
        8 => i128::from_str_radix(&plain, 8).ok(),
        _ => i128::from_str_radix(plain.get(2..).filter(|digits| !digits.is_empty())?, base).ok(),
    };
    let Some(magnitude) = magnitude else {
        return Some(Value::Float(plain.parse().unwrap_or(f64::INFINITY)));
    };
    let number = if text.starts_with('-') { -magnitude } else { magnitude };
    Some(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
}

/// `construct_yaml_float`.
fn float(text: &str) -> Option<Value> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let plain: String = unsigned(text).chars().filter(|c| *c != '_').collect();
    let plain = plain.to_ascii_lowercase();
    let magnitude = match plain.as_str() {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ if plain.contains(':') => plain
            .split(':')
            .try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?,
        _ => plain.parse().ok()?,
    };
    Some(Value::Float(sign * magnitude))
}

/// Digits with single underscores between.
fn is_omega_digits(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('_')
            .all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()))
}

/// The float OmegaConf adds, where no other resolver took the text.
fn is_omega_float(text: &str) -> bool {
    let plain = unsigned(text);
    let (mantissa, exponent) = match plain.find(['e', 'E']) {
        Some(at) => (&plain[..at], Some(&plain[at + 1..])),
        None => (plain, None),
    };
    let has_exponent = exponent.is_none_or(|exponent| {
        let digits = unsigned(exponent);
        !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
    });
    let Some((whole, fraction)) = mantissa.split_once('.') else {
        return exponent.is_some() && has_exponent && is_omega_digits(mantissa);
    };
    has_exponent && is_omega_digits(whole) && fraction.bytes().all(|c| c.is_ascii_digit() || c == b'_')
}

/// `tag:yaml.org,2002:timestamp`.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start_matches([' ', '\t'])),
        None => (text, ""),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
    };
    let [year, month, day] = parts[..] else { return false };
    if time.is_empty() {
        return date.len() == text.len() && digits(year, 4, 4) && digits(month, 2, 2) && digits(day, 2, 2);
    }
    let clock = time.split(['Z', '+', '-', '.', ' ']).next().unwrap_or_default();
    let clock: Vec<&str> = clock.split(':').collect();
    digits(year, 4, 4)
        && digits(month, 1, 2)
        && digits(day, 1, 2)
        && matches!(clock[..], [hour, minute, second] if digits(hour, 1, 2) && digits(minute, 2, 2) && digits(second, 2, 2))
}

/// What YAML 1.2 and most people take a plain scalar for: the number or word that is written.
pub fn meant(text: &str) -> Option<f64> {
    let plain = unsigned(text);
    let starts = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let only = plain
        .bytes()
        .all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'+' | b'-' | b'_'));
    if !starts || !only || !plain.bytes().any(|c| c.is_ascii_digit()) {
        return None;
    }
    text.replace('_', "").parse().ok()
}
