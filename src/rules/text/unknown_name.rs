use serde::{Deserialize, Serialize};

use super::parts::query::{self, Language};
use super::parts::query_code::code;
use super::parts::query_names::{Unspoken, unspoken};
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{slips, turns};
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// In a set whose answers are queries of SQL over tables that their prompts describe: the few queries with a table or a
    /// column that stands nowhere in the prompt. Names that a query gives itself are none, and quoted ones are not looked at.
    ///
    /// ## Why it matters
    /// The query belongs to another row, or makes the name up: it fails on the tables that are there. The model learns to
    /// invent names.
    ///
    /// Where more than one query of fifty has such a name, the prompts are no descriptions, and all are left alone.
    ///
    /// ## Example
    /// ```text
    /// 99 rows whose queries keep to the tables of their prompts, and this one:
    /// {"prompt": "CREATE TABLE ship (name TEXT, built INT)\nWhich ship is from 1901?", "completion": "SELECT name FROM boats WHERE built = 1901"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "CREATE TABLE ship (name TEXT, built INT)\nWhich ship is from 1901?", "completion": "SELECT name FROM ship WHERE built = 1901"}
    /// ```
    ///
    /// ## Fix
    /// Write the query for the tables of the prompt, add the table to the prompt, or remove the row.
    "text/unknown-name", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownName {}

/// Queries below which nothing is usual.
const LEAST: u64 = 50;
/// Of so many queries one may have a name that its prompt has not, or a single one.
const PER: u64 = 50;

/// The queries of a set, and where those stand that have such a name.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Queries {
    all: u64,
    odd: Strays<(String, String)>,
}

impl Merge for Queries {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.odd.merge(other.odd);
    }
}

impl Rule for UnknownName {
    const META: RuleMeta = META;
    type State = Queries;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, queries: &mut Queries, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut taught = turns::taught(example).filter(|turn| turn.is_answer() && !turns::says_without_text(turn));
        let Some(turn) = taught.next_back() else { return };
        let (_, text) = query::unfenced(turn.trimmed());
        let reads = ["select", "with"].iter().any(|word| {
            let first = text.trim_start().get(..word.len());
            first.is_some_and(|first| first.eq_ignore_ascii_case(word))
        });
        if !reads || query::language(text) != Some(Language::Sql) || query::is_followed(text) {
            return;
        }
        let Ok(code) = code(text, Language::Sql, true) else {
            return;
        };
        queries.all += 1;
        let prompt: String = { example.turns.iter() }
            .filter(|other| other.role != Role::Assistant || other.index < turn.index)
            .flat_map(|other| [other.text.to_lowercase(), "\n".to_owned()])
            .collect();
        let (what, name) = match unspoken(&code, &prompt) {
            Some(Unspoken::Table(name)) => ("table", name),
            Some(Unspoken::Column(name)) => ("column", name),
            None => return,
        };
        queries.odd.offer(&row.place, || {
            let message = format!(
                "the query has the {what} `{}`, of which the prompt says nothing",
                clip(name)
            );
            (turn.pointer(), message)
        });
    }

    fn finish(&self, queries: Queries, _: &Setup, out: &mut Findings) {
        let Queries { all, odd } = queries;
        if all >= LEAST {
            let others = all - odd.count();
            slips::report(&odd, all, PER, out, |(pointer, message)| {
                (
                    pointer.clone(),
                    format!("{message}; {others} of {all} queries keep to theirs"),
                )
            });
        }
    }
}
