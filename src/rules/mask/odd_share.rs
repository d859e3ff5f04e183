use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::sketch::column::Column;

rule_meta! {
    /// ## What it finds
    /// Rows that train a far smaller or far larger share of their tokens than the set does.
    ///
    /// ## Why it matters
    /// A row of a hundred tokens in which two are trained, among rows that train half of theirs, is mostly one
    /// whose mask went wrong, or one that was pasted together differently.
    ///
    /// ## Example
    /// ```text
    /// a row that trains 0.4 % of its tokens, in a set whose median row trains 60 %
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Look at the rows with `gonogo show`; nothing needs doing where they are meant so.
    "mask/odd-share", Note, needs [Tokenizer]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddShare {
    /// How many times smaller than the median's the share is, or that of the tokens not trained.
    times: f64,
    /// Rows below which no median is taken.
    rows: usize,
}

impl Default for OddShare {
    fn default() -> Self {
        Self { times: 50.0, rows: 100 }
    }
}

/// Trained tokens, tokens and line of each row; the line is 0 where there is none, or beyond 2^32.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Shares(Column<(u32, u32, u32)>);

impl Merge for Shares {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

/// Shares, in parts of a million so that they have an order.
fn share(part: u32, of: u32) -> u64 {
    u64::from(part) * 1_000_000 / u64::from(of.max(1))
}

impl Rule for OddShare {
    const META: RuleMeta = META;
    type State = Shares;

    fn check(&self, row: &Row<'_>, shares: &mut Shares, _: &mut Findings) {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if let [encoded] = row.encoded
            && encoded.trained() > 0
        {
            let tokens = encoded.len().saturating_sub(1);
            let line = u32::try_from(row.place.line).unwrap_or(0);
            shares
                .0
                .push(&row.place, (number(encoded.trained()), number(tokens), line));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shares are compared roughly")]
    fn finish(&self, Shares(mut shares): Shares, _: &Setup, out: &mut Findings) {
        if shares.len() < self.rows {
            return;
        }
        shares.sort();
        let mut all: Vec<u64> = shares
            .iter()
            .map(|(_, _, (trained, tokens, _))| share(*trained, *tokens))
            .collect();
        all.sort_unstable();
        let median = all[all.len() / 2];
        // Where every token is trained, or next to none, no row can stand out.
        if !(10_000..=990_000).contains(&median) {
            return;
        }
        let percent = |share: u64| share as f64 / 10_000.0;
        for (source, number, (trained, tokens, line)) in shares.iter() {
            let own = share(*trained, *tokens);
            let few = (own as f64) < median as f64 / self.times;
            let many = ((1_000_000 - own) as f64) < (1_000_000 - median) as f64 / self.times;
            if few || (many && *tokens > 64) {
                let place = Place {
                    source,
                    row: number,
                    line: u64::from(*line),
                    ..Place::default()
                };
                out.row(&place, || {
                    format!(
                        "{trained} of {tokens} tokens are trained ({:.1} %), and {:.0} % in the median row",
                        percent(own),
                        percent(median)
                    )
                });
            }
        }
    }
}
