use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

use super::parts::answers;

rule_meta! {
    /// ## What it finds
    /// A set whose prompts hold the answer at one and the same spot (after the same characters, at the end,
    /// or at the start) in more than a fifth of its rows, beside a question that differs from row to row.
    ///
    /// ## Why it matters
    /// This is how a prompt is built wrongly: the answer's column went into it. The loss falls to almost
    /// nothing and the model has learnt to copy. Extraction is told apart by its spots, which differ;
    /// rewriting by what stands around the text, which is one instruction for all rows.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Why is the sky blue?\nReference: Sunlight is scattered by the air.", "completion": "Sunlight is scattered by the air."}
    /// {"prompt": "What makes the tides?\nReference: The moon pulls the water of the seas.", "completion": "The moon pulls the water of the seas."}
    /// {"prompt": "How do bees find home?\nReference: They remember the way of the sun.", "completion": "They remember the way of the sun."}
    /// {"prompt": "Why do leaves fall?\nReference: The tree saves water for the winter.", "completion": "The tree saves water for the winter."}
    /// {"prompt": "What is thunder?\nReference: The air that a flash has heated bursts.", "completion": "The air that a flash has heated bursts."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Correct the sentence: Sunlight is scattered by the air.", "completion": "Sunlight is scattered by the air."}
    /// {"prompt": "Correct the sentence: The moon pulls the water of the seas.", "completion": "The moon pulls the water of the seas."}
    /// {"prompt": "Correct the sentence: They remember the way of the sun.", "completion": "They remember the way of the sun."}
    /// {"prompt": "Correct the sentence: The tree saves water for the winter.", "completion": "The tree saves water for the winter."}
    /// {"prompt": "Correct the sentence: The air that a flash has heated bursts.", "completion": "The air that a flash has heated bursts."}
    /// ```
    ///
    /// ## Fix
    /// Take the answer's column out of the function or template that builds the prompt.
    "leak/answer-pasted", Error
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerPasted {
    /// Smallest share of rows with their answer in the prompt, 0 to 1.
    share: f64,
    /// Smallest share of those with it at one spot.
    at_one_spot: f64,
    /// Fewest such rows.
    rows: usize,
}

impl Default for AnswerPasted {
    fn default() -> Self {
        Self {
            share: 0.2,
            at_one_spot: 0.8,
            rows: 5,
        }
    }
}

/// Where an answer stands in its prompt: 32 bytes for a row that has it there, none for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Spot {
    source: u32,
    row: u64,
    /// The eight bytes before it.
    before: [u8; 8],
    at_start: bool,
    at_end: bool,
    /// A hash of the prompt without it.
    rest: u32,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Spots {
    /// Rows with an answer.
    answered: u64,
    spots: Vec<Spot>,
}

impl Merge for Spots {
    fn merge(&mut self, mut other: Self) {
        self.answered += other.answered;
        self.spots.append(&mut other.spots);
    }
}

impl Rule for AnswerPasted {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Spots;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, state: &mut Spots, _: &mut Findings) {
        let Some((at, _)) = row.example.and_then(|example| answers::taught(example).last()) else {
            return;
        };
        state.answered += 1;
        let Some(example) = row.example.filter(|_| answers::is_long(row, at, 24, 4)) else {
            return;
        };
        let given = [Role::User, Role::System].into_iter();
        let found = given
            .flat_map(|role| answers::given(example, at, role))
            .filter(|(given, _)| row.words.turn(*given).len() > row.words.turn(at).len())
            .find_map(|(given, turn)| Some((turn, answers::stands(row, at, given)?)));
        let Some((turn, standing)) = found else { return };
        let text = turn.text.as_bytes();
        let (head, tail) = (&text[..standing.at.start], &text[standing.at.end..]);
        let mut before = [0; 8];
        let shown = head.len().min(8);
        before[8 - shown..].copy_from_slice(&head[head.len() - shown..]);
        let mut rest = Xxh3::new();
        rest.update(head);
        rest.update(&[0xFF]);
        rest.update(tail);
        let nothing = |bytes: &[u8]| !bytes.iter().any(u8::is_ascii_alphanumeric) && bytes.len() < 4;
        #[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough to count by")]
        state.spots.push(Spot {
            source: row.place.source,
            row: row.place.row,
            before,
            at_start: nothing(head),
            at_end: nothing(tail),
            rest: rest.digest() as u32,
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "shares are floats")]
    fn finish(&self, mut state: Spots, _: &Setup, out: &mut Findings) {
        let spots = &mut state.spots;
        spots.sort_unstable();
        let share = spots.len() as f64 / state.answered.max(1) as f64;
        let mut rests: Vec<u32> = spots.iter().map(|spot| spot.rest).collect();
        rests.sort_unstable();
        rests.dedup();
        if spots.len() < self.rows || share <= self.share || rests.len() * 2 < spots.len() {
            return;
        }
        let mut markers: BTreeMap<[u8; 8], usize> = BTreeMap::new();
        for spot in spots.iter() {
            *markers.entry(spot.before).or_default() += 1;
        }
        let Some((marker, times)) = markers.into_iter().max_by_key(|(_, times)| *times) else {
            return;
        };
        let at_end = spots.iter().filter(|spot| spot.at_end).count();
        let at_start = spots.iter().filter(|spot| spot.at_start).count();
        let enough = |times: usize| times as f64 >= self.at_one_spot * spots.len() as f64;
        let is_at: (&str, fn(&Spot, [u8; 8]) -> bool) = if enough(times) {
            ("after the same characters", |spot, marker| spot.before == marker)
        } else if enough(at_end) {
            ("at its end", |spot, _| spot.at_end)
        } else if enough(at_start) {
            ("at its start", |spot, _| spot.at_start)
        } else {
            return;
        };
        for spot in spots.iter().filter(|spot| is_at.1(spot, marker)) {
            let place = Place {
                source: spot.source,
                row: spot.row,
                ..Place::default()
            };
            out.row(&place, || {
                let percent = share * 100.0;
                format!(
                    "the answer stands in the prompt, {}; {percent:.0} % of all rows have theirs there",
                    is_at.0
                )
            });
        }
    }
}
