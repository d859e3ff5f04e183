//! What is remembered of each training row to plan runs of other sizes without its tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::encoded::{Encoded, IGNORE, are_pieces};
use crate::plan::outlook::DROPPED;
use crate::rule::Row;
use crate::sketch::Merge;

/// Which part of a row too long is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    Start,
    End,
    /// None: the row is left out.
    Neither,
}

/// Columns of rows: 20 bytes a row, and 8 for each stretch of trained tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    runs: Vec<Run>,
    /// Rows the trainer would raise on, or that have no shape known here.
    pub unusable: u64,
    /// What it raises on the first of them: its source and number, and the words.
    raises: Option<(u32, u64, String)>,
}

/// Consecutive rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    source: u32,
    first: u64,
    rows: Vec<One>,
    /// Stretches of trained tokens: from, to.
    spans: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct One {
    /// Tokens before and after truncation; the latter [`DROPPED`] for a row that is left out.
    full: u32,
    kept: u32,
    full_trained: u32,
    /// Where the row's spans end among those of the run.
    spans_end: u32,
}

/// The rows as a run of some size is fed them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Rows of each source, in order.
    pub of_source: BTreeMap<u32, u32>,
    /// Tokens of each row, [`DROPPED`] for one left out.
    pub tokens: Vec<u32>,
    pub trained: Vec<u32>,
    /// Tokens of each row before truncation, for packing that cuts by itself.
    pub full: Vec<u32>,
    pub rows_cut: u64,
    /// Rows left out, those of any size with them.
    pub dropped: u64,
    pub trained_all: u64,
    pub trained_lost: u64,
    /// Rows that had trained tokens and have none left.
    pub answers_lost: u64,
}

impl Rows {
    fn of_source(&self) -> BTreeMap<u32, u32> {
        let mut of_source = BTreeMap::new();
        for run in &self.runs {
            *of_source.entry(run.source).or_default() += small(run.rows.len());
        }
        of_source
    }

    /// Rows of one sequence, or of pieces that are a row each: a preference row has two sides, which are no run of this
    /// kind.
    pub fn see(&mut self, row: &Row<'_>) {
        if row.setup.is_eval(row.place.source) || row.read.is_err() {
            return;
        }
        if row.encoded.len() != 1 && !are_pieces(row.encoded) {
            self.unusable += 1;
            if let Some(error) = row.encode_error {
                let place = (row.place.source, row.place.row);
                if self
                    .raises
                    .as_ref()
                    .is_none_or(|(source, row, _)| place < (*source, *row))
                {
                    let words = format!("{}: {}", error.class, error.message);
                    self.raises = Some((place.0, place.1, words));
                }
            }
            return;
        }
        for encoded in row.encoded {
            self.add(row.place.source, row.place.row, encoded);
        }
    }

    fn add(&mut self, source: u32, number: u64, encoded: &Encoded) {
        let follows = |run: &Run| run.source == source && run.first + run.rows.len() as u64 == number;
        if !self.runs.last().is_some_and(follows) {
            self.runs.push(Run {
                source,
                first: number,
                rows: Vec::new(),
                spans: Vec::new(),
            });
        }
        let run = self.runs.last_mut().expect("pushed if there was none");
        let mut open: Option<u32> = None;
        for (at, label) in (0u32..).zip(&encoded.labels) {
            // The first token is predicted from nothing.
            let carries = at > 0 && *label != IGNORE;
            match (open, carries) {
                (None, true) => open = Some(at),
                (Some(from), false) => {
                    run.spans.push((from, at));
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(from) = open {
            run.spans.push((from, small(encoded.labels.len())));
        }
        run.rows.push(One {
            full: small(encoded.full_len),
            kept: if encoded.dropped.is_some() {
                DROPPED
            } else {
                small(encoded.len())
            },
            full_trained: small(encoded.full_trained),
            spans_end: small(run.spans.len()),
        });
    }

    pub fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.rows.len() as u64).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What the trainer raises on the first row it raises on.
    pub fn raises(&self) -> Option<&str> {
        self.raises.as_ref().map(|(_, _, words)| words.as_str())
    }

    /// Puts the rows in order, those of one place as they were seen.
    pub fn sort(&mut self) {
        self.runs.sort_by_key(|run| (run.source, run.first));
    }

    /// The rows as they were encoded.
    pub fn as_encoded(&self) -> Kept {
        self.cut_to(DROPPED, Side::Start)
    }

    /// The rows cut to `limit` tokens, for those that were encoded without a limit.
    pub fn cut_to(&self, limit: u32, side: Side) -> Kept {
        let mut kept = Kept {
            of_source: self.of_source(),
            ..Kept::default()
        };
        for run in &self.runs {
            let mut start = 0;
            for one in &run.rows {
                let spans = &run.spans[start..one.spans_end as usize];
                start = one.spans_end as usize;
                kept.add(*one, spans, limit, side);
            }
        }
        kept
    }
}

impl Kept {
    fn add(&mut self, one: One, spans: &[(u32, u32)], limit: u32, side: Side) {
        let (mut tokens, mut trained) = (one.kept, 0);
        if tokens != DROPPED {
            if tokens > limit && side == Side::Neither {
                tokens = DROPPED;
            } else {
                let window = match side {
                    Side::End => tokens.saturating_sub(limit)..tokens,
                    _ => 0..tokens.min(limit),
                };
                // The window's first token is predicted from nothing.
                let from = window.start + 1;
                let inside = |span: &(u32, u32)| span.1.min(window.end).saturating_sub(span.0.max(from));
                trained = spans.iter().map(inside).sum();
                tokens = window.end - window.start;
            }
        }
        let left_out = tokens == DROPPED;
        self.rows_cut += u64::from(!left_out && tokens < one.full);
        self.dropped += u64::from(left_out);
        self.trained_all += u64::from(one.full_trained);
        self.trained_lost += u64::from(one.full_trained.saturating_sub(trained));
        self.answers_lost += u64::from(one.full_trained > 0 && trained == 0);
        self.tokens.push(tokens);
        self.trained.push(trained);
        self.full.push(one.full);
    }

    /// Leaves out rows without a trained token.
    #[must_use]
    pub fn without_untrained(mut self) -> Self {
        for (tokens, trained) in self.tokens.iter_mut().zip(&self.trained) {
            if *trained == 0 && *tokens != DROPPED {
                *tokens = DROPPED;
                self.dropped += 1;
            }
        }
        self
    }
}

impl Merge for Rows {
    fn merge(&mut self, mut other: Self) {
        self.runs.append(&mut other.runs);
        self.unusable += other.unusable;
        self.raises = match (self.raises.take(), other.raises) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(DROPPED - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        // Ten tokens of which 4 to 6 and 8 to 10 are trained, and three of which none is.
        let one = |full, full_trained, spans_end| One {
            full,
            kept: full,
            full_trained,
            spans_end,
        };
        Rows {
            runs: vec![Run {
                source: 0,
                first: 0,
                rows: vec![one(10, 4, 2), one(3, 0, 2)],
                spans: vec![(4, 6), (8, 10)],
            }],
            ..Rows::default()
        }
    }

    #[test]
    fn any_limit_is_cut_from_what_was_remembered() {
        let figures = |kept: &Kept| (kept.rows_cut, kept.dropped, kept.trained_lost, kept.answers_lost);
        let kept = rows().cut_to(9, Side::Start);
        assert_eq!(
            (kept.tokens.as_slice(), kept.trained.as_slice()),
            (&[9, 3][..], &[3, 0][..])
        );
        assert_eq!(figures(&kept), (1, 0, 1, 0));
        let kept = rows().cut_to(4, Side::Start);
        assert_eq!(figures(&kept), (1, 0, 4, 1));
        // From the end the first token kept is the ninth, which is predicted from nothing.
        let kept = rows().cut_to(2, Side::End);
        assert_eq!(
            (kept.tokens.as_slice(), kept.trained.as_slice()),
            (&[2, 2][..], &[1, 0][..])
        );
        let kept = rows().cut_to(9, Side::Neither);
        assert_eq!(kept.tokens, [DROPPED, 3]);
        assert_eq!(figures(&kept), (0, 1, 4, 1));
        assert_eq!(rows().as_encoded().tokens, [10, 3]);
        assert_eq!(rows().cut_to(9, Side::Start).without_untrained().tokens, [9, DROPPED]);
    }
}
