//! Truncation.

use crate::model::encoded::Encoded;

/// Keeps the first `limit` tokens, and remembers what was there.
pub fn keep_start(out: &mut Encoded, limit: Option<usize>) {
    cut(out, limit, |out, limit| {
        out.input_ids.truncate(limit);
        out.labels.truncate(limit);
        out.offsets.truncate(limit);
    });
}

/// Keeps the last `limit` tokens. As Python's `[-n:]` does, 0 keeps all.
pub fn keep_end(out: &mut Encoded, limit: Option<usize>) {
    cut(out, limit.filter(|limit| *limit > 0), |out, limit| {
        let start = out.full_len - limit;
        out.input_ids.drain(..start);
        out.labels.drain(..start);
        out.offsets.drain(..start.min(out.offsets.len()));
    });
}

fn cut(out: &mut Encoded, limit: Option<usize>, cut: impl FnOnce(&mut Encoded, usize)) {
    out.full_len = out.input_ids.len();
    out.full_trained = out.trained();
    if let Some(limit) = limit.filter(|limit| *limit < out.full_len) {
        cut(out, limit);
        out.answer_lost = out.full_trained > 0 && out.trained() == 0;
    }
}
