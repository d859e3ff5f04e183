//! A worker's view of the held-out rows.

use crate::model::example::Example;
use crate::text::{Forms, Words};

use super::{Hits, Holdout, Scratch};

/// The index with a worker's buffers.
pub struct Lookup<'h> {
    holdout: &'h Holdout,
    scratch: Scratch,
}

impl<'h> Lookup<'h> {
    pub fn new(holdout: &'h Holdout) -> Self {
        Self {
            holdout,
            scratch: Scratch::default(),
        }
    }

    /// See [`Holdout::look`].
    pub fn look(&mut self, example: &Example<'_>, words: &Words, forms: &Forms) -> Hits {
        self.holdout.look(example, words, forms, &mut self.scratch)
    }
}
