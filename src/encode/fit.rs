//! Truncation.

use crate::model::encoded::Encoded;

/// Keeps the first `limit` tokens, and remembers what was there.
pub fn keep_start(out: &mut Encoded, limit: Option<usize>) {
    out.full_len = out.input_ids.len();
    out.full_trained = out.trained();
    if let Some(limit) = limit.filter(|limit| *limit < out.full_len) {
        out.input_ids.truncate(limit);
        out.labels.truncate(limit);
        out.offsets.truncate(limit);
        out.answer_lost = out.full_trained > 0 && out.trained() == 0;
    }
}
