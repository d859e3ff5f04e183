//! The windows of 12 words of the texts, and in how many texts each is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::place::Place;
use crate::text::{Word, rolling, words_of};

use super::{Kept, Said, WORDS};

/// Cells of the table that tells windows that cannot be in enough rows, as a power of two.
const CELLS: u32 = 20;

/// A map by hashes, which need not be hashed once more.
pub(super) type Map<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A row that differs from all others here, and how many rows are the same.
pub(super) struct Text<'d> {
    pub(super) place: Place,
    pub(super) turns: &'d [Said],
    pub(super) times: u64,
}

/// Words of a turn: its text, the turn, where they stand among all words, and the first of its windows among all.
pub(super) struct Span {
    pub(super) text: u32,
    pub(super) turn: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    window: usize,
}

/// Rows that are the same count as one text, and are told by the first: repeated rows are no passages.
pub(super) fn texts(drawn: &[(Place, Kept)]) -> Vec<Text<'_>> {
    let mut known: HashMap<&[Said], usize, BuildHasherDefault<AsItIs>> = HashMap::default();
    let mut texts: Vec<Text<'_>> = Vec::new();
    for (place, kept) in drawn {
        let at = *known.entry(&kept.turns).or_insert(texts.len());
        if at == texts.len() {
            texts.push(Text {
                place: *place,
                turns: &kept.turns,
                times: 0,
            });
        }
        texts[at].times += 1;
    }
    texts
}

/// The words of all turns, one turn after the other, of those that have a window of them.
pub(super) fn words(texts: &[Text<'_>]) -> (Vec<Word>, Vec<Span>) {
    let (mut words, mut spans, mut window) = (Vec::new(), Vec::new(), 0);
    for (number, text) in (0u32..).zip(texts) {
        for (turn, said) in (0u32..).zip(text.turns) {
            let start = words.len();
            words_of(&said.text, &mut words);
            if words.len() - start < WORDS {
                words.truncate(start);
            } else {
                spans.push(Span {
                    text: number,
                    turn,
                    start,
                    end: words.len(),
                    window,
                });
                window += words.len() - start + 1 - WORDS;
            }
        }
    }
    (words, spans)
}

/// The windows of all spans, one span after the other.
pub(super) struct Windows {
    pub(super) hashes: Vec<u64>,
    /// In how many texts each is; 0 where they are not enough.
    pub(super) texts: Vec<u32>,
}

impl Span {
    /// Its windows among all.
    pub(super) fn windows(&self) -> Range<usize> {
        self.window..self.window + (self.end - self.start + 1 - WORDS)
    }
}

pub(super) fn windows(words: &[Word], spans: &[Span], least: usize) -> Windows {
    // A window is in no more texts than fall into its cell, and few cells are full.
    let mut cells = vec![0u8; 1 << CELLS];
    let cell = |hash: u64| usize::try_from(hash >> (64 - CELLS)).expect("a cell");
    let mut hashes = Vec::with_capacity(words.len());
    for span in spans {
        rolling(&words[span.start..span.end], WORDS, &mut |hash| {
            let count = &mut cells[cell(hash)];
            *count = count.saturating_add(1);
            hashes.push(hash);
        });
    }
    let full = u8::try_from(least).unwrap_or(u8::MAX);
    let may_do = |hash: u64| cells[cell(hash)] >= full;
    let mut seen: Map<(u32, u32)> = Map::default();
    for span in spans {
        for hash in hashes[span.windows()].iter().filter(|hash| may_do(**hash)) {
            let (last, texts) = seen.entry(*hash).or_insert((u32::MAX, 0));
            *texts += u32::from(*last != span.text);
            *last = span.text;
        }
    }
    let texts = |hash: &u64| {
        let seen = if may_do(*hash) { seen.get(hash) } else { None };
        seen.map_or(0, |(_, texts)| *texts)
    };
    let texts = hashes
        .iter()
        .map(texts)
        .map(|texts| if texts as usize >= least { texts } else { 0 });
    Windows {
        texts: texts.collect(),
        hashes,
    }
}
