//! The token ids by which a marker's text is recognised in a row.
//!
//! Where other text touches a marker, the tokens at its edges may come out otherwise. So a sign has a
//! kernel, which must be there, and ids on either side of it, which belong to the marker where they
//! are. Source: black-box recordings of the library's runs, with and without `force_match`.

use std::ops::Range;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::EncodeError;
use crate::trainer::failure::unsupported;
use crate::trainer::python::strip;

use super::run::longest_common;

/// A marker was seen to be firm where none of these beside it changes its tokens.
const NEIGHBOURS: &str = "\\{aA1(.<}>";

/// How a marker is recognised: ids that may lead, the kernel, and ids that may trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    ids: Vec<u32>,
    kernel: Range<usize>,
}

/// The ids of a text by itself.
pub(super) fn spell(kit: &Kit, text: &str, tokens: &mut Tokens) -> Result<Vec<u32>, EncodeError> {
    kit.encode(text, false, Detail::Ids, tokens)?;
    Ok(tokens.ids.clone())
}

/// Whether an id is that of a special added token.
pub(super) fn is_special(kit: &Kit, id: u32) -> bool {
    let tokenizer = kit.tokenizer();
    let added = tokenizer.token_text(id).and_then(|text| tokenizer.added(text));
    added.is_some_and(|token| token.special)
}

impl Sign {
    /// The sign of a text. `by_text` (`force_match`) starts from the text's own ids, else from what all
    /// its spellings share. `None` where nothing is left to go by.
    ///
    /// # Errors
    ///
    /// If the tokenizer fails, or if several runs are shared and which of them counts is not known.
    pub(super) fn of(kit: &Kit, text: &str, by_text: bool, tokens: &mut Tokens) -> Result<Option<Self>, EncodeError> {
        let ids = spell(kit, text, tokens)?;
        let kernel = if by_text {
            0..ids.len()
        } else {
            let shared = shared(kit, text, tokens)?.unwrap_or_default();
            let Some(at) = ids.windows(shared.len().max(1)).position(|window| *window == *shared) else {
                return Ok(None);
            };
            at..at + shared.len()
        };
        if kernel.is_empty() {
            return Ok(None);
        }
        let firm = firm(kit, text, &ids, tokens)?;
        let both = kernel.start.max(firm.start)..kernel.end.min(firm.end);
        let has_special = |range: &Range<usize>| {
            ids.get(range.clone())
                .is_some_and(|ids| ids.iter().any(|id| is_special(kit, *id)))
        };
        let kernel = if has_special(&both) { both } else { kernel };
        Ok(Some(Self { ids, kernel }))
    }

    pub(super) fn kernel(&self) -> &[u32] {
        &self.ids[self.kernel.clone()]
    }

    /// Whether the kernel begins here.
    pub(super) fn begins(&self, rest: &[u32]) -> bool {
        rest.starts_with(self.kernel())
    }

    /// Where the marker ends whose kernel begins at `at`.
    pub(super) fn end(&self, row: &[u32], at: usize) -> usize {
        let end = at + self.kernel.len();
        let trail = &self.ids[self.kernel.end..];
        let there = row[end..].iter().zip(trail).take_while(|(one, other)| one == other);
        end + there.count()
    }

    /// Where a marker begins whose kernel would begin at `at`.
    pub(super) fn start(&self, row: &[u32], at: usize) -> usize {
        let lead = self.ids[..self.kernel.start].iter().rev();
        let there = row[..at].iter().rev().zip(lead);
        at - there.take_while(|(one, other)| one == other).count()
    }

    /// Makes the ids that may trail a part of the kernel.
    pub(super) fn take_trail(&mut self) {
        self.kernel.end = self.ids.len();
    }
}

/// The marker's ids that no neighbour changes.
fn firm(kit: &Kit, text: &str, ids: &[u32], tokens: &mut Tokens) -> Result<Range<usize>, EncodeError> {
    let mut firm = 0..ids.len();
    for neighbour in NEIGHBOURS.chars() {
        let before = spell(kit, &format!("{neighbour}{text}"), tokens)?;
        let kept = ids.iter().rev().zip(before.iter().rev());
        let kept = kept.take_while(|(one, other)| one == other).count();
        firm.start = firm.start.max(ids.len() - kept);
        let after = spell(kit, &format!("{text}{neighbour}"), tokens)?;
        let kept = ids.iter().zip(&after).take_while(|(one, other)| one == other);
        firm.end = firm.end.min(kept.count());
    }
    Ok(firm)
}

/// The run that all spellings of a text share: bare, and with up to two line ends, or up to two of the
/// blank or line end it has itself, on either side.
fn shared(kit: &Kit, text: &str, tokens: &mut Tokens) -> Result<Option<Vec<u32>>, EncodeError> {
    let edge = |letter: Option<char>| letter.filter(|letter| [' ', '\n'].contains(letter));
    let own = [edge(text.chars().next()), edge(text.chars().next_back())];
    let bare = strip(text);
    let mut spellings = Vec::new();
    for (left, right) in (0..9).map(|both| (both / 3, both % 3)) {
        for [before, after] in [own, [Some('\n'); 2]] {
            let repeat =
                |letter: Option<char>, times| letter.map_or(String::new(), |one| String::from(one).repeat(times));
            let spelling = format!("{}{bare}{}", repeat(before, left), repeat(after, right));
            spellings.push(spell(kit, &spelling, tokens)?);
        }
    }
    longest_common(&spellings).map_err(|_| {
        unsupported(format!(
            "force_match=False for {text:?}: several of its tokens would do, and which is taken is not known"
        ))
    })
}
