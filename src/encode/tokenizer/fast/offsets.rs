//! The reference's own offsets, from the bytes tokens stand for.
//!
//! The reference keeps an original range for each byte it encodes, and that range is a whole
//! character: so a token that holds part of one stands for all of it. Post-processors may then
//! trim white space off both ends (`process_offsets`, tokenizers 0.23 `byte_level.rs`), which they
//! do by counting the characters of the token.

use std::ops::Range;

use super::composed::Composed;
use super::{Fast, small};
use crate::encode::tokenizer::post::Trim;
use crate::encode::tokenizer::tokens::Tokens;

impl Fast {
    /// Fills in the offsets of the tokens made from the text, which are those of `tokens`. Where the text is what NFC
    /// made of another, `composed` holds it, and the offsets are those in the other.
    pub(super) fn offsets(&self, text: &str, composed: Option<&Composed>, tokens: Range<usize>, out: &mut Tokens) {
        let Tokens {
            extents,
            offsets,
            scratch,
            ..
        } = out;
        offsets.extend_from_slice(extents);
        if !text.is_ascii() {
            for (start, end) in &mut offsets[tokens.clone()] {
                *start = small(text.floor_char_boundary(*start as usize));
                *end = small(text.ceil_char_boundary(*end as usize));
            }
        }
        // A space that stands in no text is aligned with the character it was put before.
        for (start, end) in &mut offsets[tokens.clone()] {
            if start == end {
                *end = small(text.ceil_char_boundary((*start as usize + 1).min(text.len())));
            }
        }
        if let Some(composed) = composed {
            for offset in &mut offsets[tokens.clone()] {
                *offset = composed.origin(*offset);
            }
        }
        let Some(trim) = self.post.trim else { return };
        let mut added = scratch.added.iter().copied().peekable();
        for at in tokens.clone() {
            let is_added = added.next_if_eq(&small(at)).is_some();
            let (start, end) = extents[at];
            let token = &text.as_bytes()[start as usize..end as usize];
            // Of the byte alphabet only the space counts as white space; an added token is the
            // text it stands for.
            if is_added {
                let token = &text[start as usize..end as usize];
                let space = |char: &char| char.is_whitespace() || *char == SPACE;
                let leading: Vec<char> = token.chars().take_while(space).collect();
                let trailing: Vec<char> = token.chars().rev().take_while(space).collect();
                let width = |chars: &[char]| small(chars.iter().map(|char| char.len_utf8()).sum());
                let keep = trim.keeps(at == tokens.start, offsets[at].0, leading.len());
                let leading = if keep { 0 } else { width(&leading) };
                cut(&mut offsets[at], leading, width(&trailing));
            } else if token.first() == Some(&b' ') || token.last() == Some(&b' ') {
                let space = |byte: &&u8| **byte == b' ';
                let leading = token.iter().take_while(space).count();
                let trailing = token.iter().rev().take_while(space).count();
                let keep = trim.keeps(at == tokens.start, offsets[at].0, leading);
                let leading = if keep { 0 } else { leading };
                cut(&mut offsets[at], small(leading), small(trailing));
            }
        }
    }
}

/// The space of the byte alphabet.
const SPACE: char = '\u{120}';

impl Trim {
    /// Whether leading white space stays.
    fn keeps(self, first: bool, start: u32, leading: usize) -> bool {
        (first || start == 0) && self.add_prefix_space && leading == 1
    }
}

/// Takes white space off both ends.
fn cut((start, end): &mut (u32, u32), leading: u32, trailing: u32) {
    *start = (*start + leading).min(*end);
    if *end >= trailing {
        *end = (*end - trailing).max(*start);
    }
}
