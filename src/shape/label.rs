//! What tells KTO's `label` from a column of that name that anyone may have.

use std::collections::BTreeSet;

use crate::model::value::{Object, Value};

use super::columns::{Columns, LABEL};

/// What the labels of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    Booleans,
    /// Booleans, 0 and 1.
    Numbers,
    /// Booleans, 0 and 1, and strings of either.
    Any,
}

impl Labels {
    /// Whether a value is such a label.
    pub(super) fn take(self, value: &Value<'_>) -> bool {
        match value {
            Value::Bool(_) => true,
            Value::Int(0 | 1) => self != Self::Booleans,
            Value::Str(text) => self == Self::Any && is_truth(text),
            _ => false,
        }
    }

    /// What labels the rows have, where those that are no booleans say whether the completion is good. In a set for
    /// classifying, which has the class as a number beside its name, the completions are few.
    pub(super) fn of(rows: &[&Object<'_>], given: &Columns) -> Self {
        let mut completions = BTreeSet::new();
        let (mut all, mut odd) = (0, 0);
        for row in rows {
            let own = given.actual("label");
            let names = [own].into_iter().filter(|_| given.is_given("label"));
            let known = LABEL.iter().copied().filter(|_| !given.is_given("label"));
            let Some(label) = names.chain(known).find_map(|name| row.get(name)) else {
                continue;
            };
            odd += usize::from(!label.is_null() && !Self::Any.take(label));
            let completion = row.get(given.actual("completion")).and_then(Value::as_str);
            all += 1;
            completions.extend(completion);
        }
        // A row or two may be wrong, but a third class is not rare. A completion that is a list of messages is none.
        let classes = odd * 10 > all || (!completions.is_empty() && completions.len() * 2 <= all);
        if classes { Self::Booleans } else { Self::Any }
    }
}

/// Whether a string is a boolean spelt out: of Python, of JSON, or as a number.
fn is_truth(text: &str) -> bool {
    ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)) || matches!(text, "0" | "1")
}
