use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with token ids that the model's embedding does not have.
    ///
    /// ## Why it matters
    /// The first batch with such a row stops with an index error, on a GPU as a device-side assert that names
    /// nothing. Tokens were added to the tokenizer and not to the model, or the rows were tokenised for
    /// another one.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [1, 2, 100000], "labels": [1, 2, 100000]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [1, 2, 3], "labels": [1, 2, 3]}
    /// ```
    ///
    /// ## Fix
    /// Resize the embedding (`model.resize_token_embeddings(len(tokenizer))`), or tokenise the rows again.
    "template/id-beyond-vocab", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdBeyondVocab {}

impl Rule for IdBeyondVocab {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(facts) = &row.setup.tokenizer else { return };
        let (size, whose) = match facts.model_vocab {
            Some(size) if facts.resized && size < facts.size => (facts.size, "the resized embedding"),
            Some(size) => (size, "the model's vocabulary"),
            None => (facts.size, "the tokenizer"),
        };
        // Those of rows tokenised before that are in no vocabulary stand as u32::MAX; `schema/bad-ids` names them.
        // One more than each, without a branch for any.
        let after = |ids: &[u32]| ids.iter().fold(0, |after: u32, id| after.max(id.wrapping_add(1)));
        let after = row.encoded.iter().map(|encoded| after(&encoded.input_ids)).max();
        if let Some(id) = after.unwrap_or_default().checked_sub(1)
            && id as usize >= size
        {
            out.row(&row.place, || format!("token id {id}, and {whose} has {size}"));
        }
    }

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let config = setup.config.as_ref();
        // The model is given more rows.
        if config.is_some_and(|config| config.on("resize_vocab").is_some()) {
            *out = Findings::default();
        }
    }
}
