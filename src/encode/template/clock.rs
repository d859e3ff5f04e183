//! `strftime_now`: today's date becomes part of every row of some templates.

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;

use super::error::TemplateError;

/// What time a template is told it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Local time, as Python's `datetime.now()`.
    #[default]
    Local,
    /// The same moment at every render, for a comparison with another run.
    Fixed(DateTime),
}

impl Clock {
    fn now(self) -> DateTime {
        match self {
            Self::Local => Zoned::now().datetime(),
            Self::Fixed(now) => now,
        }
    }

    /// The day of the run.
    pub fn today(self) -> Date {
        self.now().date()
    }

    /// `datetime.now().strftime(format)`, in the C locale.
    pub(super) fn strftime(self, format: &str) -> Result<String, TemplateError> {
        let now = self.now();
        BrokenDownTime::from(now)
            .to_string(&expanded(format, now)?)
            .map_err(|_| TemplateError::unsupported(format!("the date format {format:?}")))
    }
}

/// The format without the directives that Python, or a locale, fills in itself.
fn expanded(format: &str, now: DateTime) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let directive = rest[at + 1..].chars().next();
        let Some(directive) = directive else {
            return Err(TemplateError::unsupported("a date format that ends in %"));
        };
        match directive {
            // Python's datetime has microseconds, and no zone if it is not told one.
            'f' => out.push_str(&format!("{:06}", now.subsec_nanosecond() / 1000)),
            'z' | 'Z' => {}
            'c' => out.push_str("%a %b %e %H:%M:%S %Y"),
            'x' => out.push_str("%m/%d/%y"),
            'X' => out.push_str("%H:%M:%S"),
            'r' => out.push_str("%I:%M:%S %p"),
            directive => {
                out.push('%');
                out.push(directive);
            }
        }
        rest = &rest[at + 1 + directive.len_utf8()..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::Clock;

    #[test]
    fn dates_are_written_as_c_writes_them() {
        let clock = Clock::Fixed(date(2024, 7, 6).at(13, 5, 9, 1_234_567));
        let cases = [
            ("%d %b %Y", "06 Jul 2024"),
            ("%Y-%m-%d", "2024-07-06"),
            ("%A, %B %-d|%e|%j|%%", "Saturday, July 6| 6|188|%"),
            ("%H:%M:%S.%f %I %p%z%Z", "13:05:09.001234 01 PM"),
            ("%c|%x|%X", "Sat Jul  6 13:05:09 2024|07/06/24|13:05:09"),
        ];
        for (format, written) in cases {
            assert_eq!(clock.strftime(format).expect(format), written);
        }
        assert!(clock.strftime("%").is_err() && clock.strftime("%!").is_err());
    }
}
