//! The result that an answer ends with, behind its mark: `#### 18`, `Answer: 18`, `\boxed{18}`.

use super::arithmetic::number;
use super::last_mark::last_mark;

/// What stands behind the mark of the last line.
pub(in super::super) fn of(said: &str) -> Option<(&str, &str)> {
    let mark = last_mark(said)?;
    let at = said.rfind('\n').map_or(0, |at| at + 1);
    let behind = &said[at + said[at..].find(mark)? + mark.len()..];
    let value = match mark {
        "\\boxed" => behind.strip_prefix('{')?.split('}').next().unwrap_or_default(),
        "####" => behind,
        _ if mark.ends_with([':', '：']) => behind,
        _ => return None,
    };
    Some((mark, value.trim()))
}

/// Whether another line begins with the mark.
pub(in super::super) fn is_twice(said: &str, mark: &str) -> bool {
    mark == "####" && said.lines().filter(|line| line.starts_with(mark)).count() > 1
}

/// Results below this may be told in words.
const WORDS: f64 = 20.0;

/// Whether a number is in none of these texts, nor a hundred times one, as cents are of dollars.
pub(in super::super) fn is_unspoken<'t>(result: &str, mut texts: impl Iterator<Item = &'t str>) -> bool {
    let Some(result) = number(result).map(f64::abs).filter(|result| *result > WORDS) else {
        return false;
    };
    let is = |other: f64| (other - result).abs() <= 1e-9 * result;
    !texts.any(|text| numbers(text).any(|other| is(other) || is(other * 100.0) || is(other / 100.0)))
}

/// The numbers of a text, without their signs, and those of which a blank parts the thousands.
fn numbers(text: &str) -> impl Iterator<Item = f64> {
    let part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let begins = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    let mut last: Option<f64> = None;
    std::iter::from_fn(move || {
        let at = rest.find(begins)?;
        let blank = at == 1 && rest.starts_with([' ', '\u{a0}', '\u{202f}']);
        rest = &rest[at..];
        let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(length);
        rest = after;
        let digits = digits.trim_end_matches(['.', ',']);
        let value = number(digits).unwrap_or(f64::NAN);
        let grouped = last
            .filter(|_| blank && digits.len() == 3)
            .map(|last| last * 1000.0 + value);
        last = grouped.or(Some(value));
        last
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_behind_their_marks() {
        for (said, result) in [
            ("3 + 4 = 7\n#### 7", Some("7")),
            ("So it is $\\boxed{7}$.", Some("7")),
            ("Because.\nAnswer: 7", Some("7")),
            ("It is so.\nThe answer is 7.", None),
        ] {
            assert_eq!(of(said).map(|(_, result)| result), result, "{said}");
        }
        assert!(is_twice("#### 7\n#### 8", "####") && !is_twice("7 ####\n#### 8", "####"));
    }

    #[test]
    fn results_that_nothing_comes_to() {
        let said = "She pays $80 000 and 4,000.50, so $0.25 each, 21 in all.";
        for (result, is) in [
            ("80000", false),
            ("4,000.5", false),
            ("25", false),
            ("-21", false),
            ("141", true),
            ("7", false),
        ] {
            assert_eq!(is_unspoken(result, [said].into_iter()), is, "{result}");
        }
    }
}
