//! How a token is spelt in a text: the bytes it stands for, found by reading the text along.

use std::sync::Arc;

use super::added_vocabulary::AddedVocabulary;
use super::alphabet;
use super::fast::{Prefix, SPACE};
use super::vocabulary::Vocabulary;

/// The tokens of a tokenizer and how they are spelt.
#[derive(Clone, Debug)]
pub(super) struct Spelling {
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) added: Arc<AddedVocabulary>,
    pub(super) script: Script,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// In the byte alphabet.
    Bytes,
    /// With `▁` for a space, and `<0x0A>` for a byte.
    Spaces(Prefix),
    /// In ways that cannot be read along (`##`, scores, lower case).
    Other,
}

impl Spelling {
    /// The id of a token as the vocabulary has it.
    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.added.id_of(token).or_else(|| self.vocabulary.id_of(token))
    }

    /// The bytes a token stands for by itself, for showing it.
    pub(super) fn bytes(&self, id: u32) -> Option<Vec<u8>> {
        if let Some(token) = self.added.get(id) {
            return Some(token.content.clone().into_bytes());
        }
        let token = self.vocabulary.text_of(id)?;
        Some(match self.script {
            Script::Bytes => alphabet::bytes_of(token).unwrap_or_else(|| token.as_bytes().to_vec()),
            Script::Spaces(_) => match byte_token(token) {
                Some(byte) => vec![byte],
                None => token.replace(SPACE, " ").into_bytes(),
            },
            Script::Other => token.replace(SPACE, " ").into_bytes(),
        })
    }

    /// Reads the text along with its tokens and appends where each one stands. False where they do
    /// not spell the text, as when normalization changed it; nothing is appended then.
    pub(super) fn extents(&self, text: &str, ids: &[u32], extents: &mut Vec<(u32, u32)>) -> bool {
        let before = extents.len();
        let mut at = 0;
        // Whether a space that is not in the text may come next.
        let mut fresh = true;
        for id in ids {
            let Some((start, end, added)) = self.next(text, at, fresh, *id) else {
                break;
            };
            let (Ok(start), Ok(small_end)) = (u32::try_from(start), u32::try_from(end)) else {
                break;
            };
            extents.push((start, small_end));
            fresh = added;
            at = end;
        }
        let whole = at == text.len() && extents.len() == before + ids.len();
        if !whole {
            extents.truncate(before);
        }
        whole
    }

    /// Where the token stands that is spelt next, and whether it is an added one.
    fn next(&self, text: &str, at: usize, fresh: bool, id: u32) -> Option<(usize, usize, bool)> {
        let rest = &text[text.floor_char_boundary(at)..];
        if let Some(token) = self.added.get(id)
            && text.is_char_boundary(at)
        {
            let stripped = if token.lstrip { rest.trim_start() } else { rest };
            let found = [rest, stripped]
                .into_iter()
                .find_map(|rest| rest.strip_prefix(&token.content));
            if let Some(after) = found {
                let after = if token.rstrip { after.trim_start() } else { after };
                return Some((at, text.len() - after.len(), true));
            }
        }
        let token = self.vocabulary.text_of(id)?;
        let bytes = &text.as_bytes()[at..];
        let length = match self.script {
            Script::Bytes => spelt_in_bytes(token, bytes)?,
            Script::Spaces(prefix) => {
                let prefixed = fresh && text.is_char_boundary(at) && prefix.applies(rest, at);
                spelt_with_spaces(token, bytes, prefixed)?
            }
            Script::Other => return None,
        };
        Some((at, at + length, false))
    }
}

/// The length of a token of the byte alphabet, if the bytes start with it.
fn spelt_in_bytes(token: &str, bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for char in token.chars() {
        if alphabet::byte_of(char)? != *bytes.get(length)? {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// The length of a token with `▁` for spaces, of which the first may not be in the text.
fn spelt_with_spaces(token: &str, bytes: &[u8], prefixed: bool) -> Option<usize> {
    if let Some(byte) = byte_token(token) {
        return (bytes.first() == Some(&byte)).then_some(1);
    }
    let token = if prefixed { token.strip_prefix(SPACE)? } else { token };
    let mut length = 0;
    for char in token.chars() {
        if char == SPACE && bytes.get(length) == Some(&b' ') {
            length += 1;
            continue;
        }
        let mut buffer = [0; 4];
        let spelt = char.encode_utf8(&mut buffer).as_bytes();
        if !bytes[length..].starts_with(spelt) {
            return None;
        }
        length += spelt.len();
    }
    Some(length)
}

/// The byte of `<0x0A>`.
pub(super) fn byte_token(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() != 2 {
        return None;
    }
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::tokenizer::file::AddedToken;

    fn spelling(tokens: &[&str], added: &[AddedToken], script: Script) -> Spelling {
        let vocabulary = Vocabulary::new(tokens.iter().copied().zip(0..).collect::<Vec<_>>().into_iter());
        let vocabulary = Arc::new(vocabulary.expect("a vocabulary"));
        let mut all = AddedVocabulary::default();
        all.add(added.to_vec(), &vocabulary);
        Spelling {
            vocabulary,
            added: Arc::new(all),
            script,
        }
    }

    fn extents(spelling: &Spelling, text: &str, ids: &[u32]) -> Option<Vec<(u32, u32)>> {
        let mut found = Vec::new();
        spelling.extents(text, ids, &mut found).then_some(found)
    }

    #[test]
    fn reads_bytes_and_added_tokens() {
        let stripping = AddedToken {
            lstrip: true,
            rstrip: true,
            ..AddedToken::special("<s>")
        };
        let made = spelling(&["a", "Ã", "©", "Ġa"], &[stripping], Script::Bytes);
        let found = extents(&made, "aé  <s>\n a a", &[0, 1, 2, 4, 0, 3]);
        assert_eq!(found, Some(vec![(0, 1), (1, 2), (2, 3), (3, 10), (10, 11), (11, 13)]));
        assert_eq!(extents(&made, "ab", &[0]), None);
        assert_eq!(extents(&made, "b", &[0]), None);
        assert_eq!(made.bytes(3), Some(b" a".to_vec()));
        assert_eq!(made.bytes(4), Some(b"<s>".to_vec()));
        assert_eq!(made.bytes(9), None);
    }

    #[test]
    fn reads_spaces_that_are_not_there() {
        let tokens = ["▁", "▁a", "a", "<0xC3>", "<0xA9>", "▁▁a"];
        let made = spelling(&tokens, &[AddedToken::special("<s>")], Script::Spaces(Prefix::Always));
        let found = extents(&made, "a aé<s>a", &[1, 1, 3, 4, 6, 1]);
        assert_eq!(found, Some(vec![(0, 1), (1, 3), (3, 4), (4, 5), (5, 8), (8, 9)]));
        assert_eq!(extents(&made, " a", &[5]), Some(vec![(0, 2)]));
        assert_eq!(extents(&made, "a", &[0, 2]), Some(vec![(0, 0), (0, 1)]));
        assert_eq!(made.bytes(3), Some(vec![0xC3]));
    }
}
