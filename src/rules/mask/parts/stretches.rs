//! What a stretch of tokens is, and where ids stand among others.

use std::ops::Range;

use crate::model::encoded::{Encoded, What};
use crate::model::example::{Example, Turn};
use crate::model::setup::TokenizerFacts;
use crate::model::stretch::{Stretch, is_trained, stretches};

/// Where some ids stand among others, one after the other.
pub(in super::super) fn places<'i>(ids: &'i [u32], wanted: &'i [u32]) -> impl Iterator<Item = usize> {
    let windows = ids.windows(wanted.len().max(1)).enumerate();
    windows.filter(move |(_, ids)| *ids == wanted).map(|(at, _)| at)
}

/// The special token a row of tokens ends in, before padding and white space; the first of a run of the same one.
pub(in super::super) fn end(encoded: &Encoded, facts: &TokenizerFacts) -> Option<usize> {
    let pad = facts.pad.as_ref().and_then(|pad| pad.id);
    let eos = facts.eos.as_ref().and_then(|eos| eos.id);
    let is_padding = |token: usize| Some(encoded.input_ids[token]) == pad && pad != eos && !is_trained(encoded, token);
    let mut last = (0..encoded.len())
        .rev()
        .find(|token| !encoded.is_space(*token) && !is_padding(*token))?;
    let is_special = |token: usize| facts.special(encoded.input_ids[token]).is_some();
    // Tokens without their text: the last may be the line break behind the end.
    if encoded.text.is_empty() && last > 0 && !is_special(last) && is_special(last - 1) {
        last -= 1;
    }
    let id = encoded.input_ids[last];
    facts.special(id)?;
    (0..=last)
        .rev()
        .take_while(|token| encoded.input_ids[*token] == id)
        .last()
}

/// The last answer that carries loss, and the tokens between it and the next turn.
pub(in super::super) fn last_answer<'e>(
    encoded: &Encoded,
    example: &'e Example<'_>,
) -> Option<(&'e Turn<'e>, Range<usize>)> {
    let mut last: Option<(&Turn<'_>, Range<usize>)> = None;
    let mut open = false;
    for Stretch { what, tokens, trained } in stretches(encoded) {
        match (turn(what, example), &mut last) {
            (Some(turn), _) if turn.is_answer() && trained > 0 => {
                last = Some((turn, tokens.end..tokens.end));
                open = true;
            }
            (None, Some((_, end))) if open && what == What::Template => end.end = tokens.end,
            _ => open = false,
        }
    }
    last
}

/// The turn a stretch is the text of.
pub(in super::super) fn turn<'e>(what: What, example: &'e Example<'_>) -> Option<&'e Turn<'e>> {
    match what {
        What::Template => None,
        What::Turn(at) => example.turns.get(usize::from(at)),
    }
}
