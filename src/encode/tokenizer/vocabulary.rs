//! The model's tokens: text to id and id to text, in one string and two tables.

use xxhash_rust::xxh3::xxh3_64;

/// Marks an empty slot of the index.
const EMPTY: u32 = u32::MAX;

/// The tokens of `model.vocab`, without those added beside it.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    text: String,
    /// By id: start and end in `text`; `(EMPTY, 0)` where no token has the id.
    spans: Vec<(u32, u32)>,
    /// Open addressing by the hash of the text; the ids.
    slots: Vec<u32>,
    tokens: usize,
    /// Whether two tokens have one id, so that an id does not tell its text.
    ambiguous: bool,
}

/// Why tokens do not make a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// An id is far beyond the number of tokens, so a table by id would be mostly empty.
    #[error("id {0} is far beyond the number of tokens")]
    SparseId(u32),
    #[error("more text than 32 bits can address")]
    TooLarge,
}

impl Vocabulary {
    /// Builds it from token and id. A token named twice keeps its last id, as in a JSON object.
    pub(super) fn new<'t>(tokens: impl ExactSizeIterator<Item = (&'t str, u32)> + Clone) -> Result<Self, Unusable> {
        let count = tokens.len();
        let bytes: usize = tokens.clone().map(|(token, _)| token.len()).sum();
        if u32::try_from(bytes).is_err() || count >= EMPTY as usize / 4 {
            return Err(Unusable::TooLarge);
        }
        let mut made = Self {
            text: String::with_capacity(bytes),
            spans: Vec::with_capacity(count),
            slots: vec![EMPTY; (count * 2).next_power_of_two().max(16)],
            tokens: 0,
            ambiguous: false,
        };
        for (token, id) in tokens {
            if id as usize > 4 * count + 65_536 {
                return Err(Unusable::SparseId(id));
            }
            made.insert(token, id);
        }
        Ok(made)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the text was measured to fit")]
    fn insert(&mut self, token: &str, id: u32) {
        let slot = match self.find(token) {
            Ok((slot, before)) => {
                self.spans[before as usize] = (EMPTY, 0);
                self.tokens -= 1;
                slot
            }
            Err(slot) => slot,
        };
        let at = id as usize;
        if at >= self.spans.len() {
            self.spans.resize(at + 1, (EMPTY, 0));
        }
        if self.spans[at].0 != EMPTY {
            self.ambiguous = true;
            return;
        }
        let start = self.text.len() as u32;
        self.text.push_str(token);
        self.spans[at] = (start, self.text.len() as u32);
        self.slots[slot] = id;
        self.tokens += 1;
    }

    /// The slot and id of a token, or the slot where it would stand.
    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
    fn find(&self, token: &str) -> Result<(usize, u32), usize> {
        let mask = self.slots.len() - 1;
        let mut slot = xxh3_64(token.as_bytes()) as usize & mask;
        loop {
            match self.slots[slot] {
                EMPTY => return Err(slot),
                id if self.text_of(id) == Some(token) => return Ok((slot, id)),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.find(token).ok().map(|(_, id)| id)
    }

    pub(super) fn text_of(&self, id: u32) -> Option<&str> {
        let &(start, end) = self.spans.get(id as usize)?;
        (start != EMPTY).then(|| &self.text[start as usize..end as usize])
    }

    /// Tokens in it.
    pub(super) fn len(&self) -> usize {
        self.tokens
    }

    /// Whether two tokens have one id; the second is then left out.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// One past the highest id.
    pub(super) fn end(&self) -> usize {
        self.spans.len()
    }

    /// Tokens and ids, in order of id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        (0u32..)
            .zip(&self.spans)
            .filter(|(_, span)| span.0 != EMPTY)
            .map(|(id, &(start, end))| (&self.text[start as usize..end as usize], id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(tokens: &[(&str, u32)]) -> Result<Vocabulary, Unusable> {
        Vocabulary::new(tokens.iter().copied())
    }

    #[test]
    fn looks_up_both_ways() {
        let made = build(&[("a", 2), ("b", 0), ("", 5), ("ab", 1)]).expect("a vocabulary");
        assert_eq!(made.id_of("ab"), Some(1));
        assert_eq!(made.id_of(""), Some(5));
        assert_eq!(made.id_of("c"), None);
        assert_eq!(made.text_of(2), Some("a"));
        assert_eq!(made.text_of(3), None);
        assert_eq!(made.text_of(9), None);
        assert_eq!((made.len(), made.end()), (4, 6));
        assert_eq!(made.iter().map(|(_, id)| id).collect::<Vec<_>>(), [0, 1, 2, 5]);
    }

    #[test]
    fn a_token_named_twice_keeps_its_last_id() {
        let made = build(&[("a", 0), ("a", 1)]).expect("a vocabulary");
        assert_eq!((made.id_of("a"), made.text_of(0), made.len()), (Some(1), None, 1));
    }

    #[test]
    fn says_what_cannot_be_looked_up() {
        assert!(build(&[("a", 0), ("b", 0)]).expect("a vocabulary").is_ambiguous());
        assert_eq!(
            build(&[("a", 4_000_000_000)]).err(),
            Some(Unusable::SparseId(4_000_000_000))
        );
        assert!(build(&[]).expect("empty").id_of("a").is_none());
    }
}
