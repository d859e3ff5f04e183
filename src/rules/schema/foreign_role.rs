use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::{outliers, turns};
use crate::sketch::few::Few;

rule_meta! {
    /// ## What it finds
    /// Messages whose role is another format's: `human` or `model` beside `user` and `assistant`, `user` beside
    /// `human`.
    ///
    /// ## Why it matters
    /// Names are mapped per file, by the trainer or not at all. In a file of `user` and `assistant` nobody
    /// expects `gpt`, and a template drops the message or refuses the row.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// {"messages": [{"role": "human", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// {"messages": [{"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// ## Fix
    /// Use one set of names in the whole file: `user` and `assistant` with `role`, `human` and `gpt` with
    /// `from`.
    "schema/foreign-role", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForeignRole {}

/// The names that go with `role` and `content`, user and assistant.
const OURS: [&str; 2] = ["user", "assistant"];
/// The names that go with `from` and `value`.
const THEIRS: [&str; 2] = ["human", "gpt"];
/// Names of the assistant that go with neither: that of Gemma's templates, which turn `assistant` into it, and those of
/// products.
const PRODUCTS: [&str; 4] = ["model", "chatgpt", "bing", "bard"];

type Names = (u64, Few<(String, String)>);

impl Rule for ForeignRole {
    const META: RuleMeta = META;
    /// Of users and of assistants: how many turns have the name that goes with their fields, and rows where one has
    /// the other, where and what is said of it.
    type State = (Names, Names);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (users, assistants): &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut told = [false; 2];
        for turn in example.turns.iter().filter(|turn| turns::is_message(turn)) {
            let (own, other): (&[_], &[_]) = if turn.key == "value" {
                (&THEIRS, &OURS)
            } else {
                (&OURS, &THEIRS)
            };
            let name = turn.role_text.as_ref();
            let which = usize::from(turn.role == Role::Assistant);
            let (native, foreign) = if which == 0 { &mut *users } else { &mut *assistants };
            if own.contains(&name) {
                *native += 1;
            } else if (other.contains(&name) || PRODUCTS.contains(&name)) && !std::mem::replace(&mut told[which], true)
            {
                let message = || format!("the role is `{name}` where the file says `{}`", own[which]);
                foreign.offer(&row.place, || (turn.pointer(), message()));
            }
        }
    }

    fn finish(&self, (users, assistants): Self::State, _: &Setup, out: &mut Findings) {
        // A name that is used throughout is one that the file's trainer maps.
        for (native, foreign) in [users, assistants] {
            if native == 0 || native < foreign.count() {
                continue;
            }
            outliers::report(&foreign, out, Clone::clone);
        }
    }
}
