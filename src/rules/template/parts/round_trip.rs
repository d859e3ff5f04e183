//! What became of each message in the text the template rendered.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::model::encoded::Encoded;
use crate::model::example::{Branch, Content, Example, Role, Turn};
use crate::model::value::Value;
use crate::rule::Row;
use crate::search;

/// What became of a turn's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Fate {
    /// It is there, perhaps in another place or as JSON writes it.
    Kept,
    /// It is there in small letters where it had capitals, or the other way round.
    Recased,
    /// Some of it is there.
    Altered,
    /// Nothing of it is.
    Lost,
}

/// One turn in one rendered text.
pub(in super::super) struct Seen<'r> {
    pub turn: &'r Turn<'r>,
    pub encoded: &'r Encoded,
    /// Where it stands, as bytes of the text.
    pub at: Option<(usize, usize)>,
    /// From the end of the turn found before it to the start of the one found after it.
    pub around: (usize, usize),
    /// Whether an answer follows on its side of the row.
    pub answered: bool,
    /// Whether every turn of its side was found that says anything.
    pub all_found: bool,
}

/// Shows each turn of a row that a template rendered. Rows without one have nothing to compare.
pub(in super::super) fn each<'r>(row: &Row<'r>, mut show: impl FnMut(Seen<'r>)) {
    for encoded in rendered(row) {
        each_of(row, encoded, &mut show);
    }
}

/// The texts that a template rendered of a row.
pub(in super::super) fn rendered<'r>(row: &Row<'r>) -> impl Iterator<Item = &'r Encoded> {
    let templated = |example: &&Example<'_>| example.conversational && row.setup.has_template;
    let encoded = row.example.filter(templated).map_or(&[][..], |_| row.encoded);
    encoded.iter().filter(|encoded| !encoded.text.is_empty())
}

/// Shows each turn in one of the texts.
pub(in super::super) fn each_of<'r>(row: &Row<'r>, encoded: &'r Encoded, mut show: impl FnMut(Seen<'r>)) {
    let Some(example) = row.example else { return };
    let on_side = |turn: &Turn<'_>| match turn.branch {
        Branch::Chosen => encoded.side != "rejected",
        Branch::Rejected => encoded.side != "chosen",
        _ => true,
    };
    let turns = || example.turns.iter().enumerate().filter(|(_, turn)| on_side(turn));
    let last = turns().rfind(|(_, turn)| turn.role == Role::Assistant);
    let speaking = turns().filter(|(_, turn)| !turn.trimmed().is_empty()).count();
    // Parts stand in the order of the turns, and of the text.
    let mut spots = encoded.spots().peekable();
    let all_found = spots.clone().count() == speaking;
    let mut after = 0;
    for (index, turn) in turns() {
        let at = spots.next_if(|(turn, _)| *turn == index).map(|(_, at)| at);
        let before = spots.peek().map_or(encoded.text.len(), |(_, (start, _))| *start);
        show(Seen {
            turn,
            encoded,
            at,
            around: (after, before),
            answered: last.is_some_and(|(last, _)| last > index),
            all_found,
        });
        after = at.map_or(after, |(_, end)| end);
    }
}

impl<'r> Seen<'r> {
    fn has(&self, text: &str) -> bool {
        search::contains(&self.encoded.text, text)
    }

    /// The text where this turn is, or should be.
    pub(in super::super) fn written(&self) -> &'r str {
        self.encoded.text.get(self.around.0..self.around.1).unwrap_or_default()
    }

    /// What became of what was said, thoughts aside; `None` where nothing was and nothing stands there.
    pub(in super::super) fn fate(&self) -> Option<Fate> {
        if self.at.is_some() {
            return Some(Fate::Kept);
        }
        let (_, said) = thoughts(self.turn);
        if said.is_empty() {
            return None;
        }
        let kept = self.has(said) || self.has_parts() || self.has_as_json(said);
        let some = || pieces(said).any(|piece| search::contains(self.written(), piece));
        Some(if kept {
            Fate::Kept
        } else if self.is_recased() {
            Fate::Recased
        } else if some() {
            Fate::Altered
        } else {
            Fate::Lost
        })
    }

    fn is_recased(&self) -> bool {
        let (_, said) = thoughts(self.turn);
        // A letter or two are part of other words.
        said.len() > 3 && search::contains(&self.written().to_lowercase(), &said.to_lowercase())
    }

    /// The thoughts, if the template left them out where this turn is.
    pub(in super::super) fn lost_thoughts(&self) -> Option<Cow<'r, str>> {
        let (thoughts, _) = thoughts(self.turn);
        let has = |text: &str| search::contains(self.written(), text);
        thoughts.filter(|thoughts| !has(thoughts) && !pieces(thoughts).any(has))
    }

    /// Whether each text part is there, with something else between them.
    fn has_parts(&self) -> bool {
        if self.turn.content != Content::Parts {
            return false;
        }
        let parts = self
            .turn
            .raw
            .and_then(|raw| raw.get(self.turn.key)?.as_array())
            .unwrap_or_default();
        let text = |part: &'r Value<'r>| {
            let named = ["text", "value", "content"]
                .iter()
                .find_map(|key| part.get(key)?.as_str());
            part.as_str().or(named)
        };
        let mut texts = parts.iter().filter_map(text).peekable();
        texts.peek().is_some() && texts.all(|text| self.has(text.trim()))
    }

    /// Whether a tool's result is there as a string of JSON, as Llama 3.1 prints it.
    fn has_as_json(&self, said: &str) -> bool {
        let quoted = || serde_json::to_string(said).is_ok_and(|json| self.has(json.trim_matches('"')));
        self.turn.role == Role::Tool && quoted()
    }
}

/// What thoughts inside a text end with.
static CLOSE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("</think>"));

/// What an assistant thought, and what it said. Only turns of assistants think.
pub(in super::super) fn thoughts<'t>(turn: &'t Turn<'_>) -> (Option<Cow<'t, str>>, &'t str) {
    let text = turn.trimmed();
    if turn.role != Role::Assistant {
        return (None, text);
    }
    let beside = ["reasoning_content", "thinking", "reasoning"]
        .iter()
        .find_map(|key| turn.raw?.get(key)?.as_str())
        .map(str::trim)
        .filter(|thoughts| !thoughts.is_empty());
    let inside = search::split(text, &CLOSE).map(|(thoughts, said)| {
        let thoughts = thoughts.trim_start();
        (thoughts.strip_prefix("<think>").unwrap_or(thoughts).trim(), said.trim())
    });
    match inside {
        Some((thoughts, said)) => (
            (!thoughts.is_empty())
                .then_some(Cow::Borrowed(thoughts))
                .or(beside.map(Cow::Borrowed)),
            said,
        ),
        None => (beside.map(Cow::Borrowed), text),
    }
}

/// Fewest bytes of a piece by which a text is known again.
const PIECE: usize = 12;

/// The lines of a text, and its two ends where it is one line.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let (start, end) = text.split_at(text.ceil_char_boundary(text.len() / 2));
    text.lines()
        .chain([start, end])
        .map(str::trim)
        .filter(|piece| piece.len() >= PIECE)
}
