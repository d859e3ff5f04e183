//! What the environment says: `GONOGO_MAX_LENGTH` for `max-length`, and so on.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::{UsageError, nearest};

/// The process's environment, or a test's.
pub type Environment = BTreeMap<String, String>;

const PREFIX: &str = "GONOGO_";

/// The settings that may stand there.
const KEYS: &[&str] = &[
    "batch-size",
    "cache-dir",
    "chat-template",
    "drop-last",
    "epochs",
    "eval-steps",
    "fail-on",
    "grad-accum",
    "learning-rate",
    "max-length",
    "max-steps",
    "model",
    "packing",
    "save-steps",
    "scheduler",
    "seed",
    "shape",
    "trainer",
    "transformers",
    "warmup",
    "world-size",
];

/// The variable of a setting.
///
/// # Panics
///
/// If the table lacks the setting: its variable would be called unknown, and read.
pub(super) fn variable(key: &str) -> String {
    assert!(KEYS.contains(&key), "{key} is not in the table");
    format!("{PREFIX}{}", key.replace('-', "_").to_uppercase())
}

/// What there is of variables.
///
/// # Errors
///
/// If one of ours, or of the hub's, is no text: it would not count, and nobody would know.
pub fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Environment, UsageError> {
    let mut environment = Environment::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => {
                environment.insert(name, value);
            }
            Err(value) if name.starts_with(PREFIX) || name.starts_with("HF_") => {
                return Err(UsageError(format!(
                    "${name} is {}, which is not UTF-8",
                    value.to_string_lossy()
                )));
            }
            Err(_) => {}
        }
    }
    Ok(environment)
}

/// Of each variable of ours by its name that no setting has: that it does not count.
pub fn unknown(environment: &Environment) -> impl Iterator<Item = String> {
    let known: Vec<String> = KEYS.iter().map(|key| variable(key)).collect();
    let ours = environment.keys().filter(|name| name.starts_with(PREFIX));
    ours.filter_map(move |name| {
        if known.contains(name) {
            return None;
        }
        let meant = nearest(name, known.iter().map(String::as_str));
        let meant = meant.map_or_else(String::new, |meant| format!("; did you mean ${meant}?"));
        Some(format!("${name} is not read: no setting has this variable{meant}"))
    })
}
