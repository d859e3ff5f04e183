//! Finds the added tokens in a text, as the reference does before anything else.
//!
//! The rules are those of `AddedVocabulary::find_matches` in tokenizers 0.23: leftmost and longest
//! first; a token may take the white space at its sides, or want to stand alone.

use aho_corasick::{AhoCorasick, MatchKind};
use regex_syntax::hir::ClassUnicode;

use super::pattern::property;
use crate::encode::tokenizer::file::AddedToken;

/// A stretch of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The id where it is an added token.
    pub(super) id: Option<u32>,
}

/// All added tokens of a tokenizer.
#[derive(Debug)]
pub(super) struct Added {
    /// Those looked for in the text as it stands.
    raw: Option<Set>,
    /// Those looked for afterwards, in what is left.
    normalized: Option<Set>,
}

/// Tokens looked for at the same time.
#[derive(Debug)]
struct Set {
    finder: AhoCorasick,
    tokens: Vec<Wanted>,
    /// What makes a word, where a token has to stand alone.
    word: Option<ClassUnicode>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    id: u32,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
}

impl Added {
    pub(super) fn new<'t>(tokens: impl Iterator<Item = (&'t AddedToken, u32)> + Clone) -> Result<Self, String> {
        // The library passes over a blank token that stands in what the token before it has swallowed.
        let blank = |token: &AddedToken| token.lstrip && token.content.trim().is_empty();
        if tokens.clone().any(|(token, _)| blank(token)) && tokens.clone().any(|(token, _)| token.rstrip) {
            return Err("an added token of white space beside one that takes the white space after it".to_owned());
        }
        let of = |normalized: bool| Set::new(tokens.clone().filter(move |(token, _)| token.normalized == normalized));
        Ok(Self {
            raw: of(false)?,
            normalized: of(true)?,
        })
    }

    /// Whether one of those looked for after normalization takes the white space at its sides.
    pub(super) fn strips_normalized(&self) -> bool {
        let tokens = self.normalized.iter().flat_map(|set| &set.tokens);
        tokens.into_iter().any(|token| token.lstrip || token.rstrip)
    }

    /// Cuts the text into added tokens and what lies between them.
    pub(super) fn split(&self, text: &str, pieces: &mut Vec<Piece>) {
        self.split_raw(text, pieces);
        self.split_normalized(text, pieces);
    }

    /// The same for the tokens that are looked for in the text as it stands.
    pub(super) fn split_raw(&self, text: &str, pieces: &mut Vec<Piece>) {
        pieces.clear();
        match &self.raw {
            Some(set) => set.split(text, 0, pieces),
            None => pieces.push(Piece {
                start: 0,
                end: text.len(),
                id: None,
            }),
        }
    }

    /// Cuts the pieces at the tokens that are looked for after normalization.
    pub(super) fn split_normalized(&self, text: &str, pieces: &mut Vec<Piece>) {
        let Some(set) = &self.normalized else { return };
        for piece in std::mem::take(pieces) {
            if piece.id.is_some() {
                pieces.push(piece);
            } else {
                set.split(&text[piece.start..piece.end], piece.start, pieces);
            }
        }
    }
}

impl Set {
    fn new<'t>(tokens: impl Iterator<Item = (&'t AddedToken, u32)> + Clone) -> Result<Option<Self>, String> {
        let wanted: Vec<Wanted> = tokens
            .clone()
            .map(|(token, id)| Wanted {
                id,
                single_word: token.single_word,
                lstrip: token.lstrip,
                rstrip: token.rstrip,
            })
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.map(|(token, _)| &token.content))
            .map_err(|error| error.to_string())?;
        let word = wanted.iter().any(|token| token.single_word);
        let word = word.then(|| property(r"\w")).transpose()?;
        Ok(Some(Self {
            finder,
            tokens: wanted,
            word,
        }))
    }

    /// Appends the pieces of one stretch, whose bounds are moved by `base`.
    fn split(&self, text: &str, base: usize, pieces: &mut Vec<Piece>) {
        let mut push = |start, end, id| {
            pieces.push(Piece {
                start: base + start,
                end: base + end,
                id,
            });
        };
        let mut done = 0;
        for found in self.finder.find_iter(text) {
            let token = &self.tokens[found.pattern().as_usize()];
            let (mut start, mut end) = (found.start(), found.end());
            if token.single_word && self.touches_word(text, start, end) {
                continue;
            }
            if token.lstrip {
                start = text[..start].trim_end().len().max(done);
            }
            if token.rstrip {
                end = text.len() - text[end..].trim_start().len();
            }
            if done < start {
                push(done, start, None);
            }
            push(start, end, Some(token.id));
            done = end;
        }
        if done < text.len() {
            push(done, text.len(), None);
        }
    }

    fn touches_word(&self, text: &str, start: usize, end: usize) -> bool {
        let is_word = |char: char| {
            self.word.as_ref().is_some_and(|word| {
                let ranges = word.ranges();
                let at = ranges.partition_point(|range| range.end() < char);
                ranges.get(at).is_some_and(|range| range.start() <= char)
            })
        };
        text[..start].chars().next_back().is_some_and(is_word) || text[end..].chars().next().is_some_and(is_word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(tokens: &[AddedToken], text: &str) -> Vec<(String, Option<u32>)> {
        let added = Added::new(tokens.iter().zip(0..)).expect("added tokens");
        let mut pieces = Vec::new();
        added.split(text, &mut pieces);
        pieces
            .iter()
            .map(|piece| (text[piece.start..piece.end].to_owned(), piece.id))
            .collect()
    }

    fn token(content: &str) -> AddedToken {
        AddedToken::special(content)
    }

    #[test]
    fn the_longest_at_the_leftmost_place_wins() {
        let tokens = [token("<a"), token("<ab>"), token("b>")];
        assert_eq!(
            split(&tokens, "x<ab>b><a"),
            [
                ("x".into(), None),
                ("<ab>".into(), Some(1)),
                ("b>".into(), Some(2)),
                ("<a".into(), Some(0))
            ]
        );
        assert_eq!(split(&tokens, ""), []);
        assert_eq!(split(&[], "x"), [("x".into(), None)]);
    }

    #[test]
    fn white_space_goes_with_the_token_that_strips_first() {
        let tokens = [
            AddedToken {
                rstrip: true,
                ..token("<r>")
            },
            AddedToken {
                lstrip: true,
                ..token("<l>")
            },
        ];
        assert_eq!(
            split(&tokens, "a <r> \u{3000} <l> b"),
            [
                ("a ".into(), None),
                ("<r> \u{3000} ".into(), Some(0)),
                ("<l>".into(), Some(1)),
                (" b".into(), None)
            ]
        );
        assert_eq!(split(&tokens, "a \n<l>")[1], (" \n<l>".into(), Some(1)));
    }

    #[test]
    fn a_single_word_stands_alone() {
        let tokens = [AddedToken {
            single_word: true,
            ..token("cat")
        }];
        assert_eq!(
            split(&tokens, "cats cat-"),
            [("cats ".into(), None), ("cat".into(), Some(0)), ("-".into(), None)]
        );
        assert_eq!(split(&tokens, "écat"), [("écat".into(), None)]);
    }

    #[test]
    fn normalized_tokens_are_looked_for_in_what_is_left() {
        let tokens = [
            AddedToken {
                normalized: true,
                ..token("a<")
            },
            token("<b>"),
        ];
        assert_eq!(split(&tokens, "a<b>"), [("a".into(), None), ("<b>".into(), Some(1))]);
        assert_eq!(split(&tokens, "a<c")[0], ("a<".into(), Some(0)));
    }
}
