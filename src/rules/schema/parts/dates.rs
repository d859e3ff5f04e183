//! Texts that Arrow takes for timestamps.

/// Whether Arrow's JSON reader takes the text for a timestamp: `YYYY-MM-DD`, perhaps with a time
/// after a space or `T`, perhaps with a zone, all of which exist: 30 February stays a text. Source: Arrow
/// `util/value_parsing.h`, `ParseTimestampISO8601`; tried with pyarrow 26.
pub(in super::super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(10..=35).contains(&bytes.len()) || !matches(&bytes[..10], b"0000-00-00") || !is_day(&bytes[..10]) {
        return false;
    }
    let [b' ' | b'T', time @ ..] = &bytes[10..] else {
        return bytes.len() == 10;
    };
    let zone = time
        .iter()
        .position(|byte| matches!(byte, b'Z' | b'+' | b'-'))
        .unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let whole: [&[u8]; 3] = [b"00", b"00:00", b"00:00:00"];
    let time_fits = whole.iter().any(|form| matches(time, form));
    let zones: [&[u8]; 6] = [b"", b"Z", b"+00", b"+0000", b"+00:00", b"-00:00"];
    let zone_fits = zones.iter().any(|form| matches(zone, form)) || matches(zone, b"-00") || matches(zone, b"-0000");
    time_fits && zone_fits && is_time(time) && zone.get(1..).is_none_or(is_time)
}

/// Whether there is such a day, in the calendar of today drawn out to all years.
fn is_day(date: &[u8]) -> bool {
    let (year, month, day) = (number(&date[..4]), number(&date[5..7]), number(&date[8..]));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether hours are below 24 and what follows them is below 60.
fn is_time(time: &[u8]) -> bool {
    let mut digits = time.iter().copied().filter(u8::is_ascii_digit);
    let mut limit = 24;
    while let (Some(tens), Some(ones)) = (digits.next(), digits.next()) {
        if number(&[tens, ones]) >= limit {
            return false;
        }
        limit = 60;
    }
    true
}

fn number(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |value, digit| value * 10 + u32::from(digit.wrapping_sub(b'0')))
}

/// Whether a text has a form in which `0` stands for any digit.
fn matches(text: &[u8], form: &[u8]) -> bool {
    let fits = |(byte, form): (&u8, &u8)| {
        if *form == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == form
        }
    };
    text.len() == form.len() && text.iter().zip(form).all(fits)
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn what_arrow_reads_as_a_time_is_a_date() {
        // As pyarrow 26's read_json infers them.
        for text in [
            "2024-01-01",
            "2024-02-29",
            "0000-01-01",
            "9999-12-31",
            "2024-01-01 23",
            "2024-01-01T12:59:59",
            "2024-01-01 12:00:00+23:59",
            "2024-01-01 12Z",
        ] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "2024-13-05",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-00-10",
            "2024-01-00",
            "2024-01-01 24",
            "2024-01-01T12:60",
            "2024-01-01T12:59:60",
            "2024-01-01 12:00:00+24:00",
            "2024-01-01 12:00+2360",
            "2024-01-01 12+99",
            "2024-01-01Z",
            "2024-01-01 12:00:00.123",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
