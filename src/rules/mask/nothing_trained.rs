use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::finding::Findings;
use crate::model::config::ConfigValue;
use crate::model::encoded::{Encoded, What, are_pieces};
use crate::model::example::{Example, Shape, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Rows in which no token carries loss: every label is -100.
    ///
    /// ## Why it matters
    /// Such a row costs a full forward and backward pass and teaches nothing; where a whole batch is so,
    /// the loss is 0 or NaN.
    ///
    /// ## Example
    /// ```jsonl --max-length 8
    /// {"messages": [{"role": "user", "content": "a question far longer than eight tokens, so that the answer is cut away"}, {"role": "assistant", "content": "yes"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 64
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Raise the limit that the message names above the prompt, shorten the prompt, or remove the row. Where an answer begins within
    /// a token of the prompt, put a blank or a line break between the two. In axolotl name in `roles_to_train` who answers in
    /// the rows (`assistant`).
    "mask/nothing-trained", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NothingTrained {}

/// So many names of roles are kept.
const ROLES: usize = 16;

/// Rows encoded, and those of them that train nothing.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    untrained: u64,
    /// Who speaks in them, by the names in the rows and by the usual ones.
    roles: BTreeSet<String>,
    /// Of which had something to train before they were cut.
    cut: u64,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.untrained += other.untrained;
        self.roles.extend(other.roles);
        self.roles = std::mem::take(&mut self.roles).into_iter().take(ROLES).collect();
        self.cut += other.cut;
    }
}

/// The token in which a prompt ends and its answer begins.
fn token_shared(encoded: &Encoded, example: &Example<'_>) -> Option<String> {
    let mut start = 0;
    for part in &encoded.parts {
        let from = std::mem::replace(&mut start, part.end);
        let answers = |at: u16| example.turns.get(usize::from(at)).is_some_and(Turn::is_answer);
        if !matches!(part.what, What::Turn(at) if answers(at)) {
            continue;
        }
        let token = encoded.offsets.iter().find(|(_, end)| *end > from)?;
        let text = encoded.text.get(token.0 as usize..token.1 as usize);
        if let Some(text) = text.filter(|_| token.0 < from && from < part.end) {
            return Some(clip(text).replace('`', "'"));
        }
    }
    None
}

/// Whether the row is a text of one token or none, which no loss can be taken of and nobody misses.
fn is_bare(row: &Row<'_>) -> bool {
    let is_text = row.example.is_some_and(|example| example.shape == Shape::Text);
    is_text
        && row
            .encoded
            .iter()
            .all(|encoded| encoded.full_len < 2 && encoded.len() < 2)
}

/// Whether a row has answers, and all are empty.
fn says_nothing(example: &Example<'_>) -> bool {
    let mut answers = example.turns.iter().filter(|turn| turn.is_answer()).peekable();
    answers.peek().is_some() && answers.all(|turn| turn.trimmed().is_empty() && !turn.has_tool_calls())
}

/// axolotl's setting of who is trained, where it names none of these.
fn strangers<'s>(setup: &'s Setup, roles: &BTreeSet<String>) -> Option<&'s ConfigValue> {
    let config = setup.config.as_ref().filter(|config| config.program == "axolotl")?;
    let is_here = |name: &Value| name.as_str().is_some_and(|name| roles.contains(name));
    config.values.iter().find(|given| {
        let names = given.value.as_array();
        given.key.ends_with(".roles_to_train")
            && names.is_some_and(|names| !names.is_empty() && !names.iter().any(is_here))
    })
}

/// What says which tokens are answers, in the trainer's own words.
fn marks(setup: &Setup) -> &'static str {
    let trainer = setup.trainer.as_deref().and_then(|name| name.split('@').next());
    match trainer.unwrap_or_default() {
        "axolotl" => "roles_to_train, roles, message_property_mappings and message_field_training of the set",
        "llama-factory" => "the columns and tags of the set in dataset_info.json",
        "torchtune" => "column_map, conversation_style and train_on_input of the set",
        "unsloth" => "instruction_part and response_part",
        _ => "`{% generation %}` in the chat template, the response template, or the columns of prompt and completion",
    }
}

impl Rule for NothingTrained {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, out: &mut Findings) {
        if row.encoded.is_empty() || is_bare(row) {
            return;
        }
        seen.rows += 1;
        // What is dropped without tokens is told as such.
        let untrained =
            |encoded: &&Encoded| encoded.trained() == 0 && (encoded.dropped.is_none() || !encoded.is_empty());
        let Some(encoded) = row.encoded.iter().find(untrained) else {
            return;
        };
        // The last piece of a text may be its end and nothing else.
        if are_pieces(row.encoded) && !row.encoded.iter().all(|encoded| untrained(&encoded)) {
            return;
        }
        seen.untrained += 1;
        let turns = row.example.iter().flat_map(|example| &example.turns);
        for name in turns.flat_map(|turn| [&*turn.role_text, turn.role.name()]) {
            if seen.roles.len() < ROLES && !seen.roles.contains(name) {
                seen.roles.insert(name.to_owned());
            }
        }
        seen.cut += u64::from(encoded.full_trained > 0);
        // Without a trainer nothing else is made of an empty answer than that it is one, which a rule of its own says.
        if row.setup.trainer.is_none() && row.example.is_some_and(says_nothing) {
            return;
        }
        out.row(&row.place, || {
            let why = if encoded.full_trained > 0 {
                let limit = row.setup.limit();
                let limit = limit.unwrap_or_else(|| format!("truncation to {}", encoded.len()));
                let dropped = if encoded.dropped.is_some() {
                    "; the trainer drops the row"
                } else {
                    ""
                };
                format!(": {limit} cut all {} that were to be{dropped}", encoded.full_trained)
            } else if let Some(token) = row.example.and_then(|example| token_shared(encoded, example)) {
                format!(": the answer begins within the token `{token}`, which is the prompt's")
            } else {
                String::new()
            };
            format!("none of {} tokens is trained{why}", encoded.len())
        });
    }

    fn finish(&self, seen: Seen, setup: &Setup, out: &mut Findings) {
        // Nothing was cut: what is trained was never marked.
        if seen.untrained > 0 && seen.cut == 0 && setup.trainer.is_some() {
            out.fix = Some(format!(
                "Look at a row with `gonogo show`, and mend what says which tokens are answers: {}. Where an answer begins \
                 within a token of the prompt, put a blank or a line break between the two.",
                marks(setup)
            ));
        }
        if seen.rows > 0 && seen.rows == seen.untrained {
            out.set(format!(
                "no row of {} trains anything: the loss would be 0 or NaN from the first step",
                seen.rows
            ));
            if let Some(wanted) = strangers(setup, &seen.roles) {
                let message = format!(
                    "{} names {}, and nobody in the rows is called so",
                    wanted.key, wanted.value
                );
                out.blame(&wanted.origin, message);
            }
        }
    }
}
