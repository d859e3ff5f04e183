use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::search;
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Messages that the chat template renders more than once. A short one stands in a template by chance: those are
    /// told for the set, where they are doubled in nearly every row.
    ///
    /// ## Why it matters
    /// What stands twice weighs twice, in length and where it is trained. Some templates put the system turn
    /// before every question; others were written for rows that hold the question elsewhere as well.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/system-twice.jinja
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders each message once.
    "template/message-doubled", Warning, needs [Tokenizer, Template]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MessageDoubled {
    /// Shortest message that is told by itself, in bytes: short words stand in templates by right.
    bytes: usize,
}

/// Short messages of one role.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Short {
    messages: u64,
    doubled: u64,
    /// The first and the last in order of those doubled: of one word, again and again, nothing can be said.
    between: Option<(String, String)>,
    /// Pointer and text of the first.
    first: Lowest<(String, String)>,
}

impl Merge for Short {
    fn merge(&mut self, other: Self) {
        self.messages += other.messages;
        self.doubled += other.doubled;
        if let Some((low, high)) = other.between {
            self.widen(&low);
            self.widen(&high);
        }
        self.first.merge(other.first);
    }
}

impl Short {
    fn widen(&mut self, text: &str) {
        match &mut self.between {
            Some((low, high)) => {
                if text < low.as_str() {
                    text.clone_into(low);
                } else if text > high.as_str() {
                    text.clone_into(high);
                }
            }
            none => *none = Some((text.to_owned(), text.to_owned())),
        }
    }
}

impl Default for MessageDoubled {
    fn default() -> Self {
        Self { bytes: 20 }
    }
}

impl Rule for MessageDoubled {
    const META: RuleMeta = META;
    type State = BTreeMap<Role, Short>;

    fn check(&self, row: &Row<'_>, short: &mut Self::State, out: &mut Findings) {
        for encoded in round_trip::rendered(row) {
            // Turns may quote each other; what the template wrote around them should not.
            let written = encoded.template_pieces();
            let written = |is: &dyn Fn(&str) -> bool| written.iter().any(|(piece, _)| is(piece));
            round_trip::each_of(row, encoded, |seen| {
                let (turn, text) = (seen.turn, seen.turn.trimmed());
                // Turns that were not found are part of what the template wrote, and may quote this one.
                if seen.at.is_none() || !seen.all_found || text.is_empty() {
                    return;
                }
                if text.len() < self.bytes {
                    let short = short.entry(turn.role).or_default();
                    short.messages += 1;
                    if written(&|piece| stands_in(piece, text)) && !quoted(row, text) {
                        short.doubled += 1;
                        short.widen(text);
                        short.first.offer(&row.place, || (turn.pointer(), text.to_owned()));
                    }
                    return;
                }
                if written(&|piece| search::contains(piece, text)) && !quoted(row, text) {
                    out.field(
                        &row.place,
                        || turn.pointer(),
                        || format!("the template renders it more than once: `{}`", clip(&turn.text)),
                    );
                }
            });
        }
    }

    fn finish(&self, roles: Self::State, _: &Setup, out: &mut Findings) {
        for (role, short) in roles {
            let several = short.between.is_some_and(|(low, high)| low != high);
            let Some((place, (pointer, text))) = short.first.get().filter(|_| several) else {
                continue;
            };
            if short.doubled * 10 >= short.messages * 9 {
                out.field(
                    place,
                    || pointer.clone(),
                    || {
                        let (doubled, all, role) = (short.doubled, short.messages, role.name());
                        let text = clip(text);
                        format!(
                            "the template renders {doubled} of {all} short {role} messages more than once: `{text}`"
                        )
                    },
                );
            }
        }
    }
}

/// Whether a text stands in another by itself, and not inside a word.
fn stands_in(piece: &str, text: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (first, last) = (letter(text.chars().next()), letter(text.chars().next_back()));
    piece.match_indices(text).any(|(at, _)| {
        let (before, after) = (&piece[..at], &piece[at + text.len()..]);
        let inside = (first && letter(before.chars().next_back())) || (last && letter(after.chars().next()));
        !inside
    })
}

/// Whether another field of a message, which the template writes as well, holds the text: a thought that takes up the
/// question.
fn quoted(row: &Row<'_>, text: &str) -> bool {
    let turns = row.example.iter().flat_map(|example| &example.turns);
    let fields = turns.filter_map(|turn| Some((turn.key, turn.raw?.as_object()?)));
    let mut others = fields.flat_map(|(key, fields)| fields.iter().filter(move |(name, _)| *name != key));
    others.any(|(_, value)| value.as_str().is_some_and(|other| search::contains(other, text)))
}
