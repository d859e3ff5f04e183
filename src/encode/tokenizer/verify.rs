//! Whether the two engines say the same, for `--verify-tokenizer` and for the tests.

use super::Tokenizer;
use super::engine::{EncodeError, Engine};
use super::tokens::{Detail, Tokens};

/// The first token the engines disagree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its index; that of the end where one has fewer tokens.
    pub token: usize,
    /// The byte of the text it stands at.
    pub at: u32,
    /// Id, extent and offset of the fast engine, and of the reference.
    pub fast: Option<Seen>,
    pub reference: Option<Seen>,
}

/// What an engine says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub id: u32,
    pub extent: (u32, u32),
    pub offset: (u32, u32),
}

fn seen(tokens: &Tokens, at: usize) -> Option<Seen> {
    Some(Seen {
        id: *tokens.ids.get(at)?,
        extent: *tokens.extents.get(at)?,
        offset: *tokens.offsets.get(at)?,
    })
}

impl Tokenizer {
    /// Encodes a text with both engines and compares ids, offsets and extents. `None` where they
    /// agree, and where the fast engine leaves the text to the reference anyway.
    pub fn verify(&self, text: &str, add_special: bool) -> Result<Option<Difference>, EncodeError> {
        let Some(fast) = &self.fast else { return Ok(None) };
        let (mut one, mut other) = (Tokens::new(), Tokens::new());
        if !fast.encode(text, add_special, Detail::Offsets, &mut one)? {
            return Ok(None);
        }
        let reference = self.reference().map_err(Clone::clone)?;
        reference.encode(text, add_special, Detail::Offsets, &mut other)?;
        let length = one.len().max(other.len());
        // Where two added tokens could take the same white space, the library does not say whose extent it is.
        let mut added = self.spelling.added.iter();
        let strips = added.any(|(token, _)| token.lstrip || token.rstrip);
        let told = |tokens: &Tokens, at| {
            let seen = seen(tokens, at)?;
            Some((seen.id, seen.offset, Some(seen.extent).filter(|_| !strips)))
        };
        let token = (0..length).find(|at| told(&one, *at) != told(&other, *at));
        Ok(token.map(|token| Difference {
            token,
            at: other.extents.get(token).map_or(0, |(start, _)| *start),
            fast: seen(&one, token),
            reference: seen(&other, token),
        }))
    }
}
