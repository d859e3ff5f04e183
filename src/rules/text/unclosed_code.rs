use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers with a block of code that never ends: a fence (three backticks or tildes) is opened, and no fence as long
    /// closes it.
    ///
    /// ## Why it matters
    /// The answer was cut when it was made, most often by a limit of tokens. The model learns to stop in the middle of
    /// the code.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Print one to three.", "completion": "Like this:\n```python\nfor n in range(1, 4):\n    print(n"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Print one to three.", "completion": "Like this:\n```python\nfor n in range(1, 4):\n    print(n)\n```"}
    /// ```
    ///
    /// ## Fix
    /// Make the answer again with a larger limit, or leave the row out.
    "text/unclosed-code", Note, above 0.02 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnclosedCode {}

/// What blocks of code begin with.
static FENCES: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["```", "~~~"].map(Finder::new));

impl Rule for UnclosedCode {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        // Text that nobody says may be a piece of a document.
        for turn in turns::taught(example) {
            if let Some(line) = left_open(&turn.text) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let all = turn.text.lines().count();
                        format!("the block of code that begins in line {line} of {all} does not end")
                    },
                );
            }
        }
    }
}

/// The line in which a block of code begins that does not end (CommonMark 0.31, 4.5).
fn left_open(text: &str) -> Option<usize> {
    FENCES.iter().find(|fence| fence.find(text.as_bytes()).is_some())?;
    let mut open: Option<(usize, char, usize)> = None;
    let mut blank = true;
    for (number, line) in (1..).zip(text.lines()) {
        let after_text = !std::mem::replace(&mut blank, line.trim().is_empty());
        let line = line.trim_start();
        let Some(sign) = line.chars().next().filter(|sign| matches!(sign, '`' | '~')) else {
            continue;
        };
        let rest = line.trim_start_matches(sign);
        let length = line.len() - rest.len();
        open = match open {
            Some((_, opened, least)) if opened == sign && length >= least && rest.trim().is_empty() => None,
            // A line of tildes below a line of text underlines a title.
            None if sign == '~' && after_text && rest.trim().is_empty() => None,
            None if length >= 3 && !(sign == '`' && rest.contains('`')) => Some((number, sign, length)),
            open => open,
        };
    }
    open.map(|(number, ..)| number)
}

#[cfg(test)]
mod tests {
    use super::left_open;

    #[test]
    fn a_block_ends_with_a_fence_as_long() {
        assert_eq!(left_open("a\n```py\nx\n```\nb"), None);
        assert_eq!(left_open("a\n```py\nx\n"), Some(2));
        assert_eq!(left_open("````md\n```py\nx\n```\n````"), None);
        assert_eq!(left_open("```\nx\n```\n```\ny"), Some(4));
        assert_eq!(left_open("1. so:\n   ```sh\n   ls\n   ```"), None);
        assert_eq!(left_open("use ``` or ```x``` for code"), None);
        assert_eq!(left_open("```x = 1```"), None);
        assert_eq!(left_open("~~~\n```\n~~~"), None);
        assert_eq!(left_open("A title\n~~~~~~~\nand more"), None);
        assert_eq!(left_open("so:\n\n~~~\nx"), Some(3));
    }
}
