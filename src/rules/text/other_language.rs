use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::tongues;
use crate::finding::Findings;
use crate::model::example::{Branch, Example, Role, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::outliers;
use crate::rules::parts::spoken::Spoken;
use crate::sketch::Merge;
use crate::sketch::few::Few;
use crate::text::{LANGUAGES, Word, glance, has_words_of, language, leans_elsewhere, surely};

rule_meta! {
    /// ## What it finds
    /// A few answers in another language than what they answer, in a set whose answers keep to the language they are
    /// asked in: no turn before them is in that language or has words of it, no user speaks of languages, and no system
    /// prompt names this one or speaks of a translator. Where a prompt is too short to tell its language, the answer is
    /// compared with the others of the set, and with the language of the system prompt. Languages are told by their script, those in
    /// Latin letters (sixteen of them) by their commonest words.
    ///
    /// ## Why it matters
    /// The answer belongs to another row, or the model that wrote it slipped into its own language. The model learns to
    /// slip, too.
    ///
    /// ## Example
    /// ```text
    /// 99 rows asked and answered in English, and this one:
    /// {"prompt": "What is the price of two eggs, and how long do they keep?", "completion": "Zwei Eier kosten vierzig Cent, und sie sind nicht länger als vier Wochen frisch, wenn das Wetter mit sich reden lässt."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "What is the price of two eggs, and how long do they keep?", "completion": "Two eggs are forty cents, and they keep for four weeks."}
    /// ```
    ///
    /// ## Fix
    /// Write the answer in the language of the prompt, or remove the row; where it is meant, say so in the prompt.
    "text/other-language", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OtherLanguage {}

/// Answers below which nothing is said of a set.
const LEAST: u64 = 50;
/// Of so many of them one may be in another language; where more are, the set is written so.
const PER: u64 = 50;

/// Answers in one language: how many, and those that are asked for in another, or in none that can be told.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    /// Where they stand, and the language of the prompt.
    unlike: Few<(String, u8)>,
    alone: Few<String>,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.unlike.merge(other.unlike);
        self.alone.merge(other.alone);
    }
}

impl Rule for OtherLanguage {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = BTreeMap<u8, Answers>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut told = false;
        for (at, turn) in example.turns.iter().enumerate() {
            if turn.role != Role::Assistant || matches!(turn.branch, Branch::Rejected | Branch::Prompt) {
                continue;
            }
            let Some(answered) = glance(&turn.text, row.words.turn(at)) else {
                continue;
            };
            let answers = seen.entry(answered).or_default();
            answers.all += 1;
            let before = example.turns[..at].iter().rposition(|turn| turn.role == Role::User);
            let asked = before.and_then(|at| glance(&example.turns[at].text, row.words.turn(at)));
            if told || asked == Some(answered) {
                continue;
            }
            let asked = before.and_then(|at| surely(&example.turns[at].text, row.words.turn(at)));
            if !is_alone(example, at, (answered, asked), row) {
                continue;
            }
            told = true;
            match asked {
                Some(asked) => answers.unlike.offer(&row.place, || (turn.pointer(), asked)),
                // A short question in its own language has a word of it, too.
                None if before.is_none_or(|at| leans_elsewhere(row.words.turn(at), answered)) => {
                    answers.alone.offer(&row.place, || turn.pointer());
                }
                None => {}
            }
        }
    }

    fn finish(&self, seen: Self::State, _: &Setup, out: &mut Findings) {
        let all: u64 = seen.values().map(|answers| answers.all).sum();
        let unlike: u64 = seen.values().map(|answers| answers.unlike.count()).sum();
        if all < LEAST {
            return;
        }
        for (language, answers) in seen {
            let name = LANGUAGES[usize::from(language)];
            if unlike * PER <= all {
                outliers::report(&answers.unlike, out, |(pointer, asked)| {
                    let message = format!(
                        "the answer is {name}, and the prompt {}",
                        LANGUAGES[usize::from(*asked)]
                    );
                    (pointer.clone(), message)
                });
            }
            if answers.all * PER <= all {
                outliers::report(&answers.alone, out, |pointer| {
                    (
                        pointer.clone(),
                        format!("the answer is {name}, as nearly no other of the set"),
                    )
                });
            }
        }
    }
}

/// Whether an answer is in a language, beyond doubt, that nothing before it is in, and nobody asks for any. Where it is
/// known in which language it was asked, that of the system prompt does not matter: many a set has an English one.
fn is_alone(example: &Example<'_>, at: usize, (answered, asked): (u8, Option<u8>), row: &Row<'_>) -> bool {
    let before = || example.turns[..at].iter();
    let is_system = |turn: &&Turn<'_>| turn.role == Role::System;
    surely(&example.turns[at].text, row.words.turn(at)) == Some(answered)
        && !before()
            .enumerate()
            .any(|(at, turn)| !(asked.is_some() && is_system(&turn)) && speaks(turn, row.words.turn(at), answered))
        && !ASKED.among(before().filter(|turn| !is_system(turn)))
        && !before()
            .filter(is_system)
            .any(|system| tongues::are_meant(&system.text, answered))
}

/// Whether a turn starts or ends in a language, or has words in its script among others.
fn speaks(turn: &Turn<'_>, words: &[Word], tongue: u8) -> bool {
    /// Bytes of its end.
    const END: usize = 400;
    let text = &*turn.text;
    let from = text.ceil_char_boundary(text.len().saturating_sub(END));
    let last = &words[words.partition_point(|word| (word.start as usize) < from)..];
    language(text, words) == tongue || language(&text[from..], last) == tongue || has_words_of(text, words, tongue)
}

/// Words by which a language is asked for, and names of languages.
static ASKED: Spoken = Spoken::of(
    "translat|language|english|german|french|spanish|portug|italian|dutch|polish|turkish|indonesian|vietnamese|\
    swedish|danish|norwegian|finnish|romanian|hungarian|russian|ukrainian|greek|chinese|mandarin|cantonese|japanese|\
    korean|arabic|hebrew|hindi|bengali|thai|latin|tradu|übersetz|englisch|deutsch|anglais|français|inglés|español|\
    ingl|перевед|перевод|англи|русск|译|英|中文|汉语|日语|法语|德语|韩语|俄语|西班牙|翻訳|日本語|번역|영어|한국어",
);
