//! Cutting a question and its answer to a budget.
//!
//! Source: `infer_seqlen` of `data/processor/processor_utils.py` (0.9.5).

/// Tokens kept of a question and of its answer, each from its start.
///
/// A short answer leaves all the cutting to the question, a short question to the answer; else
/// both give in proportion, whatever that leaves of the answer.
pub(super) fn infer_seqlen(source: usize, target: usize, cutoff: usize) -> (usize, usize) {
    let most = if target * 2 < cutoff {
        cutoff
    } else if source * 2 < cutoff {
        cutoff - source
    } else {
        share(cutoff, target, source + target)
    };
    let target = most.min(target);
    let source = source.min(cutoff.saturating_sub(target));
    (source, target)
}

/// `int(cutoff * (target / total))`, with Python's floats.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Python computes it in floats, and lengths are far below 2^52"
)]
fn share(cutoff: usize, target: usize, total: usize) -> usize {
    (cutoff as f64 * (target as f64 / total.max(1) as f64)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_is_cut_first() {
        assert_eq!(infer_seqlen(10, 10, 64), (10, 10));
        assert_eq!(infer_seqlen(100, 10, 64), (54, 10));
        assert_eq!(infer_seqlen(10, 100, 64), (10, 54));
    }

    #[test]
    fn two_long_sides_are_cut_in_proportion() {
        assert_eq!(infer_seqlen(100, 100, 64), (32, 32));
        assert_eq!(infer_seqlen(300, 100, 64), (48, 16));
        // 10 * (7 / 10) is below 7 in floats.
        assert_eq!(infer_seqlen(49, 51, 100), (49, 51));
    }
}
