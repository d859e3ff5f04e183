//! Text to words: one pattern after another, each splitting what the one before left.

use super::pattern::Pattern;

/// The patterns of a pre-tokenizer, in order. Matches and what lies between them are words of
/// their own (`SplitDelimiterBehavior::Isolated`, tokenizers 0.23).
#[derive(Debug)]
pub(super) struct Splitter {
    stages: Vec<Pattern>,
}

/// Bounds of pieces on the way through the stages.
pub(super) type Pieces = Vec<(usize, usize)>;

impl Splitter {
    pub(super) fn new(stages: Vec<Pattern>) -> Self {
        Self { stages }
    }

    /// Calls `each` with the bounds of every word of `text[start..end]`, in order.
    pub(super) fn words(
        &self,
        text: &str,
        (start, end): (usize, usize),
        buffers: &mut (Pieces, Pieces),
        mut each: impl FnMut(usize, usize),
    ) {
        let Some((last, before)) = self.stages.split_last() else {
            return each(start, end);
        };
        if before.is_empty() {
            return isolate(last, &text[..end], start, each);
        }
        let (from, to) = buffers;
        from.clear();
        from.push((start, end));
        for stage in before {
            to.clear();
            for &(start, end) in from.iter() {
                isolate(stage, &text[..end], start, |start, end| to.push((start, end)));
            }
            std::mem::swap(from, to);
        }
        for &(start, end) in from.iter() {
            isolate(last, &text[..end], start, &mut each);
        }
    }
}

/// The matches of a pattern from `start` to the end of `text`, and the stretches between them.
#[inline]
fn isolate(pattern: &Pattern, text: &str, start: usize, mut each: impl FnMut(usize, usize)) {
    let (mut at, mut gap) = (start, start);
    while at < text.len() {
        if let Some(end) = pattern.end(text, at) {
            if gap < at {
                each(gap, at);
            }
            each(at, end);
            (at, gap) = (end, end);
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    if gap < at {
        each(gap, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::tokenizer::fast::pattern::property;

    fn words(stages: Vec<Pattern>, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        Splitter::new(stages).words(text, (0, text.len()), &mut Default::default(), |start, end| {
            found.push(text[start..end].to_owned());
        });
        found
    }

    #[test]
    fn gaps_are_words() {
        let letters = || Pattern::new(r"\p{L}+").expect("a pattern");
        assert_eq!(words(vec![letters()], "..ab é!"), ["..", "ab", " ", "é", "!"]);
        let digits = Pattern::runs(&property(r"\p{N}").expect("a class"), false).expect("a pattern");
        assert_eq!(words(vec![digits, letters()], "a12b "), ["a", "1", "2", "b", " "]);
        assert_eq!(words(vec![], "a b"), ["a b"]);
    }

    #[test]
    fn a_range_ends_where_it_is_told() {
        let spaces = Pattern::new(r"a|\s+(?!\S)|\s+").expect("a pattern");
        let mut found = Vec::new();
        // The white space is at the end of the range, whatever stands behind it.
        Splitter::new(vec![spaces]).words("a  b", (0, 3), &mut Default::default(), |start, end| {
            found.push((start, end));
        });
        assert_eq!(found, [(0, 1), (1, 3)]);
    }
}
