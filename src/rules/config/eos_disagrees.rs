use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A tokenizer whose EOS is not among the ids at which the model stops when it generates.
    ///
    /// ## Why it matters
    /// What is trained to end an answer does not end it in use: `generate` goes on past it, because
    /// `generation_config.json`, or `config.json` where there is none, names another id.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/disagrees
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write the EOS that is trained into generation_config.json (`eos_token_id` may list several), or train with the
    /// model's own.
    "config/eos-disagrees", Warning, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EosDisagrees {}

impl Rule for EosDisagrees {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(tokenizer) = &setup.tokenizer else { return };
        let Some((eos, id)) = tokenizer.eos.as_ref().and_then(|eos| Some((&eos.text, eos.id?))) else {
            return;
        };
        let (file, stops) = tokenizer.stops();
        if !stops.is_empty() && !stops.contains(&id) {
            let stops: Vec<String> = stops.iter().map(u32::to_string).collect();
            out.set(format!(
                "the EOS `{eos}` is id {id}, and {file} stops at {}",
                stops.join(", ")
            ));
        }
    }
}
