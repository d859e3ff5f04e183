//! What the last line of an answer begins with, where that is the form of a set: `#### 18`, `Answer: B`, `[Source: …]`.

/// Letters before a colon beyond which it is a sentence with a colon, and no heading.
const HEADING: usize = 24;

/// What a text's last line begins with, if it may be a mark: the word of TeX for the final answer wherever it stands in
/// the line, signs, a heading up to its colon, an open bracket with its word, or two words of a line with others above it.
pub(in super::super) fn last_mark(said: &str) -> Option<&str> {
    let start = said.rfind('\n').map_or(0, |at| at + 1);
    let line = said[start..].trim_start();
    if let Some(at) = line.find("\\boxed") {
        return Some(&line[at..at + "\\boxed".len()]);
    }
    let mut words = line.split(' ');
    let first = words.next()?;
    if first.len() > 1 && first.bytes().all(|byte| byte.is_ascii_punctuation()) {
        return Some(first);
    }
    if first.starts_with(['[', '<', '【', '（']) {
        let end = first.find([']', '>', '】', '）', '=']).unwrap_or(first.len());
        return Some(&first[..end]);
    }
    let heading = line.char_indices().take(HEADING).find(|(_, c)| matches!(c, ':' | '：'));
    if let Some((at, colon)) = heading {
        return Some(&line[..at + colon.len_utf8()]);
    }
    let second = words.next().filter(|_| start > 0 && words.next().is_some())?;
    Some(&line[..first.len() + 1 + second.len()])
}

/// Whether a text ends with a sign at which a sentence, a quotation, a list or code may end.
pub(in super::super) fn is_stopped(said: &str) -> bool {
    said.ends_with(|c: char| !c.is_alphanumeric() && !matches!(c, ',' | '，' | '、' | '-' | '—' | '/' | '(' | '（'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_last_lines() {
        for (said, mark) in [
            ("3 + 4 = 7\n#### 7", Some("####")),
            ("So it is $\\boxed{7}$.", Some("\\boxed")),
            ("Answer: B", Some("Answer:")),
            ("因为。\n答案：乙", Some("答案：")),
            ("It is.\n[Source : a.pdf]", Some("[Source")),
            ("<answer>7</answer>", Some("<answer")),
            ("It is so.\nThe answer is 7.", Some("The answer")),
            ("The answer is 7.", None),
            ("seven", None),
            ("A sentence that has its colon late: so", None),
            ("", None),
        ] {
            assert_eq!(last_mark(said), mark, "{said}");
        }
    }

    #[test]
    fn ends_of_sentences() {
        for said in ["It is.", "是。", "(so)", "`x`", "“so”", "- a\n- b!"] {
            assert!(is_stopped(said), "{said}");
        }
        for said in ["It is", "是", "so,", "(", "7"] {
            assert!(!is_stopped(said), "{said}");
        }
    }
}
