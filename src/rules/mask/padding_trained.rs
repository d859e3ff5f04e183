use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

use super::parts::given::Given;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows that end or begin with padding tokens that carry loss. A single one at the end of rows that
    /// are of all lengths, and not padded, is the end of a document.
    ///
    /// ## Why it matters
    /// The model learns to write padding, and the easy tokens pull the loss down.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [40, 41, 42, 258, 258, 258], "labels": [40, 41, 42, 258, 258, 258]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [40, 41, 42, 258, 258, 258], "labels": [40, 41, 42, -100, -100, -100]}
    /// {"input_ids": [40, 41, 42, 43, 258], "labels": [40, 41, 42, 43, 258]}
    /// ```
    ///
    /// ## Fix
    /// Set the labels of padding to -100, or leave padding to the collator.
    "mask/padding-trained", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddingTrained {}

/// What tells padding from the ends of documents.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    /// Rows that train padding which is no single token at the end.
    padded: u64,
    /// Least and most tokens of a row.
    lengths: Option<(u64, u64)>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.padded += other.padded;
        self.lengths = match (self.lengths, other.lengths) {
            (Some((least, most)), Some((lower, higher))) => Some((least.min(lower), most.max(higher))),
            (own, others) => own.or(others),
        };
    }
}

impl Rule for PaddingTrained {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, out: &mut Findings) {
        let facts = row.setup.tokenizer.as_ref();
        let Some(pad) = facts.and_then(|facts| facts.pad.as_ref()?.id) else {
            return;
        };
        let Some(given) = Given::of(row) else { return };
        let length = given.ids.len() as u64;
        seen.merge(Seen {
            rows: 1,
            padded: 0,
            lengths: Some((length, length)),
        });
        let is_pad = |id: &&i64| **id == i64::from(pad);
        let after = given.ids.iter().rev().take_while(is_pad).count();
        let before = given.ids.iter().take_while(is_pad).count();
        // The last of them may be the end of the text, where one token is both.
        let is_eos = facts.is_some_and(|facts| facts.eos.as_ref().is_some_and(|eos| eos.id == Some(pad)));
        let text = given.ids.len().saturating_sub(after) + usize::from(is_eos && after > 0);
        let padding = || given.trained().filter(|(at, ..)| *at >= text || *at < before);
        let Some((at, ..)) = padding().next() else { return };
        // Batches are padded.
        let single = after == 1 && before == 0 && row.dumped.is_none();
        seen.padded += u64::from(!single);
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || format!("{} padding tokens (id {pad}) carry loss", padding().count()),
        );
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        let of_one_length = seen.lengths.is_some_and(|(least, most)| least == most) && out.rows() < seen.rows;
        if seen.padded == 0 && !of_one_length {
            *out = Findings::default();
        }
    }
}
