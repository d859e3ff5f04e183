//! Layouts that `datasets` takes for the session log of a coding agent.
//!
//! It then wants the package `teich`, and with it turns each file into something else entirely
//! (`packaged_modules/json/json.py`, `has_agent_traces_markers`; JSON Lines only, 5.0 and newer).

use super::types::Type;
use super::{Datasets, LoadError};

/// An error if the columns look like such a log.
pub(super) fn refuse(row: &Type, datasets: Datasets) -> Result<(), LoadError> {
    let is = |name: &str, of: &Type| row.field(name) == Some(of);
    let texts = |names: &[&str]| names.iter().all(|name| is(name, &Type::Text));
    let event = texts(&["type"]) && (is("message", &Type::Json) || is("payload", &Type::Json));
    let hermes = texts(&["id", "source", "model", "system_prompt"])
        && matches!(row.field("messages"), Some(Type::List(_) | Type::Json));
    let droid = texts(&["type", "id", "cwd"]) && is("version", &Type::Int);
    if event || (datasets.knows_hermes() && (hermes || droid)) {
        return Err(LoadError::generation(
            "ImportError",
            "the columns look like the log of a coding agent, which datasets reads with the package `teich`".to_owned(),
            "",
            None,
        ));
    }
    Ok(())
}
