//! What each step of a run carries.

use std::ops::Range;

use super::Plan;
use super::sampler::Order;

/// Per row (or packed sequence), what steps are made of.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Tokens; of a preference row, those of its longer side.
    pub tokens: &'a [u32],
    /// Tokens of both sides of preference rows, which lie in a batch as rows of their own.
    pub both: Option<&'a [u32]>,
    /// Tokens that carry loss.
    pub trained: &'a [u32],
    /// A batch is padded to its longest row, and that to a multiple of this (`pad_to_multiple_of`).
    pub multiple: u32,
    /// The rows of a batch lie end to end instead, and what they come to is padded (`padding_free`).
    pub flat: bool,
}

/// What one step carries, on all ranks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Counted from 1.
    pub step: u64,
    /// A row fed twice counts twice.
    pub rows: u64,
    pub tokens: u64,
    /// Tokens that carry loss. Loss is the mean over these, so in a step with few of them each weighs more.
    pub trained: u64,
    /// Tokens and padding.
    pub padded: u64,
    /// The squares of the rows' padded lengths.
    pub pairs: u128,
}

impl Plan {
    /// The load of each of the first `steps` steps in turn, in the very order of the run.
    ///
    /// Holds one epoch's order at a time, as far as it is needed; takes some 20 ns a row.
    ///
    /// # Panics
    ///
    /// If there are fewer values in a column than rows, or more than 2^32 rows.
    pub fn loads<'a>(
        &'a self,
        order: Order<'a>,
        columns: Columns<'a>,
        steps: u64,
    ) -> impl Iterator<Item = Load> + use<'a> {
        let mut epoch = Drawn::default();
        let steps = steps.min(self.steps);
        let (last, rest) = self.reached(steps);
        (0..steps).map(move |update| {
            let mut load = Load {
                step: update + 1,
                ..Load::default()
            };
            for part in self.batches_of(update) {
                if epoch.number != Some(part.epoch) {
                    let batches = if part.epoch == last { rest } else { self.rhythm.fetched };
                    let places = self.feed.places(&(0..batches)).end;
                    epoch.rows = self.draw(&order, part.epoch, places);
                    epoch.number = Some(part.epoch);
                }
                self.add(&part.batches, &epoch.rows, columns, &mut load);
            }
            load
        })
    }

    fn add(&self, batches: &Range<u64>, drawn: &[u32], columns: Columns<'_>, load: &mut Load) {
        for batch in batches.clone() {
            for rank in 0..self.feed.world {
                let (mut rows, mut longest, before) = (0u64, 0u32, load.tokens);
                let sides = if columns.both.is_some() { 2 } else { 1 };
                for place in self.feed.batch(batch, rank) {
                    let at = usize::try_from(place % self.feed.rows).expect("a row's number");
                    let row = drawn[at] as usize;
                    rows += 1;
                    longest = longest.max(columns.tokens[row]);
                    load.tokens += u64::from(columns.both.unwrap_or(columns.tokens)[row]);
                    load.trained += u64::from(columns.trained[row]);
                }
                load.rows += rows;
                let multiple = u64::from(columns.multiple.max(1));
                let width = u64::from(longest).next_multiple_of(multiple);
                load.padded += if columns.flat {
                    (load.tokens - before).next_multiple_of(multiple)
                } else {
                    sides * rows * width
                };
                load.pairs += u128::from(sides * rows) * u128::from(width) * u128::from(width);
            }
        }
    }
}

/// The order of the epoch at hand.
#[derive(Default)]
struct Drawn {
    number: Option<u64>,
    rows: Vec<u32>,
}
