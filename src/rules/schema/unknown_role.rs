use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Messages whose role no chat format has: `User` with a capital, a misspelt name, none at all.
    ///
    /// ## Why it matters
    /// Role names are case-sensitive in templates. One that is not known is refused, or the message is dropped
    /// without a word and the model trains on what is left: sometimes on the default system prompt alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "User", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Rename the role to `system`, `user`, `assistant` or `tool`. A role that your template does know can be
    /// allowed: `roles = ["critic"]` under `[rules."schema/unknown-role"]`.
    "schema/unknown-role", Error
}

/// Options of the rule.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct UnknownRole {
    /// More role names that the template knows.
    roles: Vec<String>,
}

/// Roles of templates for retrieval, search and control, which say nothing a model is trained on.
const OTHERS: [&str; 6] = [
    "context",
    "control",
    "document",
    "documents",
    "environment",
    "tool_call",
];

impl Rule for UnknownRole {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let Some(raw) = turn.raw else { continue };
            let name = turn.role_text.as_ref();
            if Role::parse(name).is_some() || OTHERS.contains(&name) || self.roles.iter().any(|role| role == name) {
                continue;
            }
            let key = if turn.key == "value" { "from" } else { "role" };
            out.field(
                &row.place,
                || pointer(turn, key),
                || match raw.get(key) {
                    None => format!("the message has no `{key}`"),
                    Some(Value::Str(_)) if name.trim().is_empty() => format!("`{key}` is empty"),
                    Some(Value::Str(_)) => format!("`{}` is no role{}", clip(name), meant(turn)),
                    Some(other) => format!("`{key}` is {}, not a name", other.a_kind()),
                },
            );
        }
    }
}

fn meant(turn: &Turn<'_>) -> String {
    const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
    if Role::parse(turn.role_text.trim()).is_some() {
        return " with the white space around it".to_owned();
    }
    let lower = turn.role_text.trim().to_ascii_lowercase();
    let role = if Role::parse(&lower).is_some() {
        Some(lower.as_str())
    } else {
        nearest(&lower, ROLES)
    };
    role.map_or_else(String::new, |role| format!("; is `{role}` meant?"))
}

/// Pointer to the role, beside the text.
fn pointer(turn: &Turn<'_>, key: &str) -> String {
    let text = turn.pointer();
    let message = text.strip_suffix(turn.key).unwrap_or(&text);
    format!("{message}{key}")
}
