//! Our records against the recorded ones.

use serde_json::Value;

use super::case::{Case, Outcome};

/// Records that say how a case was made, and are not compared.
const ASIDE: &[&str] = &["meta", "info", "warnings"];

/// The first difference between the records, in the order they stand.
pub(crate) fn records(case: &Case, ours: &[Value]) -> Outcome {
    let theirs: Vec<&Value> = case.expected.iter().filter(|record| compared(record)).collect();
    let ours: Vec<&Value> = ours.iter().filter(|record| compared(record)).collect();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        if let Some(detail) = difference(ours, theirs) {
            return Outcome::Differs(format!("{} {}: {detail}", theirs["kind"], theirs["index"]));
        }
    }
    if ours.len() == theirs.len() {
        return Outcome::Ok;
    }
    Outcome::Differs(format!("{} records, not {}", ours.len(), theirs.len()))
}

fn compared(record: &Value) -> bool {
    !record["kind"].as_str().is_some_and(|kind| ASIDE.contains(&kind))
}

/// An error must be of the same class; anything else must be equal in every key recorded.
fn difference(ours: &Value, theirs: &Value) -> Option<String> {
    if ours["kind"] != theirs["kind"] {
        return Some(format!("we have a {} record: {}", ours["kind"], clip(ours)));
    }
    if theirs["kind"] == "error" {
        let same = ours["error_type"] == theirs["error_type"];
        return (!same).then(|| {
            format!(
                "we have {}, not {}: {}",
                ours["error_type"], theirs["error_type"], theirs["error"]
            )
        });
    }
    let keys = theirs.as_object().expect("a record is an object");
    keys.iter()
        .filter(|(key, _)| *key != "collator")
        .find_map(|(key, theirs)| {
            // A row the library refuses is compared by the class of its error.
            (key != "error" && ours[key] != *theirs).then(|| format!("{key}: {}", first(&ours[key], theirs)))
        })
}

/// Where two values part.
fn first(ours: &Value, theirs: &Value) -> String {
    let (Some(left), Some(right)) = (ours.as_array(), theirs.as_array()) else {
        return format!("ours {} theirs {}", clip(ours), clip(theirs));
    };
    match left.iter().zip(right).position(|(left, right)| left != right) {
        Some(at) if left[at].is_array() => format!("[{at}] {}", first(&left[at], &right[at])),
        Some(at) => {
            let near = |items: &[Value]| {
                clip(&Value::from(
                    items[at.saturating_sub(3)..items.len().min(at + 8)].to_vec(),
                ))
            };
            format!("at {at}: ours …{} theirs …{}", near(left), near(right))
        }
        None => format!("{} elements, not {}", left.len(), right.len()),
    }
}

fn clip(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(160).collect()
}
