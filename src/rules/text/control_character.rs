use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::row::Chars;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Texts with control characters that no text has: NUL, escape, backspace, the C1 controls; and the tab or form feed that
    /// `\theta` or `\frac` of LaTeX became.
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
    /// Remove the characters, or write LaTeX in raw strings. Other tabs, line feeds and carriage returns are fine.
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
        let Some(example) = row.example else { return };
        let may = row.chars.control() || row.chars.unseen();
        for turn in &example.turns {
            let stray = may.then(|| first(&turn.text, row.chars)).flatten();
            if let Some((at, found)) = stray.or_else(|| Some((eaten(&turn.text)?, '\t'))) {
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
            // `\frac` is one of LaTeX.
            let of_formula = c == '\u{0C}' && text[at + 1..].starts_with("rac{");
            of_formula || matches!(c, '\u{0C}' | '\u{85}') && letters(around.0) && letters(around.1)
        };
        text.char_indices().find(|c| found(c) || inside(*c))
    } else {
        None
    }
}

/// The tab that `\t` of a LaTeX command became: `$<TAB>heta$`, `2<TAB>imes 3`.
fn eaten(text: &str) -> Option<usize> {
    const COMMANDS: [&str; 5] = ["heta", "imes", "ext{", "frac{", "herefore"];
    memchr::memchr_iter(b'\t', text.as_bytes()).find(|at| {
        let rest = &text[at + 1..];
        let command = COMMANDS.iter().find(|command| rest.starts_with(**command));
        command.is_some_and(|command| {
            !rest[command.len()..].starts_with(|c: char| c.is_alphabetic() && !command.ends_with('{'))
        })
    })
}

fn is_stray(c: char) -> bool {
    // U+0085 is a line break of mainframes, and form feeds part the pages of plain texts; no words.
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{0C}' | '\u{85}')
}
