use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::stretches::end;

rule_meta! {
    /// ## What it finds
    /// Texts, and rows tokenised before, that are trained to their last token, and that is no special one.
    ///
    /// ## Why it matters
    /// Nothing says that the text is over: the model never learns to stop, and rows that are packed run into each
    /// other. Chat templates and most trainers append an end token; a script that tokenises texts by itself, and
    /// TRL up to 0.19 for `text`, do not. Parts of longer documents end so by right.
    ///
    /// ## Example
    /// ```jsonl --trainer transformers --set tokenize.mode=text --set collator=lm
    /// {"text": "Question: 2+2? Answer: 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer transformers --set tokenize.mode=text --set tokenize.append_eos=true --set collator=lm
    /// {"text": "Question: 2+2? Answer: 4"}
    /// ```
    ///
    /// ## Fix
    /// Append `tokenizer.eos_token` to each text, or its id to each row of tokens.
    "mask/end-missing", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndMissing {}

impl Rule for EndMissing {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        let limit = row.setup.max_length.as_ref().map_or(usize::MAX, |limit| limit.value);
        let bare = matches!(example.shape, Shape::Text | Shape::Tokenised);
        for encoded in row.encoded.iter().filter(|_| bare) {
            // What fills its length may have been cut before.
            let may_be_cut = encoded.cut() > 0 || encoded.len() >= limit;
            if may_be_cut || encoded.dropped.is_some() || encoded.trained() == 0 || end(encoded, facts).is_some() {
                continue;
            }
            let eos = facts
                .eos
                .as_ref()
                .map_or_else(String::new, |eos| format!(", nor the end token `{}`", eos.text));
            out.row(&row.place, || format!("no special token stands at the end{eos}"));
        }
    }
}
