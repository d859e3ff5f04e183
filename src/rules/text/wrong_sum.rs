use serde::Deserialize;

use super::parts::arithmetic::{number, value};
use crate::finding::Findings;
use crate::model::example::Shape;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{labels, turns};
use crate::search;

rule_meta! {
    /// ## What it finds
    /// Sums between the marks of a calculator, as in GSM8K, that do not come to what stands behind `=`: `<<3*4=13>>`; and
    /// those that are not closed.
    ///
    /// ## Why it matters
    /// Whoever stops at `=` and lets a calculator go on trains the model on another result than it will be given. A mark that
    /// is not closed is text to it.
    ///
    /// Results that are rounded, or cut to whole numbers, are right.
    ///
    /// ## Example
    /// ```jsonl
    /// {"question": "How many are 3 boxes of 4?", "answer": "There are 3 * 4 = <<3*4=13>>13.\n#### 13"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"question": "How many are 3 boxes of 4?", "answer": "There are 3 * 4 = <<3*4=12>>12.\n#### 12"}
    /// ```
    ///
    /// ## Fix
    /// Work the answer out again, to its end, or remove the row.
    "text/wrong-sum", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrongSum {}

impl Rule for WrongSum {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.angle()) else {
            return;
        };
        if example.shape == Shape::Kto && !labels::is_good(row) {
            return;
        }
        for turn in turns::taught(example) {
            if let Some(wrong) = wrong(&turn.text) {
                out.field(&row.place, || turn.pointer(), || wrong);
            }
        }
    }
}

/// What is wrong with the first sum between marks that is not right.
fn wrong(text: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = &rest[search::find(rest, "<<")? + 2..];
        let sum = rest
            .bytes()
            .take_while(|byte| b"0123456789.,+-*/() ".contains(byte))
            .count();
        let (sum, after) = rest.split_at(sum);
        let Some(result) = after
            .strip_prefix('=')
            .filter(|_| sum.bytes().any(|byte| b"+-*/".contains(&byte)))
        else {
            continue;
        };
        let digits = result
            .bytes()
            .take_while(|byte| b"0123456789.,-".contains(byte))
            .count();
        let (result, after) = result.split_at(digits);
        let (Some(is), Some(said)) = (value(sum), number(result)) else {
            continue;
        };
        if !after.starts_with(">>") {
            // The result may be of other signs, such as a fraction.
            let line = &after[..after.find('\n').unwrap_or(after.len())];
            if search::find(line, ">>").is_some_and(|end| !line[..end].contains("<<")) {
                continue;
            }
            return Some(format!(
                "`<<{}` is not closed by `>>`",
                clip(&rest[..sum.len() + 1 + digits])
            ));
        }
        if !comes_to(is, said, result) {
            return Some(format!(
                "`<<{}={result}>>` is not right: it comes to {}",
                clip(sum),
                shown(is)
            ));
        }
    }
}

/// Whether a number is written as this result, which may be rounded or cut.
fn comes_to(is: f64, said: f64, written: &str) -> bool {
    let whole = (is - is.round()).abs() < 1e-9 * is.abs().max(1.0);
    let places = written.split_once('.').map_or(0, |(_, places)| places.len());
    let unit = 10f64.powi(-i32::try_from(places).unwrap_or(i32::MAX));
    let within = if whole { 1e-9 * is.abs().max(1.0) } else { unit * 1.001 };
    (is - said).abs() <= within
}

/// A number with at most four places.
fn shown(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn sums_are_held_against_their_results() {
        for (text, said) in [
            ("<<1/4*56=14>>14 and <<10/3=3.33>>3.33 and <<7/2=3>>3", None),
            (
                "3 * 4 = <<3*4=13>>13",
                Some("`<<3*4=13>>` is not right: it comes to 12"),
            ),
            ("<<14*24=336336 hours", Some("`<<14*24=336336` is not closed by `>>`")),
            ("1<<3 == 8; cout << 3 << x; cat <<EOF", None),
            ("<<20%*50=10>> <<x=3>> <<5=5>>", None),
            ("<<80000+16000=96,000>>", None),
            ("<<3/4=3/4>>3/4", None),
        ] {
            assert_eq!(wrong(text).as_deref(), said, "{text}");
        }
    }
}
