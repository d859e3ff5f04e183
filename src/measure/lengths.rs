//! How long the rows are, against `max_length`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::encoded::{AS_SET, Encoded, are_pieces};
use crate::model::example::{Example, Shape};
use crate::model::setup::{Origin, Setup};
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::histogram::Histogram;

use super::bytes;
use super::padding::{self, Packed, Padding};

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Lengths {
    /// Of a preference row, the longer side; of a row that is cut up, all of it.
    by_source: Vec<Histogram>,
    by_shape: BTreeMap<Shape, Histogram>,
    text: TextTotals,
    cut: CutTotals,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct TextTotals {
    tokens: u64,
    /// Characters of texts, and the tokens that they became.
    chars: u64,
    of_chars: u64,
    unk: u64,
    byte_fallback: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct CutTotals {
    rows: u64,
    tokens: u64,
    trained: u64,
    answers_lost: u64,
}

/// The section of the report. All counts are of rows unless they say tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LengthSection {
    /// Counted without a tokenizer, from the bytes of the texts.
    pub estimated: bool,
    pub all: LengthSummary,
    pub by_source: Vec<(u32, LengthSummary)>,
    pub by_shape: Vec<(Shape, LengthSummary)>,
    pub histogram: Vec<Bin>,
    pub max_length: Option<Cut>,
    pub padding: Option<Padding>,
    pub packed: Option<Packed>,
    pub chars_per_token: f64,
    /// Share of tokens, 0 to 1.
    pub unk_share: f64,
    pub byte_fallback_share: f64,
}

/// Lengths in tokens, before truncation. Percentiles are exact, by nearest rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LengthSummary {
    pub rows: u64,
    pub tokens: u64,
    pub min: u64,
    pub mean: f64,
    pub p50: u64,
    pub p90: u64,
    pub p95: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

/// Rows of `from..=to` tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bin {
    pub from: u64,
    pub to: u64,
    pub rows: u64,
}

/// What `max_length` cuts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cut {
    pub limit: usize,
    pub origin: Origin,
    pub rows: u64,
    pub tokens: u64,
    /// Tokens that would have been trained.
    pub trained: u64,
    /// Rows whose answers are cut away whole.
    pub answers_lost: u64,
}

impl Lengths {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        let Some(example) = row.example else { return };
        // Rows that a setting takes no part of were never given tokens.
        let is_left_out =
            |encoded: &Encoded| encoded.is_empty() && encoded.dropped.as_ref().is_some_and(|why| why.ends_with(AS_SET));
        if !row.encoded.is_empty() && row.encoded.iter().all(is_left_out) {
            return;
        }
        let length = if row.encoded.is_empty() {
            if row.setup.tokenizer.is_some() {
                return;
            }
            let tokens = estimated(example);
            self.text.tokens += tokens;
            tokens
        } else {
            let lengths = row.encoded.iter().map(|encoded| encoded.full_len as u64);
            let pieces = are_pieces(row.encoded);
            for (at, encoded) in row.encoded.iter().enumerate() {
                self.count_tokens(row, encoded);
                // All pieces have the text of the whole.
                if !encoded.text.is_empty() {
                    self.text.of_chars += encoded.full_len as u64;
                    if at == 0 || !pieces {
                        self.text.chars += bytecount_chars(&encoded.text);
                    }
                }
            }
            self.cut.rows += u64::from(row.encoded.iter().any(|encoded| encoded.cut() > 0));
            if pieces {
                lengths.sum()
            } else {
                lengths.max().expect("not empty")
            }
        };
        let source = row.place.source as usize;
        if self.by_source.len() <= source {
            self.by_source.resize(source + 1, Histogram::default());
        }
        self.by_source[source].add(length);
        self.by_shape.entry(example.shape).or_default().add(length);
    }

    fn count_tokens(&mut self, row: &Row<'_>, encoded: &Encoded) {
        self.text.tokens += encoded.full_len as u64;
        if encoded.cut() > 0 {
            self.cut.tokens += encoded.cut() as u64;
            self.cut.trained += encoded.full_trained.saturating_sub(encoded.trained()) as u64;
            self.cut.answers_lost += u64::from(encoded.answer_lost);
        }
        let Some(facts) = &row.setup.tokenizer else { return };
        if let Some(unk) = facts.unk.as_ref().and_then(|unk| unk.id) {
            self.text.unk += encoded.input_ids.iter().filter(|id| **id == unk).count() as u64;
        }
        if let (Some(first), Some(last)) = (facts.byte_tokens.first(), facts.byte_tokens.last()) {
            self.text.byte_fallback += encoded
                .input_ids
                .iter()
                .filter(|id| (first..=last).contains(id))
                .count() as u64;
        }
    }

    /// `fed` are the tokens of the training rows after truncation, in row order, and `packed` what they are packed into.
    #[expect(clippy::cast_precision_loss, reason = "shares and means are floats")]
    pub(super) fn finish(self, setup: &Setup, fed: &[u32], packed: Option<Packed>) -> Option<LengthSection> {
        let mut all = Histogram::default();
        for histogram in &self.by_source {
            all.merge(histogram.clone());
        }
        if all.count() == 0 {
            return None;
        }
        let share = |part: u64| {
            if self.text.tokens == 0 {
                0.0
            } else {
                part as f64 / self.text.tokens as f64
            }
        };
        // Where packing divides rows, they have not been cut to it.
        let limit = setup.max_length.as_ref().filter(|_| setup.splits_rows());
        let most = limit.map_or(u32::MAX, |limit| u32::try_from(limit.value).unwrap_or(u32::MAX));
        Some(LengthSection {
            estimated: setup.tokenizer.is_none(),
            histogram: bins(&all),
            max_length: setup.max_length.as_ref().map(|limit| Cut {
                limit: limit.value,
                origin: limit.origin.clone(),
                rows: self.cut.rows,
                tokens: self.cut.tokens,
                trained: self.cut.trained,
                answers_lost: self.cut.answers_lost,
            }),
            padding: padding::padding(fed, setup.batch_size.value, most),
            packed,
            chars_per_token: if self.text.of_chars == 0 {
                0.0
            } else {
                self.text.chars as f64 / self.text.of_chars as f64
            },
            unk_share: share(self.text.unk),
            byte_fallback_share: share(self.text.byte_fallback),
            by_source: (0..)
                .zip(&self.by_source)
                .filter(|(_, lengths)| lengths.count() > 0)
                .map(|(source, lengths)| (source, summary(lengths)))
                .collect(),
            by_shape: self
                .by_shape
                .iter()
                .map(|(shape, lengths)| (*shape, summary(lengths)))
                .collect(),
            all: summary(&all),
        })
    }
}

impl Merge for Lengths {
    fn merge(&mut self, other: Self) {
        if self.by_source.len() < other.by_source.len() {
            self.by_source.resize(other.by_source.len(), Histogram::default());
        }
        for (mine, theirs) in self.by_source.iter_mut().zip(other.by_source) {
            mine.merge(theirs);
        }
        for (shape, lengths) in other.by_shape {
            self.by_shape.entry(shape).or_default().merge(lengths);
        }
        self.text.tokens += other.text.tokens;
        self.text.chars += other.text.chars;
        self.text.of_chars += other.text.of_chars;
        self.text.unk += other.text.unk;
        self.text.byte_fallback += other.text.byte_fallback;
        self.cut.rows += other.cut.rows;
        self.cut.tokens += other.cut.tokens;
        self.cut.trained += other.cut.trained;
        self.cut.answers_lost += other.cut.answers_lost;
    }
}

fn summary(lengths: &Histogram) -> LengthSummary {
    LengthSummary {
        rows: lengths.count(),
        tokens: lengths.sum(),
        min: lengths.min(),
        mean: lengths.mean(),
        p50: lengths.percentile(0.50),
        p90: lengths.percentile(0.90),
        p95: lengths.percentile(0.95),
        p99: lengths.percentile(0.99),
        p999: lengths.percentile(0.999),
        max: lengths.max(),
    }
}

/// Bins of a logarithmic scale, four to a doubling, from the shortest row to the longest.
fn bins(lengths: &Histogram) -> Vec<Bin> {
    const PER_DOUBLING: f64 = 4.0;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a bin's number is small"
    )]
    let number = |length: u64| ((length.max(1) as f64).log2() * PER_DOUBLING).floor() as i64;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths are far below 2^52"
    )]
    let start = |bin: i64| (bin as f64 / PER_DOUBLING).exp2().ceil() as u64;
    let (first, last) = (number(lengths.min()), number(lengths.max()));
    let mut bins: Vec<Bin> = (first..=last)
        .map(|bin| Bin {
            from: start(bin),
            to: start(bin + 1) - 1,
            rows: 0,
        })
        .collect();
    bins[0].from = bins[0].from.min(lengths.min());
    for (length, rows) in lengths.iter() {
        let at = bins.partition_point(|bin| bin.to < length);
        let at = at.min(bins.len() - 1);
        bins[at].rows += rows;
    }
    // Below a few tokens the bins are narrower than one number.
    bins.retain(|bin| bin.to >= bin.from);
    bins
}

/// Characters, counted as bytes that do not continue one.
fn bytecount_chars(text: &str) -> u64 {
    bytes::count(text, |byte| (byte & 0xC0) != 0x80)
}

/// Tokens a row will roughly have, without a tokenizer.
pub(super) fn estimated(example: &Example<'_>) -> u64 {
    example.turns.iter().map(|turn| estimate(&turn.text)).sum()
}

/// Tokens a text will roughly have: four ASCII bytes a token, and two of any other three bytes.
fn estimate(text: &str) -> u64 {
    let beyond = bytes::count(text, |byte| byte >= 0x80);
    (text.len() as u64 - beyond).div_ceil(4) + beyond * 2 / 9 + beyond / 9
}
