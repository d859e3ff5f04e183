//! How alike two sets are.

/// Steps between looks at whether enough can be shared yet.
const STEPS: usize = 32;

/// How many elements sets of two sizes share at least if they are alike; `None` where the sizes are too different.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of rows"
)]
pub fn least_shared(left: usize, right: usize, threshold: f64) -> Option<usize> {
    let (small, large) = (left.min(right), left.max(right));
    if large == 0 || (small as f64) < threshold * large as f64 {
        return None;
    }
    // What a count decides, a hair lower: less than this is never enough.
    Some((threshold / (1.0 + threshold) * (left + right) as f64 - 1e-6).ceil() as usize)
}

/// Jaccard similarity of two sorted sets if it is at least `threshold`.
#[expect(clippy::cast_precision_loss, reason = "sizes of rows")]
pub fn similarity(left: &[u32], right: &[u32], threshold: f64) -> Option<f64> {
    let least = least_shared(left.len(), right.len(), threshold)?;
    let both = left.len() + right.len();
    let (mut at, mut other, mut shared) = (0, 0, 0);
    while at < left.len() && other < right.len() {
        let steps = STEPS.min(left.len() - at).min(right.len() - other);
        for _ in 0..steps {
            let (one, two) = (left[at], right[other]);
            shared += usize::from(one == two);
            at += usize::from(one <= two);
            other += usize::from(two <= one);
        }
        if shared + (left.len() - at).min(right.len() - other) < least {
            return None;
        }
    }
    let similarity = shared as f64 / (both - shared) as f64;
    (similarity >= threshold).then_some(similarity)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        fn it_is_what_counting_says(
            left in prop::collection::btree_set(0u32..200, 0..150),
            right in prop::collection::btree_set(0u32..200, 0..150),
            swapped in 0usize..20,
            threshold in 0.05f64..1.0,
        ) {
            let mut like = left.clone();
            for element in left.iter().take(swapped) {
                like.remove(element);
            }
            for other in [right, like] {
                let list = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<_>>();
                let shared = left.intersection(&other).count() as f64;
                let union = left.union(&other).count() as f64;
                let expected = (union > 0.0 && shared / union >= threshold).then(|| shared / union);
                prop_assert_eq!(similarity(&list(&left), &list(&other), threshold), expected);
            }
        }
    }

    #[test]
    fn similarity_is_that_of_jaccard() {
        assert_eq!(similarity(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.5), Some(0.6));
        assert_eq!(similarity(&[1, 2, 3, 4], &[2, 3, 4, 5], 0.7), None);
        assert_eq!(similarity(&[1], &[1], 1.0), Some(1.0));
        assert_eq!(similarity(&[], &[], 0.5), None);
    }
}
