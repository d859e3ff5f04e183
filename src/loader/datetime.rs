//! Which texts Arrow's JSON reader takes for a moment in time, and what Python prints for them.
//!
//! A column whose texts are all of this form becomes `timestamp[s]`, and Python sees
//! `datetime.datetime` objects (Arrow, `cpp/src/arrow/util/value_parsing.h`, `ParseTimestampISO8601` with
//! the unit second, read at 26.0; `cpp/src/arrow/json/converter.cc` for when it is tried).

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

/// The moment a text names, in UTC: `YYYY-MM-DD`, then maybe `T` or a space and `hh`, `hh:mm` or
/// `hh:mm:ss`, then maybe `Z`, `+hh`, `+hhmm` or `+hh:mm`. `None` for any other text.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    // The first digit tells nearly all texts apart.
    if bytes.len() < 10 || bytes.len() > 25 || !bytes[0].is_ascii_digit() || !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let date = date_of(date)?;
    let Some(rest) = rest.strip_prefix(['T', ' ']) else {
        return rest.is_empty().then(|| date.at(0, 0, 0, 0));
    };
    let (time, offset) = zone(rest)?;
    let (hour, minute, second) = match time.len() {
        2 => (two(time)?, 0, 0),
        5 => (two(&time[..2])?, after_colon(&time[2..])?, 0),
        8 => (two(&time[..2])?, after_colon(&time[2..5])?, after_colon(&time[5..])?),
        _ => return None,
    };
    let moment = DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()?;
    moment.checked_sub(offset.minutes()).ok()
}

/// What `str()` of Python's datetime gives.
pub(super) fn printed(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Seconds since 1970, which is what a moment is stored as.
pub(super) fn seconds(moment: DateTime) -> i64 {
    moment.duration_since(EPOCH).as_secs()
}

/// The moment of so many seconds since 1970, if there is one in Python's calendar.
pub(super) fn from_seconds(seconds: i64) -> Option<DateTime> {
    EPOCH.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

fn date_of(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i16::from(two(&text[..2])?) * 100 + i16::from(two(&text[2..4])?);
    Date::new(year, two(&text[5..7])?, two(&text[8..])?).ok()
}

/// Splits the zone off; its offset from UTC in minutes.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = match zone.len() {
        3 => (two(&zone[1..])?, 0),
        5 => (two(&zone[1..3])?, two(&zone[3..])?),
        6 => (two(&zone[1..3])?, after_colon(&zone[3..])?),
        _ => return None,
    };
    if hours >= 24 || minutes >= 60 {
        return None;
    }
    let offset = i64::from(hours) * 60 + i64::from(minutes);
    Some((time, if zone.starts_with('-') { -offset } else { offset }))
}

fn after_colon(text: &str) -> Option<i8> {
    two(text.strip_prefix(':')?)
}

/// Two digits.
fn two(text: &str) -> Option<i8> {
    match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(((tens - b'0') * 10 + (ones - b'0')).cast_signed()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from pyarrow 26.0.1.
    #[test]
    fn texts_are_taken_as_arrow_takes_them() {
        for (text, printed_as) in [
            ("2024-02-29", Some("2024-02-29 00:00:00")),
            ("2023-02-29", None),
            ("0001-01-01", Some("0001-01-01 00:00:00")),
            ("2024-1-1", None),
            ("2024-01-01T", None),
            ("2024-01-01 10", Some("2024-01-01 10:00:00")),
            ("2024-01-01T24", None),
            ("2024-01-01T10:60", None),
            ("2024-01-01T10:10:60", None),
            ("2024-01-01T1010", None),
            ("2024-01-01T10Z", Some("2024-01-01 10:00:00")),
            ("2024-01-01T10+01", Some("2024-01-01 09:00:00")),
            ("2024-01-01T10:10-0530", Some("2024-01-01 15:40:00")),
            ("2024-01-01T10:10:10+05:30", Some("2024-01-01 04:40:10")),
            ("2024-01-01T10:10:10+24:00", None),
            ("2024-01-01T10:10:10+01:60", None),
            ("2024-01-01T10:10:10z", None),
            ("2024-01-01t10:10:10", None),
            (" 2024-01-01", None),
            ("2024-01-01Z", None),
            ("2024-01-01+01:00", None),
            ("2024-01-01T10:10:10.0", None),
            ("2024-01-01T10:10:10 Z", None),
            ("2024-01-01T-1:10", None),
            ("2024-01-01T10:10:10-01", Some("2024-01-01 11:10:10")),
            ("20240101", None),
        ] {
            assert_eq!(parse(text).map(printed).as_deref(), printed_as, "{text}");
        }
    }

    #[test]
    fn seconds_go_both_ways() {
        let moment = parse("2024-01-01").expect("a date");
        assert_eq!(seconds(moment), 1_704_067_200);
        assert_eq!(from_seconds(1_704_067_200), Some(moment));
        assert_eq!(from_seconds(i64::MAX), None);
    }
}
