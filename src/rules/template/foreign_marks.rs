use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::marks;
use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Sets whose template, or whose texts where no template is applied, write the marks of another family of models
    /// (`<|im_start|>`, `<|start_header_id|>`, `[INST]`): tokens of its tokenizer, which this one splits in pieces.
    ///
    /// ## Why it matters
    /// The model has never seen these pieces as a mark. Each turn costs a dozen tokens more, nothing holds the turns apart
    /// that could not stand in a text as well, and whoever serves the model with its own template asks it otherwise than it
    /// was trained.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"text": "<|start_header_id|>user<|end_header_id|>\n\n2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n4<|eot_id|>"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"text": "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"}
    /// ```
    ///
    /// ## Fix
    /// Use the model's own template (`template` of its family in LLaMA-Factory, `chat_template: tokenizer_default` in
    /// axolotl, none given in TRL), or render the texts again with it. Where another is wanted, add its marks as tokens
    /// (`tokens` in axolotl, `add_special_tokens` in LLaMA-Factory) and train the embeddings.
    "template/foreign-marks", Warning, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForeignMarks {}

/// Rows encoded, those that hold marks in pieces, and by mark how many do.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    split: u64,
    /// Those of them whose text brings the marks.
    texts: u64,
    marks: BTreeMap<String, u64>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.split += other.split;
        self.texts += other.texts;
        for (mark, rows) in other.marks {
            *self.marks.entry(mark).or_default() += rows;
        }
    }
}

impl Rule for ForeignMarks {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        let Some(encoded) = row.encoded.first().filter(|encoded| !encoded.text.is_empty()) else {
            return;
        };
        seen.rows += 1;
        let templated = example.conversational || example.shape == Shape::Alpaca;
        let mut split = marks::split(encoded, facts, encoded.template_pieces());
        // A prompt of one's own around a task may be set in brackets.
        let trainer = row.setup.trainer.as_deref().unwrap_or_default();
        if example.shape == Shape::Alpaca && !trainer.starts_with("llama-factory") {
            split.retain(|mark| !mark.starts_with('['));
        }
        if split.is_empty() && !templated {
            split = marks::split(encoded, facts, vec![(&encoded.text, 0)]);
            seen.texts += u64::from(!split.is_empty());
        }
        seen.split += u64::from(!split.is_empty());
        for mark in split {
            *seen.marks.entry(mark.to_owned()).or_default() += 1;
        }
    }

    fn finish(&self, seen: Seen, setup: &Setup, out: &mut Findings) {
        if seen.split * 2 <= seen.rows {
            return;
        }
        let mut marks: Vec<(&String, &u64)> = seen.marks.iter().collect();
        marks.sort_by_key(|(mark, rows)| (std::cmp::Reverse(**rows), *mark));
        let named: Vec<String> = marks.iter().take(3).map(|(mark, _)| format!("`{mark}`")).collect();
        let more = marks.len().saturating_sub(3);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let who = if seen.texts * 2 > seen.split {
            "the texts bring"
        } else {
            "the template writes"
        };
        let own = setup.tokenizer.as_ref().and_then(|facts| facts.eos.as_ref());
        let own = own.map_or_else(String::new, |eos| format!(", whose end is `{}`", eos.text));
        let rows = plural(seen.split, "row");
        out.set(format!(
            "{who} {}{more}, which are no tokens of this tokenizer{own}, and are split in pieces: in {rows}",
            named.join(", ")
        ));
    }
}
