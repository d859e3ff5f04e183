//! The tokens added beside the model's own, and the ids they get.
//!
//! The library gives ids out when tokens are added, one call after another, and does not look at
//! the ids a file has for them: the order of the calls is what counts. It is kept here (tokenizers
//! 0.23, `AddedVocabulary::add_tokens`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::file::AddedToken;
use super::vocabulary::Vocabulary;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AddedVocabulary {
    by_id: BTreeMap<u32, AddedToken>,
    by_content: HashMap<String, u32>,
    /// Contents that were special once; the library does not forget them.
    special: BTreeSet<String>,
    calls: Vec<Vec<AddedToken>>,
}

impl AddedVocabulary {
    /// One call of `add_tokens`.
    #[expect(clippy::cast_possible_truncation, reason = "a vocabulary is smaller than its ids")]
    pub(super) fn add(&mut self, tokens: impl IntoIterator<Item = AddedToken>, vocabulary: &Vocabulary) {
        let own = vocabulary.len() as u32;
        let mut next = match self.by_id.last_key_value() {
            Some((last, _)) if *last >= own || own == 0 => last + 1,
            _ => own,
        };
        let tokens: Vec<AddedToken> = tokens.into_iter().filter(|token| !token.content.is_empty()).collect();
        for token in &tokens {
            let known = self.by_content.get(&token.content).copied();
            let id = known.or_else(|| vocabulary.id_of(&token.content)).unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            if token.special {
                self.special.insert(token.content.clone());
            }
            self.by_content.insert(token.content.clone(), id);
            self.by_id.insert(id, token.clone());
        }
        if !tokens.is_empty() {
            self.calls.push(tokens);
        }
    }

    /// The tokens of each call, to repeat them on another tokenizer.
    pub(super) fn calls(&self) -> &[Vec<AddedToken>] {
        &self.calls
    }

    pub(super) fn get(&self, id: u32) -> Option<&AddedToken> {
        self.by_id.get(&id)
    }

    pub(super) fn id_of(&self, content: &str) -> Option<u32> {
        self.by_content.get(content).copied()
    }

    pub(super) fn is_special(&self, id: u32) -> bool {
        self.get(id).is_some_and(|token| self.special.contains(&token.content))
    }

    /// Tokens in order of id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AddedToken, u32)> + Clone {
        self.by_id.iter().map(|(id, token)| (token, *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_on_after_the_highest_and_known_tokens_keep_theirs() {
        let vocabulary = Vocabulary::new([("a", 0), ("<s>", 1), ("b", 2)].into_iter()).expect("a vocabulary");
        let mut added = AddedVocabulary::default();
        added.add(["<s>", "<x>", "", "<y>"].map(AddedToken::special), &vocabulary);
        assert_eq!(added.id_of("<s>"), Some(1));
        assert_eq!((added.id_of("<x>"), added.id_of("<y>")), (Some(3), Some(4)));
        let stripping = AddedToken {
            rstrip: true,
            ..AddedToken::default()
        };
        added.add(
            [
                AddedToken {
                    content: "<x>".into(),
                    ..stripping
                },
                AddedToken::special("<z>"),
            ],
            &vocabulary,
        );
        assert_eq!(added.id_of("<z>"), Some(5));
        assert!(added.get(3).is_some_and(|token| token.rstrip && !token.special));
        assert!(added.is_special(3), "once special, always special");
        assert_eq!(added.iter().count(), 4);
    }
}
