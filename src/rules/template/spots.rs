//! Where a rendered text has its turns.

use crate::model::encoded::{Part, What};

/// Where turns stand: their numbers, with start and end.
#[derive(Clone)]
pub(super) struct Spots<'p> {
    parts: &'p [Part],
    start: usize,
}

impl<'p> Spots<'p> {
    pub(super) fn of(parts: &'p [Part]) -> Self {
        Self { parts, start: 0 }
    }

    /// Where this turn stands, if it is the next that stands anywhere.
    pub(super) fn next_if(&mut self, index: usize) -> Option<(usize, usize)> {
        let mut ahead = self.clone();
        let (number, at) = ahead.next()?;
        (number == index).then(|| {
            *self = ahead;
            at
        })
    }
}

impl Iterator for Spots<'_> {
    type Item = (usize, (usize, usize));

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((part, rest)) = self.parts.split_first() {
            let at = (self.start, part.end as usize);
            self.parts = rest;
            self.start = at.1;
            if let What::Turn(number) = part.what {
                return Some((usize::from(number), at));
            }
        }
        None
    }
}
