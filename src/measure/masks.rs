//! How much of the set carries loss, whose text it is, and which rows show it best.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::encoded::{Encoded, What, are_pieces};
use crate::model::example::Role;
use crate::model::stretch::stretches;
use crate::place::Place;
use crate::rule::Row;
use crate::sketch::Merge;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Masks {
    rows: u64,
    tokens: u64,
    trained: u64,
    untrained_rows: u64,
    dropped_rows: u64,
    /// Tokens and trained tokens of each role; of the template where there is none.
    roles: BTreeMap<Option<Role>, (u64, u64)>,
    /// By reason, the row for which it holds most.
    worth: BTreeMap<Why, Candidate>,
}

/// Why a row is worth a look. In the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Trains the smallest share of its tokens that is not none.
    LeastTrained,
    /// Trains the largest share.
    MostTrained,
    /// Loses the most trained tokens to truncation.
    MostCut,
    /// Has the most tokens.
    Longest,
    /// Has the most tokens without loss.
    MostMasked,
}

impl Why {
    pub fn said(self) -> &'static str {
        match self {
            Self::LeastTrained => "smallest share trained",
            Self::MostTrained => "largest share trained",
            Self::MostCut => "most trained tokens cut",
            Self::Longest => "longest",
            Self::MostMasked => "most tokens masked",
        }
    }
}

/// The best row so far: of the same score the first, so that order and grouping do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    score: u64,
    place: Place,
    tokens: u64,
    trained: u64,
}

impl Candidate {
    fn beats(&self, other: &Self) -> bool {
        (other.score, self.place) < (self.score, other.place)
    }
}

/// The section of the report. Tokens are those left after truncation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MaskSection {
    pub tokens: u64,
    pub trained: u64,
    /// Rows without a trained token.
    pub untrained_rows: u64,
    /// Rows the trainer leaves out.
    pub dropped_rows: u64,
    /// Whose text is trained; text of no turn is the template's.
    pub roles: Vec<RoleTokens>,
    /// Rows worth a look, at most five.
    pub worth: Vec<Worth>,
}

/// Tokens of a role's turns, or of the template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoleTokens {
    /// `user`, `assistant`, …, or `template`.
    pub role: String,
    pub tokens: u64,
    pub trained: u64,
}

/// A row worth a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worth {
    /// Index into the report's sources.
    pub source: u32,
    /// Zero-based row in the source.
    pub row: u64,
    /// One-based line, where the format has lines.
    pub line: Option<u64>,
    pub why: Why,
    pub tokens: u64,
    pub trained: u64,
}

impl Masks {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        if row.encoded.is_empty() {
            return;
        }
        self.rows += 1;
        // What is left out is neither trained nor masked. A pair goes whole, of pieces each by itself.
        let kept = || row.encoded.iter().filter(|encoded| encoded.dropped.is_none());
        let left_out = kept().count() < if are_pieces(row.encoded) { 1 } else { row.encoded.len() };
        if left_out {
            self.dropped_rows += 1;
            self.untrained_rows += u64::from(row.encoded.iter().all(|encoded| encoded.trained() == 0));
            return;
        }
        let count = |of: fn(&Encoded) -> usize| kept().map(|encoded| of(encoded) as u64).sum::<u64>();
        let (tokens, trained) = (count(Encoded::len), count(Encoded::trained));
        self.tokens += tokens;
        self.trained += trained;
        self.untrained_rows += u64::from(trained == 0);
        self.see_roles(row);
        let cut = count(|encoded| encoded.full_trained.saturating_sub(encoded.trained()));
        // Shares in parts of a million; a share of nothing is an error of its own.
        let share = trained * 1_000_000 / tokens.max(1);
        let scores = [
            (
                Why::LeastTrained,
                (1_000_000 - share.min(1_000_000)) * u64::from(trained > 0),
            ),
            (Why::MostTrained, share),
            (Why::MostCut, cut),
            (Why::Longest, count(|encoded| encoded.full_len)),
            (Why::MostMasked, tokens - trained),
        ];
        for (why, score) in scores.into_iter().filter(|(_, score)| *score > 0) {
            self.offer(
                why,
                Candidate {
                    score,
                    place: row.place,
                    tokens,
                    trained,
                },
            );
        }
    }

    fn see_roles(&mut self, row: &Row<'_>) {
        let Some(example) = row.example else { return };
        let kept = row.encoded.iter().filter(|encoded| encoded.dropped.is_none());
        for stretch in kept.flat_map(stretches) {
            let role = match stretch.what {
                What::Template => None,
                What::Turn(at) => example.turns.get(usize::from(at)).map(|turn| turn.role),
            };
            let (tokens, trained) = self.roles.entry(role).or_default();
            *tokens += stretch.tokens.len() as u64;
            *trained += stretch.trained as u64;
        }
    }

    fn offer(&mut self, why: Why, candidate: Candidate) {
        let best = self.worth.entry(why).or_insert(candidate);
        if candidate.beats(best) {
            *best = candidate;
        }
    }

    pub(super) fn finish(self) -> Option<MaskSection> {
        let role = |(role, (tokens, trained)): (Option<Role>, (u64, u64))| RoleTokens {
            role: role.map_or("template", Role::name).to_owned(),
            tokens,
            trained,
        };
        let mut worth: Vec<Worth> = Vec::new();
        for (why, best) in self.worth {
            let Place { source, row, line, .. } = best.place;
            if !worth.iter().any(|seen| (seen.source, seen.row) == (source, row)) {
                worth.push(Worth {
                    source,
                    row,
                    line: Some(line).filter(|line| *line > 0),
                    why,
                    tokens: best.tokens,
                    trained: best.trained,
                });
            }
        }
        (self.rows > 0).then(|| MaskSection {
            tokens: self.tokens,
            trained: self.trained,
            untrained_rows: self.untrained_rows,
            dropped_rows: self.dropped_rows,
            roles: self.roles.into_iter().map(role).collect(),
            worth,
        })
    }
}

impl Merge for Masks {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.tokens += other.tokens;
        self.trained += other.trained;
        self.untrained_rows += other.untrained_rows;
        self.dropped_rows += other.dropped_rows;
        for (role, (tokens, trained)) in other.roles {
            let mine = self.roles.entry(role).or_default();
            *mine = (mine.0 + tokens, mine.1 + trained);
        }
        for (why, candidate) in other.worth {
            self.offer(why, candidate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_rows_the_first_is_shown_whoever_saw_it() {
        let at = |row, score| Candidate {
            score,
            place: Place {
                row,
                ..Place::default()
            },
            tokens: 1,
            trained: 1,
        };
        let of = |rows: &[(u64, u64)]| {
            let mut masks = Masks::default();
            for (row, score) in rows {
                masks.offer(Why::Longest, at(*row, *score));
            }
            masks
        };
        let (mut left, mut right) = (of(&[(5, 3), (2, 9)]), of(&[(1, 9), (0, 8)]));
        let (first, second) = (left.clone(), right.clone());
        left.merge(second);
        right.merge(first);
        assert_eq!(left, right);
        assert_eq!(left.worth[&Why::Longest].place.row, 1);
    }
}
