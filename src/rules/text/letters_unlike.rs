use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::letters::{Letters, begins, wide_digits};
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// The few answers of a set whose letters are unlike those of all others: one that begins in small letters where others
    /// begin with a capital, one without accents where all of its length have some, one in capitals alone, one with digits of
    /// full width among Latin letters.
    ///
    /// ## Why it matters
    /// The beginning was cut off, or the letters were changed where the text came from. The model learns both ways of
    /// writing.
    ///
    /// ## Example
    /// ```text
    /// 99 rows whose answers begin with a capital, and this one:
    /// {"prompt": "Why is the sea salty?", "completion": "vers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// ## Fix
    /// Take the text anew from where it came from, or remove the row.
    "text/letters-unlike", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LettersUnlike {}

/// Answers below which nothing is usual.
const LEAST: u64 = 100;
/// One of so many answers may be unlike the others, or a single one.
const PER: u64 = 200;
/// The same of those that begin with a small letter, which people do now and then.
const SMALL: (u64, u64) = (200, 500);
/// Answers of one length below which nothing is said of it.
const ALIKE: u64 = 40;
/// Accents that an answer of that length has on average, for none to be no chance.
const EXPECTED: u64 = 5;

/// Words of rows whose answers are written so.
static ASKED: Spoken = Spoken::of(
    "complete|continu|fill|blank|lower|upper|capital|caps|poem|verse|lyric|song|finish|accent|keyword|term|style|slang|\
    informal|tweet|acronym|code|shout|headline|title|translat|convert|transcri|format|续|填|译|扮演|full-width|全角",
);

/// Where an answer stands, and what is said of it.
type Told = (String, String);

/// The letters of a set's answers.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    answers: u64,
    /// Those that begin with a letter that has a case, or a digit.
    begun: u64,
    small: Slips<Told>,
    capitals: Slips<Told>,
    wide: Slips<Told>,
    letters: u64,
    accented: u64,
    /// By the bits of the number of their letters: how many, and those without accents, with that number.
    lengths: BTreeMap<u32, (u64, Slips<(u64, Told)>)>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.answers += other.answers;
        self.begun += other.begun;
        self.small.merge(other.small);
        self.capitals.merge(other.capitals);
        self.wide.merge(other.wide);
        self.letters += other.letters;
        self.accented += other.accented;
        for (bits, (all, bare)) in other.lengths {
            let own = self.lengths.entry(bits).or_default();
            own.0 += all;
            own.1.merge(bare);
        }
    }
}

impl Rule for LettersUnlike {
    const META: RuleMeta = META;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut asked = None;
        for turn in turns::taught(example).filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            let letters = Letters::of(said, row.chars);
            seen.answers += 1;
            let mut offer = |slips: &mut Slips<Told>, what: &str, shown: &str| {
                let given = || {
                    example
                        .turns
                        .iter()
                        .filter(|turn| !matches!(turn.role, Role::Assistant | Role::System))
                };
                if !slips.are_many() && !*asked.get_or_insert_with(|| ASKED.asked_by(given())) {
                    slips.offer(&row.place, || {
                        (turn.pointer(), format!("the answer {what} `{}`", clip(shown)))
                    });
                }
            };
            if let Some(small) = begins(said) {
                seen.begun += 1;
                if small {
                    offer(&mut seen.small, "begins with a small letter,", said);
                }
            }
            if letters.are_capitals(said.len()) {
                offer(&mut seen.capitals, "is in capitals alone,", said);
            }
            if let Some(shown) = row.chars.unseen().then(|| wide_digits(said)).flatten() {
                offer(&mut seen.wide, "has digits of full width, in", shown);
            }
            seen.accents(&row.place, letters, || {
                let said = format!("the answer has no letter with an accent in `{}`", clip(said));
                (turn.pointer(), said)
            });
        }
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        let ways = [
            (&seen.small, seen.begun, SMALL),
            (&seen.capitals, seen.answers, (LEAST, PER)),
            (&seen.wide, seen.answers, (LEAST, PER)),
        ];
        for (slips, all, (_, per)) in ways.into_iter().filter(|(_, all, (least, _))| all >= least) {
            slips.report(all, per, out, |(pointer, said)| {
                (pointer.clone(), format!("{said}, as {} of {all} do", slips.count()))
            });
        }
        for (all, bare) in seen.lengths.values().filter(|(all, _)| *all >= ALIKE) {
            for (place, (letters, (pointer, said))) in bare.few(*all, PER) {
                if letters * seen.accented >= EXPECTED * seen.letters {
                    let said = || {
                        format!(
                            "{said}, where {} of {all} of about its length have some",
                            all - bare.count()
                        )
                    };
                    out.field(place, || pointer.clone(), said);
                }
            }
        }
    }
}

impl Seen {
    /// Counts the accents of an answer.
    fn accents(&mut self, place: &Place, letters: Letters, told: impl FnOnce() -> Told) {
        self.letters += letters.all();
        self.accented += letters.accented;
        let (all, bare) = self
            .lengths
            .entry(letters.all().checked_ilog2().unwrap_or_default())
            .or_default();
        *all += 1;
        if letters.accented == 0 {
            bare.offer(place, || (letters.all(), told()));
        }
    }
}
