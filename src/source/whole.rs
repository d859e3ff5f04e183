//! One thing to say, as a reader and as a batch.

use super::{Batch, Reader};
use crate::model::record::{Record, Unreadable};

/// A batch of one unreadable row, or a reader of it.
#[derive(Clone)]
pub(super) struct Single {
    unreadable: Unreadable,
    bytes: u64,
    said: bool,
}

impl Single {
    pub(super) fn new(unreadable: Unreadable, bytes: u64) -> Self {
        Self {
            unreadable,
            bytes,
            said: false,
        }
    }
}

impl Batch for Single {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        each(Err(self.unreadable.clone()));
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Reader for Single {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let first = !std::mem::replace(&mut self.said, true);
        first.then(|| Box::new(self.clone()) as Box<dyn Batch>)
    }
}

/// Nothing to read: a shard of a file whose fault another shard reports.
pub(super) struct Nothing;

impl Reader for Nothing {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        None
    }
}
