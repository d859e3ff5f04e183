//! Rows in which nothing but the system prompt speaks of what was found in them. A prompt that many rows share says nothing
//! of a single one of them, unless what it speaks of is what they do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Example, Role};
use crate::place::Place;
use crate::rule::{Row, row};
use crate::rules::parts::slips::Slips;
use crate::sketch::Merge;

/// What excuses what was found in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Excuse {
    Nothing,
    /// A word of the system prompt, which may stand there for other reasons.
    System,
    /// The row asks for it.
    Asked,
}

impl Excuse {
    pub(in super::super) fn of(asked: bool, system: impl FnOnce() -> bool) -> Self {
        match asked {
            true => Self::Asked,
            false if system() => Self::System,
            false => Self::Nothing,
        }
    }
}

/// What a row is told that many others may be told as well: its system prompt, or else its task.
pub(in super::super) fn shared<'t>(example: &'t Example<'_>) -> impl Iterator<Item = &'t str> {
    let systems = example.turns.iter().filter(|turn| turn.role == Role::System);
    systems.map(|turn| &*turn.text).chain(row::task(example))
}

/// What it is told besides, by whoever does not answer.
pub(in super::super) fn asked<'t>(example: &'t Example<'_>) -> impl Iterator<Item = &'t str> {
    let task = row::task(example).map_or(0, str::len);
    let others = example.turns.iter().enumerate();
    others
        .filter(|(_, turn)| !matches!(turn.role, Role::Assistant | Role::System))
        .map(move |(at, turn)| &turn.text[if at == 0 { task } else { 0 }..])
}

/// Rows by the hash of their system prompt: of at most [`MOST`] prompts, those with the lowest hashes, whose rows are all
/// counted in whatever order they come.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Excused(BTreeMap<u64, Prompt>);

/// The rows of one system prompt.
#[derive(Default, Serialize, Deserialize)]
struct Prompt {
    rows: u64,
    /// Those in which it was found: where, and what is said of it unless the row asks for it.
    found: Slips<Option<(String, String)>>,
}

const MOST: usize = 64;
/// Rows below which a prompt is not shared by many.
const LEAST: u64 = 50;
/// Of so many of them it may be found in one; where it is in more, the prompt asks for it.
const PER: u64 = 100;

impl Excused {
    /// Counts a row, before anything found in it is judged.
    pub(in super::super) fn see(&mut self, row: &Row<'_>) {
        if let Some(system) = row.system {
            self.count(system);
        }
    }

    fn count(&mut self, system: u64) {
        let full = self.0.len() >= MOST;
        if !full || self.0.last_key_value().is_some_and(|(last, _)| system <= *last) {
            self.0.entry(system).or_default().rows += 1;
            self.keep_lowest();
        }
    }

    /// Reports what was found if nothing excuses it, and keeps it where the system prompt alone does.
    pub(in super::super) fn judge(
        &mut self,
        row: &Row<'_>,
        excuse: Excuse,
        out: &mut Findings,
        pointer: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) {
        match excuse {
            Excuse::Nothing => out.field(&row.place, pointer, message),
            Excuse::System => self.offer(row.system, &row.place, || Some((pointer(), message()))),
            Excuse::Asked => self.offer(row.system, &row.place, || None),
        }
    }

    fn offer(&mut self, system: Option<u64>, place: &Place, found: impl FnOnce() -> Option<(String, String)>) {
        if let Some(prompt) = system.and_then(|system| self.0.get_mut(&system)) {
            prompt.found.offer(place, found);
        }
    }

    /// Reports the rows whose system prompt excuses nothing.
    pub(in super::super) fn report(self, out: &mut Findings) {
        for Prompt { rows, found } in self.0.into_values().filter(|prompt| prompt.rows >= LEAST) {
            for (place, said) in found.few(rows, PER) {
                if let Some((pointer, message)) = said {
                    let message = || {
                        format!(
                            "{message}, as in {} of {rows} rows that are told the same",
                            found.count()
                        )
                    };
                    out.field(place, || pointer.clone(), message);
                }
            }
        }
    }

    fn keep_lowest(&mut self) {
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }
}

impl Merge for Excused {
    fn merge(&mut self, other: Self) {
        Merge::merge(&mut self.0, other.0);
        self.keep_lowest();
    }
}

impl Merge for Prompt {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.found.merge(other.found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of three times as many prompts as are kept; of each a hundred rows, of which one, or three, are found.
    fn some(rows: impl Iterator<Item = u64>) -> Excused {
        let mut excused = Excused::default();
        for row in rows {
            let (prompt, nth) = (row % (3 * MOST as u64), row / (3 * MOST as u64));
            let place = Place {
                row,
                ..Place::default()
            };
            let system = prompt.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            excused.count(system);
            if nth == 0 || prompt.is_multiple_of(2) && nth < 3 {
                excused.offer(Some(system), &place, || Some((String::new(), row.to_string())));
            }
        }
        excused
    }

    fn told(excused: Excused) -> Vec<String> {
        let mut out = Findings::every();
        excused.report(&mut out);
        out.into_kept().into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_few_rows_of_a_prompt_do_is_told_in_whatever_order_they_come() {
        let all = 300 * MOST as u64;
        let reference = told(some(0..all));
        assert!((10..MOST).contains(&reference.len()), "{}", reference.len());
        assert!(
            reference
                .iter()
                .all(|said| said.ends_with("as in 1 of 100 rows that are told the same"))
        );
        assert_eq!(told(some((0..all).rev())), reference);
        for parts in [2, 7] {
            let mut parts = (0..parts).map(|part| some((0..all).filter(move |row| row * 31 % 97 % parts == part)));
            let mut merged = parts.next_back().expect("a part");
            parts.for_each(|part| merged.merge(part));
            assert_eq!(told(merged), reference);
        }
        assert_eq!(
            told(some(0..all / 3)),
            [""; 0],
            "of a prompt that few rows share nothing is said"
        );
    }
}
