//! Stretches of a turn that are trained or not (`get_offsets_for_train_detail`,
//! `adjust_train_details` in `prompt_strategies/chat_template.py`).
//!
//! Stretches are given in characters and their last one is within. The tokens are those of the
//! content alone, whose ends are taken to be just before the next one starts.

use crate::model::encoded::EncodeError;
use crate::model::value::Value;

use crate::trainer::failure::{key_error, raises};
use crate::trainer::python::{truthy, type_name};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Detail {
    begin: i64,
    end: i64,
    /// `None` where the key is missing, which only matters once the stretch meets a token.
    train: Option<bool>,
}

/// For each token of the content, whether it is trained. `offsets` are bytes of `content`.
///
/// # Errors
///
/// Where axolotl raises: a stretch that lacks a key, a content without tokens.
pub(super) fn trained(content: &str, offsets: &[(u32, u32)], details: &Value<'_>) -> Result<Vec<bool>, EncodeError> {
    let details = read(details)?;
    let starts = characters(content, offsets);
    let Some(last) = starts.len().checked_sub(1) else {
        return Err(raises("IndexError", "list index out of range"));
    };
    let length = i64::try_from(content.chars().count()).unwrap_or(i64::MAX);
    let tokens: Vec<(i64, i64)> = (0..=last)
        .map(|at| (starts[at], if at < last { starts[at + 1] - 1 } else { length - 1 }))
        .collect();
    let mut stretches = Vec::with_capacity(details.len());
    for detail in details {
        if let Some((begin, end)) = adjusted(&detail, &tokens)
            && detail.train.ok_or_else(|| key_error("train"))?
        {
            stretches.push((begin, end));
        }
    }
    let inside = |(start, end): (i64, i64)| stretches.iter().any(|stretch| start >= stretch.0 && end <= stretch.1);
    Ok(tokens.into_iter().map(inside).collect())
}

fn read(details: &Value<'_>) -> Result<Vec<Detail>, EncodeError> {
    let Value::Array(items) = details else {
        return Err(raises(
            "TypeError",
            format!("training details are a {}, not a list", type_name(details)),
        ));
    };
    let field = |item: &Value<'_>, key: &str| match item.get(key) {
        None if item.as_object().is_none() => Err(raises("TypeError", "a training detail is not an object")),
        None => Err(key_error(key)),
        Some(value) => match value {
            Value::Int(number) => Ok(*number),
            Value::Bool(flag) => Ok(i64::from(*flag)),
            other => Err(raises("TypeError", format!("'{key}' is a {}", type_name(other)))),
        },
    };
    items
        .iter()
        .map(|item| {
            Ok(Detail {
                begin: field(item, "begin_offset")?,
                end: field(item, "end_offset")?,
                train: item.get("train").map(|train| truthy(Some(train))),
            })
        })
        .collect()
}

/// The stretch widened to whole tokens; `None` where no token lies in it.
fn adjusted(detail: &Detail, tokens: &[(i64, i64)]) -> Option<(i64, i64)> {
    let count = tokens.len();
    let mut first = tokens
        .iter()
        .position(|(start, _)| *start >= detail.begin)
        .unwrap_or(count);
    if first > 0 && tokens[first - 1].1 > detail.begin {
        first -= 1;
    }
    // One past the last token, so that none is 0.
    let mut past = tokens
        .iter()
        .rposition(|(_, end)| *end <= detail.end)
        .map_or(0, |last| last + 1);
    if past < count && tokens[past].0 < detail.end {
        past += 1;
    }
    (first < past).then(|| (tokens[first].0, tokens[past - 1].1))
}

/// The character each token starts at.
fn characters(content: &str, offsets: &[(u32, u32)]) -> Vec<i64> {
    let mut count = 0;
    let mut at = 0;
    offsets
        .iter()
        .map(|(start, _)| {
            let start = *start as usize;
            if start < at {
                (count, at) = (0, 0);
            }
            count += i64::try_from(content[at..start].chars().count()).unwrap_or(i64::MAX);
            at = start;
            count
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::python::loads;

    /// Two characters a token.
    fn of(content: &str, details: &str) -> Result<Vec<bool>, EncodeError> {
        let mut bounds: Vec<u32> = (0u32..)
            .zip(content.bytes())
            .map(|(at, _)| at)
            .filter(|at| content.is_char_boundary(*at as usize))
            .collect();
        bounds.push(u32::try_from(content.len()).expect("short"));
        let offsets: Vec<(u32, u32)> = bounds.windows(3).step_by(2).map(|pair| (pair[0], pair[2])).collect();
        trained(content, &offsets, &loads(details).expect("JSON"))
    }

    #[test]
    fn the_end_of_a_stretch_is_within() {
        let details = r#"[{"begin_offset": 0, "end_offset": 1, "train": false}, {"begin_offset": 2, "end_offset": 5, "train": true}]"#;
        assert_eq!(of("aébbcc", details).expect("details"), [false, true, true]);
    }

    #[test]
    fn a_stretch_that_meets_a_token_trains_it() {
        let details = r#"[{"begin_offset": 2, "end_offset": 3, "train": true}]"#;
        assert_eq!(of("aabbcc", details).expect("details"), [false, true, false]);
        assert_eq!(
            of("aabbcc", r#"[{"begin_offset": 9, "end_offset": 10, "train": true}]"#).expect("details"),
            [false; 3]
        );
    }

    #[test]
    fn a_missing_key_stops_the_run() {
        assert_eq!(
            of("aa", r#"[{"begin_offset": 0, "train": true}]"#)
                .expect_err("no end")
                .class,
            "KeyError"
        );
        assert_eq!(of("", "[]").expect_err("no tokens").class, "IndexError");
    }
}
