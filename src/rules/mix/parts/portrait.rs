//! What training and evaluation rows are like, side by side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::example::{Branch, Example, Role};
use crate::model::value::Value;
use crate::rule::{Row, clip};
use crate::sketch::Merge;
use crate::sketch::histogram::Histogram;
use crate::text::language;

/// Different kinds beyond which a feature tells rows apart, not sets.
const MOST: usize = 1024;

/// Training and evaluation rows.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Portrait {
    pub(in super::super) sides: [Side; 2],
    pub(in super::super) roles: Kinds,
    pub(in super::super) system: Kinds,
    pub(in super::super) languages: Kinds,
    /// By column.
    pub(in super::super) columns: BTreeMap<String, Kinds>,
}

/// Sizes of the rows of one side.
#[derive(Default, Serialize, Deserialize)]
pub(in super::super) struct Side {
    /// Tokens before truncation, where they are counted; else characters.
    pub(in super::super) rows: Histogram,
    /// Characters of the last answer.
    pub(in super::super) answers: Histogram,
    pub(in super::super) turns: Histogram,
}

/// Rows of both sides by kind, each with its name. Once there are too many kinds nothing more is counted.
#[derive(Default, Serialize, Deserialize)]
pub(in super::super) struct Kinds {
    kinds: BTreeMap<u64, (u64, u64, String)>,
    too_many: bool,
}

impl Kinds {
    fn add(&mut self, kind: u64, is_eval: bool, name: impl FnOnce() -> String) {
        if self.too_many {
            return;
        }
        let counts = self.kinds.entry(kind).or_insert_with(|| (0, 0, name()));
        counts.0 += u64::from(!is_eval);
        counts.1 += u64::from(is_eval);
        self.settle();
    }

    fn settle(&mut self) {
        if self.too_many || self.kinds.len() > MOST {
            self.too_many = true;
            self.kinds.clear();
        }
    }

    /// Training rows, evaluation rows and name of each kind; `None` where they are too many.
    pub(in super::super) fn counts(&self) -> Option<impl Iterator<Item = (u64, u64, &str)> + Clone> {
        let kinds = self
            .kinds
            .values()
            .map(|(train, eval, name)| (*train, *eval, name.as_str()));
        (!self.too_many).then_some(kinds)
    }
}

impl Merge for Kinds {
    fn merge(&mut self, other: Self) {
        self.too_many |= other.too_many;
        for (kind, (train, eval, name)) in other.kinds {
            let counts = self.kinds.entry(kind).or_insert((0, 0, name));
            counts.0 += train;
            counts.1 += eval;
        }
        self.settle();
    }
}

impl Portrait {
    /// Adds a row; `columns` are those that name where a row is from.
    pub(in super::super) fn see(&mut self, row: &Row<'_>, columns: &[String]) {
        let Some(example) = row.example.filter(|example| !example.turns.is_empty()) else {
            return;
        };
        let is_eval = row.setup.is_eval(row.place.source);
        self.sizes(row, example, is_eval);
        let roles = example
            .turns
            .iter()
            .fold(0, |roles, turn| roles | 1 << turn.role as u64);
        let roles = roles | u64::from(example.tools.is_some()) << 32;
        self.roles.add(roles, is_eval, || named(roles));
        let system = example
            .turns
            .iter()
            .find(|turn| turn.role == Role::System)
            .map_or("", |turn| turn.trimmed());
        let kind = if system.is_empty() {
            0
        } else {
            xxh3_64(system.as_bytes())
        };
        self.system.add(kind, is_eval, || {
            let shown = clip(system).replace('`', "'");
            if kind == 0 {
                "no system prompt".to_owned()
            } else {
                format!("the system prompt `{shown}`")
            }
        });
        // What is asked and answered last says what a row is written in.
        let asked = example.turns.iter().rposition(|turn| turn.role == Role::User);
        let answered = example.turns.iter().rposition(|turn| turn.branch != Branch::Rejected);
        if let Some(at) = asked.or(answered) {
            let language = language(&example.turns[at].text, row.words.turn(at));
            self.languages.add(u64::from(language), is_eval, || {
                crate::text::LANGUAGES[usize::from(language)].to_owned()
            });
        }
        let Some(Value::Object(object)) = row.record().map(|record| &record.value) else {
            return;
        };
        for column in columns {
            let Some(Value::Str(value)) = object.get(column) else {
                continue;
            };
            if !self.columns.contains_key(column) {
                self.columns.insert(column.clone(), Kinds::default());
            }
            let kinds = self.columns.get_mut(column).expect("just inserted");
            kinds.add(xxh3_64(value.as_bytes()), is_eval, || {
                format!("`{}`", clip(value).replace('`', "'"))
            });
        }
    }

    fn sizes(&mut self, row: &Row<'_>, example: &Example<'_>, is_eval: bool) {
        let side = &mut self.sides[usize::from(is_eval)];
        let characters = |text: &str| text.chars().count() as u64;
        let kept = example.turns.iter().filter(|turn| turn.branch != Branch::Rejected);
        match row.encoded.first() {
            Some(encoded) => side.rows.add(encoded.full_len as u64),
            None if row.setup.tokenizer.is_some() => {}
            None => side.rows.add(kept.clone().map(|turn| characters(&turn.text)).sum()),
        }
        if let Some(answer) = kept.clone().rfind(|turn| turn.is_answer()) {
            side.answers.add(characters(&answer.text));
        }
        side.turns.add(kept.count() as u64);
    }
}

impl Merge for Portrait {
    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.sides.iter_mut().zip(other.sides) {
            mine.rows.merge(theirs.rows);
            mine.answers.merge(theirs.answers);
            mine.turns.merge(theirs.turns);
        }
        self.roles.merge(other.roles);
        self.system.merge(other.system);
        self.languages.merge(other.languages);
        Merge::merge(&mut self.columns, other.columns);
    }
}

/// The roles of a set of them.
fn named(roles: u64) -> String {
    const ROLES: [Role; 6] = [
        Role::System,
        Role::User,
        Role::Assistant,
        Role::Tool,
        Role::Text,
        Role::Other,
    ];
    let there = ROLES.iter().filter(|role| roles & 1 << **role as u64 != 0);
    let names: Vec<&str> = there.map(|role| role.name()).collect();
    let tools = if roles >> 32 == 0 { "" } else { " with a list of tools" };
    format!("rows of {}{tools}", names.join(", "))
}
