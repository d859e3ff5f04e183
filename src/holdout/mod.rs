//! Rows held out from training (evaluation data, benchmarks) and whether a training row gives them away.
//!
//! The held-out rows are read first, whole, and indexed; training rows are then looked up one at a time, so
//! that no state grows with the training data and shards need nothing from each other. Memory is that of the
//! held-out side: about 60 bytes a row, 12 for each of its runs of 13 words and 8 for each of 5.

mod grams;
mod reader;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::model::example::{Branch, Example, Role};
use crate::place::Place;
use crate::sketch::jaccard::similarity;
use crate::sketch::rarest::Rarity;
use crate::text::{Forms, Words, pieces, shingles};

use grams::Grams;
pub use grams::N as GRAM_WORDS;
pub use reader::Lookup;

/// Smallest Jaccard similarity (of sets of 5 words) of rows that are nearly alike.
pub const NEAR: f64 = 0.8;
/// Words of a shingle.
const SHINGLE: usize = 5;
/// Shortest prompt that is looked for by itself, in bytes of its normal form: `hello` is asked by right.
const PROMPT: usize = 12;
/// Shortest answer that is looked for by itself, in bytes of its normal form.
const ANSWER: usize = 48;

/// The best that was found for a training row, of each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hits {
    /// A held-out row that says the same but for dress.
    pub row: Option<Hit>,
    /// One that asks the same and answers otherwise.
    pub prompt: Option<Hit>,
    /// One that is nearly alike, and how much.
    pub near: Option<(Hit, f64)>,
    /// One that shares runs of 13 words: of how many it has, how many.
    pub grams: Option<(Hit, u32, u32)>,
    /// One with the same long answer to another prompt.
    pub answer: Option<Hit>,
}

/// A held-out row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Its number among all held-out rows.
    pub number: u32,
    pub place: Place,
}

/// The held-out rows, looked up by what they say.
#[derive(Default)]
pub struct Holdout {
    places: Vec<Place>,
    rows: Vec<(u64, u32)>,
    prompts: Vec<(u64, u32)>,
    answers: Vec<(u64, u32)>,
    grams: Grams,
    /// Rows of which no turn is long enough to be looked for inside another text.
    short: u64,
    rarity: Option<Rarity>,
    /// The shingles that decide about a row.
    deciding: Vec<(u64, u32)>,
    /// Shingles of all rows, and where each row's end.
    shingles: Vec<u32>,
    ends: Vec<usize>,
}

/// Hashes of the normal forms of a row's parts; `None` for a part that is too short to be looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parts {
    row: Option<u64>,
    prompt: Option<u64>,
    answer: Option<u64>,
}

/// Buffers, kept from row to row.
#[derive(Default)]
pub struct Scratch {
    pieces: Vec<u64>,
    set: Vec<u32>,
    deciding: Vec<u64>,
    candidates: Vec<u32>,
}

impl Scratch {
    /// The shingles of a row.
    fn take(&mut self, example: &Example<'_>, words: &Words) {
        self.pieces.clear();
        for (at, turn) in example.turns.iter().enumerate() {
            pieces(&turn.text, words.turn(at), &mut self.pieces);
        }
        shingles(&self.pieces, SHINGLE, &mut self.set);
    }
}

impl Holdout {
    /// Adds a held-out row with the words of its turns.
    pub fn add(&mut self, place: Place, example: &Example<'_>, words: &Words, forms: &Forms, scratch: &mut Scratch) {
        let number = u32::try_from(self.places.len()).expect("fewer than 2^32 held-out rows");
        self.places.push(place);
        let parts = parts(example, forms);
        let keep = |list: &mut Vec<(u64, u32)>, hash: Option<u64>| list.extend(hash.map(|hash| (hash, number)));
        keep(&mut self.rows, parts.row);
        keep(&mut self.prompts, parts.prompt);
        keep(&mut self.answers, parts.answer);
        let mut any = false;
        for (at, turn) in example.turns.iter().enumerate() {
            if turn.role != Role::System && turn.branch != Branch::Rejected {
                any |= self.grams.add(words.turn(at), at, number);
            }
        }
        self.short += u64::from(!any);
        scratch.take(example, words);
        self.shingles.extend_from_slice(&scratch.set);
        self.ends.push(self.shingles.len());
    }

    /// Sorts what was added, which looking up needs.
    pub fn index(&mut self) {
        let rarity = Rarity::of(&self.shingles);
        let mut chosen = Vec::new();
        for (number, row) in (0..).zip(0..self.ends.len()) {
            rarity.deciding(self.set(row), NEAR, &mut chosen);
            self.deciding.extend(chosen.iter().map(|shingle| (*shingle, number)));
        }
        self.rarity = Some(rarity);
        for list in [&mut self.rows, &mut self.prompts, &mut self.answers, &mut self.deciding] {
            list.sort_unstable();
            list.shrink_to_fit();
        }
        self.grams.index(self.places.len());
    }

    /// Held-out rows of which no turn has as many words, and of its own, as are looked for inside other texts.
    pub fn short(&self) -> u64 {
        self.short
    }

    /// Held-out rows.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The shingles of a held-out row.
    fn set(&self, row: usize) -> &[u32] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.shingles[start..self.ends[row]]
    }

    fn hit(&self, number: u32) -> Hit {
        Hit {
            number,
            place: self.places[number as usize],
        }
    }

    /// What a training row gives away. A weaker kind is not looked for in a row that a stronger one names.
    pub fn look(&self, example: &Example<'_>, words: &Words, forms: &Forms, scratch: &mut Scratch) -> Hits {
        let parts = parts(example, forms);
        let find = |list: &[(u64, u32)], hash: Option<u64>| {
            let hash = hash?;
            let at = list.partition_point(|(other, _)| *other < hash);
            list.get(at)
                .filter(|(other, _)| *other == hash)
                .map(|(_, number)| self.hit(*number))
        };
        let mut hits = Hits {
            row: find(&self.rows, parts.row),
            ..Hits::default()
        };
        if hits.row.is_some() {
            return hits;
        }
        hits.prompt = find(&self.prompts, parts.prompt);
        hits.near = self.near(example, words, scratch);
        if hits.prompt.is_none() && hits.near.is_none() {
            let turns = example.turns.iter().enumerate();
            let turns = turns.filter(|(_, turn)| turn.role != Role::System && turn.branch != Branch::Rejected);
            let found = self
                .grams
                .look(turns.map(|(at, _)| words.turn(at)), &mut scratch.candidates);
            hits.grams = found.map(|(number, shared, of)| (self.hit(number), shared, of));
            hits.answer = find(&self.answers, parts.answer);
        }
        hits
    }

    fn near(&self, example: &Example<'_>, words: &Words, scratch: &mut Scratch) -> Option<(Hit, f64)> {
        let rarity = self.rarity.as_ref()?;
        scratch.take(example, words);
        rarity.deciding(&scratch.set, NEAR, &mut scratch.deciding);
        scratch.candidates.clear();
        for shingle in &scratch.deciding {
            let at = self.deciding.partition_point(|(other, _)| other < shingle);
            let same = self.deciding[at..].iter().take_while(|(other, _)| other == shingle);
            scratch.candidates.extend(same.map(|(_, number)| *number));
        }
        scratch.candidates.sort_unstable();
        scratch.candidates.dedup();
        let mut best: Option<(u32, f64)> = None;
        for number in &scratch.candidates {
            let found = similarity(&scratch.set, self.set(*number as usize), NEAR);
            if let Some(found) = found.filter(|found| best.is_none_or(|(_, best)| *found > best)) {
                best = Some((*number, found));
            }
        }
        best.map(|(number, similarity)| (self.hit(number), similarity))
    }
}

/// The parts of a row, whatever its shape and the names of its roles: the last answer, what is asked before
/// it (system prompts left out), and both.
fn parts(example: &Example<'_>, forms: &Forms) -> Parts {
    let kept = |branch: Branch, role: Role| branch != Branch::Rejected && role != Role::System;
    let turns = (0..).zip(&example.turns);
    let turns = || turns.clone().filter(|(_, turn)| kept(turn.branch, turn.role));
    let count = turns().count();
    let last = turns()
        .enumerate()
        .filter(|(_, (_, turn))| turn.is_answer())
        .map(|(at, _)| at)
        .last();
    let (mut row, mut prompt, mut answer) = (Xxh3::new(), Xxh3::new(), Xxh3::new());
    let (mut asked, mut answered, mut said) = (0, 0, 0);
    for (at, (turn, _)) in turns().enumerate() {
        let form = forms.turn(turn);
        let add = |hash: &mut Xxh3| {
            hash.update(form);
            hash.update(&[0xFE]);
        };
        add(&mut row);
        said += form.len();
        if last.is_none_or(|last| at < last) {
            add(&mut prompt);
            asked += form.len();
        } else if Some(at) == last {
            add(&mut answer);
            answered += form.len();
        }
    }
    let whole = |length: usize, least: usize, hash: &Xxh3| (length >= least).then(|| hash.digest());
    Parts {
        row: whole(said, 1, &row),
        // A row without an answer, as tests often are, is a prompt; a bare text is neither.
        prompt: whole(asked, PROMPT, &prompt).filter(|_| count > 1 || last.is_none()),
        answer: whole(answered, ANSWER, &answer),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::model::example::{Content, Shape, Turn};

    fn example<'a>(turns: &[(Role, &'a str)]) -> Example<'a> {
        let turn = |(role, text): &(Role, &'a str)| Turn {
            role: *role,
            role_text: Cow::Borrowed(role.name()),
            text: Cow::Borrowed(*text),
            content: Content::Text,
            branch: Branch::Main,
            field: "messages",
            index: None,
            key: "content",
            raw: None,
            train: None,
        };
        Example {
            shape: Shape::Messages,
            turns: turns.iter().map(turn).collect(),
            ..Example::unknown()
        }
    }

    fn texts(example: &Example<'_>) -> (Words, Forms) {
        let (mut words, mut forms) = (Words::default(), Forms::default());
        for turn in &example.turns {
            words.push(&turn.text);
            forms.push(&turn.text);
        }
        (words, forms)
    }

    const QUESTION: &str =
        "How many eggs does the farmer sell each day at the market when she keeps four of the sixteen?";
    const ANSWER_TEXT: &str =
        "She sells twelve eggs each day because sixteen minus four is twelve, and that is the answer.";

    fn look(turns: &[(Role, &str)]) -> Hits {
        let held = example(&[(Role::User, QUESTION), (Role::Assistant, ANSWER_TEXT)]);
        let (mut holdout, mut scratch) = (Holdout::default(), Scratch::default());
        let (words, forms) = texts(&held);
        holdout.add(Place::default(), &held, &words, &forms, &mut scratch);
        holdout.index();
        let row = example(turns);
        let (words, forms) = texts(&row);
        holdout.look(&row, &words, &forms, &mut scratch)
    }

    #[test]
    fn each_kind_is_found() {
        let shouted = QUESTION.to_uppercase();
        let hits = look(&[
            (Role::System, "Count."),
            (Role::User, &shouted),
            (Role::Assistant, ANSWER_TEXT),
        ]);
        assert!(hits.row.is_some() && hits.prompt.is_none());
        let hits = look(&[(Role::User, QUESTION), (Role::Assistant, "Twelve.")]);
        assert!(hits.row.is_none() && hits.prompt.is_some());
        let near = QUESTION.replace("farmer", "baker") + " Please.";
        let changed = ANSWER_TEXT.to_owned() + " Yes.";
        let hits = look(&[(Role::User, &near), (Role::Assistant, &changed)]);
        assert!(
            hits.prompt.is_none() && hits.grams.is_some() | hits.near.is_some(),
            "{hits:?}"
        );
        let quoted = format!("Someone asked: {QUESTION} What do you think of that, and of farms as such in our days?");
        let hits = look(&[(Role::User, &quoted), (Role::Assistant, "I like farms.")]);
        assert!(hits.near.is_none());
        assert!(
            hits.grams.is_some_and(|(_, shared, of)| shared == 7 && of == 12),
            "{hits:?}"
        );
        let hits = look(&[(Role::User, "Another question?"), (Role::Assistant, ANSWER_TEXT)]);
        assert!(hits.answer.is_some() && hits.prompt.is_none());
        assert_eq!(look(&[(Role::User, "Hello"), (Role::Assistant, "Hi")]), Hits::default());
    }
}
