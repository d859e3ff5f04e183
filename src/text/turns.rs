//! What is made of a row's turns, kept in one list.

/// Items of each turn, one turn after the other.
#[derive(Debug)]
pub(super) struct Turns<T> {
    items: Vec<T>,
    /// One past each turn's last item.
    ends: Vec<usize>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl<T> Turns<T> {
    /// Empties it and keeps the buffers.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
    }

    /// Adds the next turn: what `add` appends.
    pub(super) fn push(&mut self, add: impl FnOnce(&mut Vec<T>)) {
        add(&mut self.items);
        self.ends.push(self.items.len());
    }

    /// The items of a turn; none for a turn that was not added.
    pub(super) fn turn(&self, at: usize) -> &[T] {
        let start = at
            .checked_sub(1)
            .map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(at).map_or(&[], |end| &self.items[start..*end])
    }

    /// The items of all turns.
    pub(super) fn all(&self) -> &[T] {
        &self.items
    }
}
