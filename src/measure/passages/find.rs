//! Finds the passages that texts have in common: runs of words of which every window of 12 is in enough rows.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::model::example::Role;
use crate::place::Place;
use crate::text::Word;

use super::windows::{AsItIs, Map, Span, Text, Windows, texts, windows, words};
use super::{Kept, Passage, PassageSection, ROWS, SHARE, Said, WORDS};

/// Passages kept for the report.
const LARGEST: usize = 10;
/// Bytes kept of the start of a passage.
const SHOWN: usize = 240;
/// A passage ends where the next window is in fewer rows than this share of those the last one is in, or in as many more.
const STEADY: f64 = 0.95;
/// A passage while it is counted.
struct Found {
    place: Place,
    role: Role,
    start: String,
    words: u64,
    /// Number of the text that had it last, and of texts and of rows that have it.
    last: u32,
    texts: usize,
    rows: u64,
    bytes: f64,
    tokens: f64,
    /// Its windows, by which parts of it are told.
    windows: Vec<u64>,
}

/// Bytes and tokens.
#[derive(Clone, Copy, Default)]
struct Amount {
    bytes: f64,
    tokens: f64,
}

#[expect(clippy::cast_precision_loss, reason = "shares are floats")]
pub(super) fn section(drawn: &[(Place, Kept)], rows: u64, exact: bool, counted: bool) -> Option<PassageSection> {
    let texts = texts(drawn);
    if texts.len() < ROWS {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of rows"
    )]
    let least = ROWS.max((texts.len() as f64 * SHARE).ceil() as usize);
    let (words, spans) = words(&texts);
    let windows = windows(&words, &spans, least);
    let mut all = Amount::default();
    for (text, turn) in texts
        .iter()
        .flat_map(|text| text.turns.iter().map(move |turn| (text, turn)))
    {
        all.bytes += (turn.text.len() as u64 * text.times) as f64;
        all.tokens += (u64::from(turn.tokens) * text.times) as f64;
    }
    let (found, taken) = passages(&texts, &words, &spans, &windows);
    let looked_at = drawn.len() as u64;
    let of_tokens = |tokens: f64| (counted && all.tokens > 0.0).then(|| tokens / all.tokens);
    let mut found: Vec<Found> = found.into_values().filter(|passage| passage.texts >= least).collect();
    found.sort_unstable_by(|left, right| {
        right
            .bytes
            .total_cmp(&left.bytes)
            .then_with(|| (left.place, &left.start).cmp(&(right.place, &right.start)))
    });
    let found = whole(found);
    if found.is_empty() {
        return None;
    }
    Some(PassageSection {
        looked_at,
        rows,
        exact,
        share_of_text: taken.bytes / all.bytes,
        share_of_tokens: of_tokens(taken.tokens),
        found: found.len() as u64,
        largest: found
            .into_iter()
            .take(LARGEST)
            .map(|passage| Passage {
                rows: if exact {
                    passage.rows
                } else {
                    scaled(passage.rows, rows, looked_at)
                },
                words: passage.words,
                share_of_text: passage.bytes / all.bytes,
                share_of_tokens: of_tokens(passage.tokens),
                role: passage.role,
                text: passage.start.split_whitespace().collect::<Vec<_>>().join(" "),
                source: passage.place.source,
                row: passage.place.row,
                line: Some(passage.place.line).filter(|line| *line > 0),
            })
            .collect(),
    })
}

/// Rows of the set for rows that were looked at.
fn scaled(found: u64, rows: u64, looked_at: u64) -> u64 {
    let scaled = u128::from(found) * u128::from(rows) / u128::from(looked_at.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// A run of windows of one turn that are in about as many texts each: its words.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    texts: u32,
}

/// The passages by what they say, and what all of them take.
fn passages(texts: &[Text<'_>], words: &[Word], spans: &[Span], windows: &Windows) -> (Map<Found>, Amount) {
    let (mut found, mut taken) = (Map::default(), Amount::default());
    let mut runs: Vec<Run> = Vec::new();
    for span in spans {
        let words = &words[span.start..span.end];
        let hashes = &windows.hashes[span.windows()];
        runs_of(&windows.texts[span.windows()], &mut runs);
        let text = &texts[span.text as usize];
        let turn = &text.turns[span.turn as usize];
        let mut covered = 0;
        for run in &runs {
            let amount = amount(turn, text.times, &words[covered.clamp(run.start, run.end)..run.end]);
            taken.bytes += amount.bytes;
            taken.tokens += amount.tokens;
            covered = covered.max(run.end);
            add(&mut found, span, *run, text, words, hashes);
        }
    }
    (found, taken)
}

fn add(found: &mut Map<Found>, span: &Span, run: Run, text: &Text<'_>, words: &[Word], hashes: &[u64]) {
    let own = &words[run.start..run.end];
    let turn = &text.turns[span.turn as usize];
    let key = own.iter().fold(own.len() as u64, |key, word| {
        (key ^ word.hash).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    });
    let passage = found.entry(key).or_insert_with(|| {
        let said = &turn.text[own[0].start as usize..own[own.len() - 1].end as usize];
        Found {
            place: text.place,
            role: turn.role,
            start: said[..said.floor_char_boundary(SHOWN)].to_owned(),
            words: own.len() as u64,
            last: u32::MAX,
            texts: 0,
            rows: 0,
            bytes: 0.0,
            tokens: 0.0,
            windows: {
                let start = run.start.min(hashes.len());
                hashes[start..(run.end + 1).saturating_sub(WORDS).clamp(start, hashes.len())].to_vec()
            },
        }
    });
    if passage.last != span.text {
        passage.last = span.text;
        passage.texts += 1;
        passage.rows += text.times;
    }
    let amount = amount(turn, text.times, own);
    passage.bytes += amount.bytes;
    passage.tokens += amount.tokens;
}

/// What some words of a turn take, in all rows that are this text.
#[expect(clippy::cast_precision_loss, reason = "shares are floats")]
fn amount(turn: &Said, times: u64, words: &[Word]) -> Amount {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return Amount::default();
    };
    let bytes = f64::from(last.end - first.start) * times as f64;
    Amount {
        bytes,
        tokens: bytes * f64::from(turn.tokens) / turn.text.len() as f64,
    }
}

/// Cuts a turn's windows into runs.
fn runs_of(texts: &[u32], runs: &mut Vec<Run>) {
    runs.clear();
    let mut open: Option<Run> = None;
    for (at, texts) in texts.iter().enumerate() {
        let texts = Some(*texts).filter(|texts| *texts > 0);
        match (&mut open, texts) {
            (Some(run), Some(texts)) if steady(run.texts, texts) => {
                run.end = at + WORDS;
                run.texts = texts;
            }
            (_, Some(texts)) => {
                let mut start = at;
                if let Some(mut run) = open.take() {
                    // What is between two passages belongs to that which is in more rows.
                    if run.texts > texts {
                        start = run.end;
                    } else {
                        run.end = at;
                    }
                    close(run, runs);
                }
                open = Some(Run {
                    start,
                    end: at + WORDS,
                    texts,
                });
            }
            (_, None) => {
                if let Some(run) = open.take() {
                    close(run, runs);
                }
            }
        }
    }
    if let Some(run) = open {
        close(run, runs);
    }
}

fn close(run: Run, runs: &mut Vec<Run>) {
    if run.end > run.start {
        runs.push(run);
    }
}

fn steady(one: u32, other: u32) -> bool {
    f64::from(one.min(other)) >= STEADY * f64::from(one.max(other))
}

/// Leaves out what is a part of a larger passage, or too short to be one.
fn whole(found: Vec<Found>) -> Vec<Found> {
    let mut seen: HashSet<u64, BuildHasherDefault<AsItIs>> = HashSet::default();
    let mut kept = Vec::new();
    for passage in found {
        let known = passage.windows.iter().filter(|window| seen.contains(*window)).count();
        seen.extend(&passage.windows);
        if passage.words >= WORDS as u64 && known * 2 < passage.windows.len() {
            kept.push(passage);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SYSTEM: &str = "You are a careful clerk of the harbour office who answers every question of the captains in \
                          plain words and never names a price that is not in the book of tolls";
    const FORMAT: &str =
        "Write the answer as one line of JSON with the keys ship, berth and toll, and add nothing else to it";

    /// Rows whose own words differ from row to row.
    fn row(number: u64, turns: &[(Role, String)]) -> (Place, Kept) {
        let said = |(role, text): &(Role, String)| Said {
            role: *role,
            text: text.clone(),
            tokens: 10,
        };
        let place = Place {
            row: number,
            ..Place::default()
        };
        let turns = turns.iter().map(said).collect();
        (place, Kept { turns, cut: false })
    }

    fn own(number: u64) -> String {
        (0..20).map(|word| format!("w{number}x{word} ")).collect()
    }

    fn found(drawn: &[(Place, Kept)]) -> Vec<(u64, u64, Role)> {
        let section = section(drawn, drawn.len() as u64, true, false);
        let passages = section.map_or(Vec::new(), |section| section.largest);
        passages
            .iter()
            .map(|passage| (passage.rows, passage.words, passage.role))
            .collect()
    }

    #[test]
    fn what_stands_in_many_rows_is_found_with_its_rows_and_its_share() {
        let rows: Vec<_> = (0..60)
            .map(|number| {
                let mut asked = own(number);
                if number % 3 == 0 {
                    asked = format!("{asked} {FORMAT}. {asked}");
                }
                row(number, &[(Role::System, SYSTEM.to_owned()), (Role::User, asked)])
            })
            .collect();
        assert_eq!(found(&rows), [(60, 32, Role::System), (20, 21, Role::User)]);
        let section = section(&rows, 60, true, true).expect("passages");
        let all: usize = rows
            .iter()
            .flat_map(|(_, kept)| &kept.turns)
            .map(|turn| turn.text.len())
            .sum();
        let taken = SYSTEM.len() * 60 + FORMAT.len() * 20;
        #[expect(clippy::cast_precision_loss, reason = "a test's few bytes")]
        let share = taken as f64 / all as f64;
        assert!(
            (section.share_of_text - share).abs() < 1e-9,
            "{} is not {share}",
            section.share_of_text
        );
        assert!(section.share_of_tokens.is_some_and(|share| share > 0.5));
        assert!(section.largest[0].text.starts_with("You are a careful clerk"));
    }

    #[test]
    fn a_passage_that_goes_on_in_some_rows_is_two() {
        let rows: Vec<_> = (0..40)
            .map(|number| {
                let more = if number < 16 {
                    format!(" {FORMAT}")
                } else {
                    String::new()
                };
                row(number, &[(Role::User, format!("{SYSTEM}{more} {}", own(number)))])
            })
            .collect();
        assert_eq!(found(&rows), [(40, 32, Role::User), (16, 21, Role::User)]);
    }

    #[test]
    fn rows_that_are_the_same_are_no_passage_and_count_where_there_is_one() {
        let same: Vec<_> = (0..40).map(|number| row(number, &[(Role::User, own(1))])).collect();
        assert_eq!(found(&same), []);
        let mut rows: Vec<_> = (0..10)
            .map(|number| row(number, &[(Role::Text, format!("{SYSTEM} {}", own(number)))]))
            .collect();
        rows.extend((10..15).map(|number| row(number, &[(Role::Text, format!("{SYSTEM} {}", own(0)))])));
        assert_eq!(found(&rows), [(15, 32, Role::Text)]);
        assert_eq!(found(&rows[..2]), [], "two rows are not many");
    }

    /// Words of a turn that are in a window which is in enough texts, by comparing every window with every text.
    fn covered(rows: &[Vec<&str>], least: usize) -> usize {
        let has = |row: &[&str], window: &[&str]| row.windows(WORDS).any(|other| other == window);
        let mut sum = 0;
        for row in rows {
            let mut marked = vec![false; row.len()];
            for (at, window) in row.windows(WORDS).enumerate() {
                if rows.iter().filter(|other| has(other, window)).count() >= least {
                    marked[at..at + WORDS].fill(true);
                }
            }
            sum += marked.iter().filter(|marked| **marked).count();
        }
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Few words make texts that overlap in every way; each is four letters, so that bytes tell the words.
        #[test]
        fn what_is_taken_is_what_windows_in_enough_rows_cover(
            rows in prop::collection::vec(prop::collection::vec(0usize..2, 0..60), 3..9),
        ) {
            let mut rows: Vec<Vec<&str>> =
                rows.iter().map(|row| row.iter().map(|word| ["once", "more"][*word]).collect()).collect();
            rows.sort();
            rows.dedup();
            let drawn: Vec<_> =
                (0..).zip(&rows).map(|(number, words)| row(number, &[(Role::Text, words.join(" "))])).collect();
            let texts = texts(&drawn);
            let (words, spans) = words(&texts);
            let windows = windows(&words, &spans, ROWS);
            let (_, taken) = passages(&texts, &words, &spans, &windows);
            let wanted = covered(&rows, ROWS);
            // Blanks between the words of a passage count with it: four bytes a word and a blank but for its last.
            #[expect(clippy::cast_precision_loss, reason = "a test's few bytes")]
            let (least, most) = (wanted as f64 * 4.0, wanted as f64 * 5.0);
            prop_assert!(taken.bytes >= least && taken.bytes <= most, "{} for {} words", taken.bytes, wanted);
        }
    }
}
