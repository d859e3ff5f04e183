use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::row::Chars;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts with control characters that no text has: NUL, escape, backspace, the C1 controls.
    ///
    /// ## Why it matters
    /// They are left over from terminals, PDFs and broken conversions. Tokenizers spend rare tokens on them,
    /// some stop at NUL, and a terminal that shows them may do as it is told.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a bell\u0007 rings"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a bell rings"}
    /// ```
    ///
    /// ## Fix
    /// Remove the characters. Tab, line feed and carriage return are fine.
    "text/control-character", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ControlCharacter {}

impl Rule for ControlCharacter {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.control() || row.chars.unseen()) else {
            return;
        };
        for turn in &example.turns {
            if let Some((at, found)) = first(&turn.text, row.chars) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let all = turn.text.chars().filter(|c| is_stray(*c) || *c == found).count();
                        let code = u32::from(found);
                        let all = plural(all as u64, "control character");
                        format!("{all}, first U+{code:04X} in `{}`", super::around(&turn.text, at))
                    },
                );
            }
        }
    }
}

fn first(text: &str, kinds: Chars) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    // C1 controls are C2 80 to C2 9F, and C2 also leads signs as usual as £ and °.
    let upper = || memchr::memchr_iter(0xC2, bytes).find(|at| bytes.get(at + 1).is_some_and(|byte| *byte < 0xA0));
    let found = |c: &(usize, char)| is_stray(c.1);
    if kinds.control() || (kinds.unseen() && upper().is_some()) {
        let inside = |(at, c): (usize, char)| {
            let around = (text[..at].chars().next_back(), text[at + c.len_utf8()..].chars().next());
            let letters = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            matches!(c, '\u{0C}' | '\u{85}') && letters(around.0) && letters(around.1)
        };
        text.char_indices().find(|c| found(c) || inside(*c))
    } else {
        None
    }
}

fn is_stray(c: char) -> bool {
    // U+0085 is a line break of mainframes, and form feeds part the pages of plain texts; no words.
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{0C}' | '\u{85}')
}
