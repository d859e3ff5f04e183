use memchr::memmem;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Answers and texts that end by repeating the same words, or one letter, over and over.
    ///
    /// ## Why it matters
    /// So ends a model that lost its thread. A model trained on it learns to do the same, and to run into the
    /// length limit.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Tell me about tides."}, {"role": "assistant", "content": "The tide rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. It falls and then it rises. "}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Tell me about tides."}, {"role": "assistant", "content": "The tide rises. It falls and then it rises."}]}
    /// ```
    ///
    /// ## Fix
    /// Cut the answer where the loop begins, or remove the row. Where repetition was asked for, set `repeats`
    /// higher.
    "text/repetition-loop", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RepetitionLoop {
    /// Repeats at the end of the text.
    repeats: usize,
    /// Bytes of the text they take up; of one character alone, how often it stands there.
    bytes: usize,
}

impl Default for RepetitionLoop {
    fn default() -> Self {
        Self {
            repeats: 10,
            bytes: 200,
        }
    }
}

/// The longest piece whose repetition is looked for, in bytes.
const LONGEST: usize = 600;
/// The end of the text, which is looked for before it.
const END: usize = 12;

impl RepetitionLoop {
    /// What the text ends with, and how often.
    fn tail<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let text = text.trim_end();
        let bytes = text.as_bytes();
        if bytes.len() < self.bytes.max(2 * END) {
            return None;
        }
        // The end stands one period before itself, so its last place but one gives the period.
        let end = &bytes[bytes.len() - END..];
        let longest = LONGEST.min(bytes.len() / self.repeats.max(1));
        let from = bytes.len().saturating_sub(longest + END);
        let before = memmem::rfind(&bytes[from..bytes.len() - 1], end)? + from;
        let period = bytes.len() - END - before;
        let same = bytes.iter().rev().zip(bytes[..bytes.len() - period].iter().rev());
        let length = period + same.take_while(|(byte, earlier)| byte == earlier).count();
        let times = length / period;
        let start = (bytes.len() - period..bytes.len()).find(|at| text.is_char_boundary(*at))?;
        let piece = &text[start..];
        // Rules, dots and spaces are drawn, not said; and a short piece is a sound: aaaah, haha.
        let said = piece.chars().filter(|c| c.is_alphabetic()).count() >= 3;
        (said && length >= self.bytes && times >= self.repeats).then_some((piece, times))
    }
}

impl RepetitionLoop {
    /// The one character the text ends with, if that many times that no sound is as long.
    fn run<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let last = text.chars().next_back()?;
        // Rules, dots and boxes are drawn.
        let said = last.is_alphabetic() || last == '\n' || matches!(last, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..);
        if !said || text.len() < self.bytes {
            return None;
        }
        let times = text.chars().rev().take_while(|c| *c == last).count();
        let piece = if last == '\n' {
            "\\n"
        } else {
            &text[text.len() - last.len_utf8()..]
        };
        (times >= self.bytes).then_some((piece, times))
    }
}

impl Rule for RepetitionLoop {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        // What was rejected is not taught.
        let said =
            |turn: &&Turn<'_>| matches!(turn.role, Role::Assistant | Role::Text) && turn.branch != Branch::Rejected;
        for turn in example.turns.iter().filter(said) {
            if let Some((repeated, times)) = self.tail(&turn.text).or_else(|| self.run(&turn.text)) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("ends with {times} times `{}`", clip(repeated)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RepetitionLoop;

    #[test]
    fn one_character_over_and_over_is_a_loop() {
        let run = |text: String| {
            RepetitionLoop::default()
                .run(&text)
                .map(|(piece, times)| (piece.to_owned(), times))
        };
        let found = |piece: &str, times| Some((piece.to_owned(), times));
        assert_eq!(run(format!("so {}", "a".repeat(800))), found("a", 800));
        assert_eq!(run(format!("so {}", "\u{54C8}".repeat(300))), found("\u{54C8}", 300));
        assert_eq!(run(format!("so {}", "\u{1F602}".repeat(200))), found("\u{1F602}", 200));
        assert_eq!(run(format!("so {}", "\n".repeat(300))), found("\\n", 300));
        // Drawn, or a cry.
        assert_eq!(run("-".repeat(500)), None);
        assert_eq!(run("\u{2500}".repeat(500)), None);
        assert_eq!(run(format!("so {}", "a".repeat(150))), None);
    }
}
