//! Who speaks, how often, and in which scripts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::example::Role;
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::histogram::Histogram;
use crate::text::SCRIPTS;

use super::scripts::ScriptCounts;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Mix {
    roles: BTreeMap<Role, (u64, u64)>,
    turns: Histogram,
    with_tools: u64,
    scripts: ScriptCounts,
}

/// The section of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MixSection {
    /// Turns and rows with such a turn, by role.
    pub roles: Vec<RoleCount>,
    /// Turns per row: fewest, median, most.
    pub turns: (u64, u64, u64),
    pub rows_with_tools: u64,
    /// Share of letters by script, the largest first, 0 to 1.
    pub scripts: Vec<(String, f64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleCount {
    pub role: Role,
    pub turns: u64,
    pub rows: u64,
}

impl Mix {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        let Some(example) = row.example else { return };
        self.turns.add(example.turns.len() as u64);
        self.with_tools += u64::from(example.tools.is_some());
        for (index, turn) in example.turns.iter().enumerate() {
            let (turns, rows) = self.roles.entry(turn.role).or_default();
            *turns += 1;
            *rows += u64::from(example.turns[..index].iter().all(|before| before.role != turn.role));
            self.scripts.add(&turn.text);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    pub(super) fn finish(self) -> MixSection {
        let letters: u64 = self.scripts.counts().iter().sum();
        let mut scripts: Vec<(String, f64)> = SCRIPTS
            .iter()
            .zip(self.scripts.counts())
            .filter(|(_, count)| **count > 0)
            .map(|(name, count)| ((*name).to_owned(), *count as f64 / letters as f64))
            .collect();
        scripts.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        MixSection {
            roles: self
                .roles
                .into_iter()
                .map(|(role, (turns, rows))| RoleCount { role, turns, rows })
                .collect(),
            turns: (self.turns.min(), self.turns.percentile(0.5), self.turns.max()),
            rows_with_tools: self.with_tools,
            scripts,
        }
    }
}

impl Merge for Mix {
    fn merge(&mut self, other: Self) {
        for (role, (turns, rows)) in other.roles {
            let mine = self.roles.entry(role).or_default();
            mine.0 += turns;
            mine.1 += rows;
        }
        self.turns.merge(other.turns);
        self.with_tools += other.with_tools;
        self.scripts.merge(other.scripts);
    }
}
