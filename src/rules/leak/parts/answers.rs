//! Which turns are answers, which are given to answer them, and whether one stands in the other.

use std::ops::Range;

use memchr::memmem;
use unicode_normalization_alignments::UnicodeNormalization;

use crate::finding::Findings;
use crate::model::example::{Branch, Example, Role, Turn};
use crate::rule::Row;
use crate::rules::parts::spoken::Spoken;
use crate::search;
use crate::text::Word;

use super::escaped;

/// The answers that are taught, with their index: not what was rejected, and nothing that is empty.
pub(in super::super) fn taught<'t>(example: &'t Example<'_>) -> impl Iterator<Item = (usize, &'t Turn<'t>)> {
    let turns = example.turns.iter().enumerate();
    turns.filter(|(_, turn)| turn.is_answer() && turn.branch != Branch::Rejected && !turn.trimmed().is_empty())
}

/// Turns before an answer that it is compared with, and as many at the start, where instructions and documents stand: a
/// conversation takes time in its length, not in the square of it.
const REACH: usize = 256;

/// The turns before one that it is compared with, the nearest first.
pub(in super::super) fn earlier<'t>(
    example: &'t Example<'_>,
    turn: usize,
) -> impl Iterator<Item = (usize, &'t Turn<'t>)> {
    reach(turn).map(|at| (at, &example.turns[at]))
}

fn reach(turn: usize) -> impl Iterator<Item = usize> {
    let near = turn.saturating_sub(REACH);
    (0..near.min(REACH)).chain(near..turn).rev()
}

/// The turns before an answer that a role says, the nearest first. [`Role::User`] stands for bare prompts too.
pub(in super::super) fn given<'t>(
    example: &'t Example<'_>,
    answer: usize,
    role: Role,
) -> impl Iterator<Item = (usize, &'t Turn<'t>)> {
    let says = move |turn: &Turn<'_>| match role {
        Role::User => matches!(turn.role, Role::User | Role::Text | Role::Other),
        role => turn.role == role,
    };
    earlier(example, answer).filter(move |(_, turn)| !turn.is_answer() && turn.branch != Branch::Rejected && says(turn))
}

/// An answer inside a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Standing {
    /// Bytes of the turn.
    pub at: Range<usize>,
    /// To the byte, or only as the same words.
    pub verbatim: bool,
}

/// Where an answer stands in a turn: to the byte if it does, be it as JSON writes it, else as the same words in the same order. The
/// last place, which is the nearest to the answer.
pub(in super::super) fn stands(row: &Row<'_>, answer: usize, turn: usize) -> Option<Standing> {
    let example = row.example?;
    let wanted = example.turns[answer].trimmed();
    let among = &example.turns[turn].text;
    // That it is nowhere, as in most rows, is known faster than its last place.
    if search::contains(among, wanted) {
        let start = memmem::rfind(among.as_bytes(), wanted.as_bytes()).expect("it stands there");
        return Some(Standing {
            at: start..start + wanted.len(),
            verbatim: true,
        });
    }
    if let Some(at) = escaped::find(wanted, among) {
        return Some(Standing { at, verbatim: true });
    }
    let (words, among) = (row.words.turn(answer), row.words.turn(turn));
    // Fewer words meet by chance where their signs do not count.
    if words.len() < 6 || wanted.len() < 32 {
        return None;
    }
    let start = find(words, among)?;
    let (first, last) = (among[start], among[start + words.len() - 1]);
    let at = first.start as usize..last.end as usize;
    same_letters(wanted, &example.turns[turn].text[at.clone()]).then_some(Standing { at, verbatim: false })
}

/// Whether two texts have the same letters and digits, accents and all: words are compared without them, and to put
/// them in may be what is asked for.
pub(in super::super) fn same_letters(one: &str, other: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        let kept = text.chars().nfkc().map(|(c, _)| c).filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase)
    }
    letters(one).eq(letters(other))
}

/// Reports each answer, long enough in bytes and in words, that stands in a turn of the role before it.
pub(in super::super) fn report(row: &Row<'_>, role: Role, (bytes, words): (usize, usize), out: &mut Findings) {
    let Some(example) = row.example else { return };
    for (at, answer) in taught(example).filter(|(at, _)| is_long(row, *at, bytes, words)) {
        let found = given(example, at, role)
            // A user's turn that is the answer and nothing else is an echo, which has a rule of its own.
            .filter(|(given, _)| role != Role::User || row.words.turn(*given).len() > row.words.turn(at).len())
            .find_map(|(given, turn)| Some((turn, stands(row, at, given)?)));
        if let Some((turn, standing)) =
            found.filter(|(turn, standing)| role != Role::User || !is_task(turn, answer, standing))
        {
            out.field(&row.place, || turn.pointer(), || say(&standing, answer, turn));
        }
    }
}

/// Whether an answer is no prose: signs are then what was asked for, and the words may be those of the prompt.
pub(in super::super) fn is_structured(answer: &str) -> bool {
    let code = |c: char| "{}[]<>|;=`#*".contains(c);
    let fields = || answer.lines().count() >= 2 && answer.lines().all(|line| line.contains(':'));
    answer.contains(code) || fields()
}

/// Whether a prompt asks for what stands in it: for one of its choices, or to change signs and letters of a text.
fn is_task(turn: &Turn<'_>, answer: &Turn<'_>, standing: &Standing) -> bool {
    if !standing.verbatim && is_structured(&answer.text) {
        return true;
    }
    static CHOICES: Spoken = Spoken::of("options:|options]:|choices:|(ii)|\nb)|\nb.| b) |categories|opções|opciones");
    static EDITS: Spoken = Spoken::of(
        "fix |grammar|punctuat|capitali|quotes|indent|syntax|debug|proofread|spelling|typo|lowercase|uppercase|\
        correct the|correct this|corrected|replace |rewrite|error|pontua|ponto final|puntos|corrij|corrig|reescr|\
        reemplaz|substitu|diacrit|accent",
    );
    // What is done to a text that leaves its words as they are.
    static ORDERS: Spoken = Spoken::of(
        "divide |delete the|remove the last|organize the|organise the|rearrange|reorder|add a comma|add the following|\
        include a comma|split the|sort the|arrange the|transcribe|转录|分成|分段|排列|重新排序|删除|抄写",
    );
    let asked = if standing.verbatim { &CHOICES } else { &EDITS };
    asked.stands_in(&turn.text) || ORDERS.stands_in(&turn.text)
}

/// The last place of some words among others.
fn find(words: &[Word], among: &[Word]) -> Option<usize> {
    let first = words.first()?;
    let places = among.len().checked_sub(words.len())?;
    (0..=places).rev().find(|at| {
        among[*at].hash == first.hash
            && among[*at..]
                .iter()
                .zip(words)
                .all(|(one, other)| one.hash == other.hash)
    })
}

/// Whether an answer is long enough that no prompt holds it by chance.
pub(in super::super) fn is_long(row: &Row<'_>, answer: usize, min_bytes: usize, min_words: usize) -> bool {
    let long = |example: &Example<'_>| example.turns[answer].trimmed().len() >= min_bytes;
    row.example.is_some_and(long) && row.words.turn(answer).len() >= min_words
}

/// Reports an answer that stands in a turn.
pub(in super::super) fn say(standing: &Standing, answer: &Turn<'_>, turn: &Turn<'_>) -> String {
    let characters = answer.trimmed().chars().count();
    let how = if standing.verbatim {
        "word for word"
    } else {
        "in the same words, but for case and punctuation"
    };
    format!(
        "the answer, {characters} characters, stands in the {} turn {how}",
        turn.role.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compared_with_the_nearest_turns_and_the_first() {
        assert!(reach(0).next().is_none());
        assert!(reach(300).eq((0..300).rev()));
        assert!(reach(600).eq((344..600).rev().chain((0..256).rev())));
    }
}
