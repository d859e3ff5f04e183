use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::model::example::{Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Turns whose role the template writes as the data spell it, which is not how the model knows it: `human` and `gpt`
    /// where it was trained with `user` and `assistant`.
    ///
    /// ## Why it matters
    /// Every header is a new word to the model, and at inference, where roles are called by their names, it meets others.
    /// TRL passes `from` and `value` on as `role` and `content` without translating the names; axolotl and LLaMA-Factory
    /// translate them.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0
    /// {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Rename the roles: `gonogo fix` makes messages of ShareGPT rows.
    "template/role-unmapped", Warning, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RoleUnmapped {}

impl Rule for RoleUnmapped {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.conversational) else {
            return;
        };
        let foreign = |turn: &&Turn<'_>| foreign(turn.role, &turn.role_text);
        for encoded in row
            .encoded
            .iter()
            .filter(|_| example.turns.iter().any(|turn| foreign(&turn)))
        {
            let written = headers(encoded).find_map(|(header, at)| {
                let turn = example.turns.get(usize::from(at)).filter(foreign)?;
                header.contains(&*turn.role_text).then_some(turn)
            });
            if let Some(turn) = written {
                out.field(
                    &row.place,
                    || turn.message_pointer(),
                    || {
                        format!(
                            "the template writes the role as `{}`, which is the {}'s",
                            turn.role_text,
                            turn.role.name()
                        )
                    },
                );
            }
        }
    }
}

/// Whether a role is one of the usual under a name that no chat template knows.
fn foreign(role: Role, name: &str) -> bool {
    matches!(role, Role::User | Role::Assistant | Role::Tool)
        && matches!(
            name,
            "human" | "gpt" | "chatgpt" | "bing" | "bard" | "function_call" | "observation" | "tool_response"
        )
}

/// The text before each turn, and the turn's number.
fn headers(encoded: &Encoded) -> impl Iterator<Item = (&str, u16)> {
    let ends = std::iter::once(0).chain(encoded.parts.iter().map(|part| part.end as usize));
    let parts = encoded.parts.windows(2).zip(ends);
    parts.filter_map(|(parts, start)| match (parts[0].what, parts[1].what) {
        (What::Template, What::Turn(turn)) => Some((encoded.text.get(start..parts[0].end as usize)?, turn)),
        _ => None,
    })
}
