//! `train_on_responses_only`'s arguments, and how rows are tokenised before it.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::trainer::transformers::tokenize;

/// What a script chooses.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The markers; both found from the chat template where neither is given.
    pub instruction_part: Option<String>,
    pub response_part: Option<String>,
    /// Whether a marker's ids are those of its text alone.
    pub force_match: bool,
    /// Whether only the last answer of a row is trained.
    pub last_response_only: bool,
    /// Tokens that are never trained: a text, or a list of them.
    pub mask_out_tokens: Json,
    /// How rows are tokenised; by their columns where it is not said.
    pub tokenize: Option<tokenize::Options>,
    /// Tokens a row is cut to where `tokenize` is not said; unsloth's own `max_seq_length`.
    pub max_seq_length: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            instruction_part: None,
            response_part: None,
            force_match: true,
            last_response_only: false,
            mask_out_tokens: Json::Null,
            tokenize: None,
            max_seq_length: None,
        }
    }
}
