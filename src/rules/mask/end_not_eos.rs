use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::stretch::is_trained;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::stretches::{end, last_answer};

rule_meta! {
    /// ## What it finds
    /// Sets whose answers are trained to end in a token at which the model does not stop when it generates.
    ///
    /// ## Why it matters
    /// A base model stops at its own end token (`generation_config.json`, or `config.json` where there is none). Trained
    /// with a chat template that ends turns in another, it learns to write that one, and `generate` goes on past it:
    /// the loss looks healthy and the model never stops.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/base --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/disagrees --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Make it the EOS (`eos_token` in TRL, `special_tokens.eos_token` in axolotl, `tokenizer.eos_token = …` in a
    /// script), and add its id to `eos_token_id` in generation_config.json, which may list several.
    "mask/end-not-eos", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndNotEos {}

impl Rule for EndNotEos {
    const META: RuleMeta = META;
    /// How many sequences end in each special token.
    type State = BTreeMap<u32, u64>;

    fn check(&self, row: &Row<'_>, ends: &mut Self::State, _: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        for encoded in row.encoded {
            let special = |token: &usize| facts.special(encoded.input_ids[*token]).is_some();
            let found = match last_answer(encoded, example) {
                Some((_, mut after)) => after.find(special),
                None => end(encoded, facts),
            };
            if let Some(token) = found.filter(|token| is_trained(encoded, *token)) {
                *ends.entry(encoded.input_ids[token]).or_default() += 1;
            }
        }
    }

    fn finish(&self, ends: Self::State, setup: &Setup, out: &mut Findings) {
        let Some(facts) = &setup.tokenizer else { return };
        let (file, stops) = facts.stops();
        let all: u64 = ends.values().sum();
        let Some((id, times)) = ends.iter().max_by_key(|(id, times)| (**times, std::cmp::Reverse(**id))) else {
            return;
        };
        // Where nobody says at what the model stops, nothing is known.
        if stops.is_empty() || stops.contains(id) {
            return;
        }
        let text = facts.special(*id).unwrap_or_default();
        let eos = facts.eos.as_ref().filter(|eos| eos.id != Some(*id));
        let eos = eos.map_or_else(String::new, |eos| {
            format!(", and the tokenizer's EOS is `{}`", eos.text)
        });
        let stops: Vec<String> = stops.iter().map(u32::to_string).collect();
        out.set(format!(
            "{times} of {all} sequences are trained to end in `{text}` (id {id}); {file} stops at {}{eos}",
            stops.join(", ")
        ));
    }
}
