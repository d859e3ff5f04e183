//! Dates and times as Python's `isoformat` writes them, which is what a template gets to see.

use arrow::datatypes::TimeUnit;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// `2024-01-02`; `None` beyond the years a date can have.
pub(super) fn date(days: i64) -> Option<String> {
    let date = epoch()
        .date()
        .checked_add(SignedDuration::from_hours(days.checked_mul(24)?))
        .ok()?;
    Some(date.to_string())
}

/// `03:04:05` with as many digits behind as are needed.
pub(super) fn time(value: i64, unit: TimeUnit) -> Option<String> {
    let time = Time::midnight().checked_add(duration(value, unit)).ok()?;
    Some(clock(time))
}

/// `2024-01-02T03:04:05`, with its offset if the column has a time zone.
pub(super) fn timestamp(value: i64, unit: TimeUnit, zone: Option<&str>) -> Option<String> {
    let since = duration(value, unit);
    let Some(zone) = zone else {
        return Some(written(epoch().checked_add(since).ok()?));
    };
    let instant = Timestamp::UNIX_EPOCH.checked_add(since).ok()?;
    let offset = zone_of(zone).to_offset(instant);
    let seconds = offset.seconds();
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    Some(format!(
        "{}{sign}{:02}:{:02}",
        written(offset.to_datetime(instant)),
        seconds / 3600,
        seconds / 60 % 60
    ))
}

fn epoch() -> DateTime {
    Date::constant(1970, 1, 1).at(0, 0, 0, 0)
}

fn duration(value: i64, unit: TimeUnit) -> SignedDuration {
    match unit {
        TimeUnit::Second => SignedDuration::from_secs(value),
        TimeUnit::Millisecond => SignedDuration::from_millis(value),
        TimeUnit::Microsecond => SignedDuration::from_micros(value),
        TimeUnit::Nanosecond => SignedDuration::from_nanos(value),
    }
}

fn written(datetime: DateTime) -> String {
    format!("{}T{}", datetime.date(), clock(datetime.time()))
}

fn clock(time: Time) -> String {
    let nanos = time.subsec_nanosecond();
    let digits = match nanos {
        0 => String::new(),
        _ if nanos % 1000 == 0 => format!(".{:06}", nanos / 1000),
        _ => format!(".{nanos:09}"),
    };
    format!("{:02}:{:02}:{:02}{digits}", time.hour(), time.minute(), time.second())
}

/// A zone by its name in the system's database, or by its offset: `+02:00`. UTC where the database
/// lacks the name, or is not there at all: the instant is the same.
fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name)
        .ok()
        .or_else(|| fixed(name))
        .unwrap_or(TimeZone::UTC)
}

fn fixed(name: &str) -> Option<TimeZone> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |digits: &str| digits.parse::<u8>().map(i32::from).ok();
    let seconds = part(hours)? * 3600 + part(minutes)? * 60;
    Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_python_writes_them() {
        // datetime.fromtimestamp(1704164645.0006, timezone.utc).isoformat() and its like.
        let micros = 1_704_164_645_000_600;
        let written = timestamp(micros, TimeUnit::Microsecond, None);
        assert_eq!(written.as_deref(), Some("2024-01-02T03:04:05.000600"));
        let written = timestamp(1_704_164_645, TimeUnit::Second, Some("UTC"));
        assert_eq!(written.as_deref(), Some("2024-01-02T03:04:05+00:00"));
        let written = timestamp(1_704_164_645, TimeUnit::Second, Some("-05:30"));
        assert_eq!(written.as_deref(), Some("2024-01-01T21:34:05-05:30"));
        assert_eq!(date(-1).as_deref(), Some("1969-12-31"));
        assert_eq!(
            time(3_723_000_000_001, TimeUnit::Nanosecond).as_deref(),
            Some("01:02:03.000000001")
        );
        assert_eq!(date(i64::MAX), None);
        assert_eq!(timestamp(i64::MAX, TimeUnit::Second, None), None);
    }
}
