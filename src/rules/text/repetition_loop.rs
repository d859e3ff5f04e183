use memchr::memmem;
use serde::Deserialize;

use super::parts::again::{again, last_word};
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers and texts that end by repeating, or repeat inside, the same words, or one letter, over and over.
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
    /// Repeats at the end of the text, or inside it.
    repeats: usize,
    /// Bytes of the text they take up, twice as many inside it; of one character alone, how often it stands there.
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
/// Bytes between the places at which a loop inside a text is looked for, and the longest period there.
const STRIDE: usize = 256;

impl RepetitionLoop {
    /// What the text ends with, and how often.
    fn tail<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let text = text.trim_end();
        let bytes = text.as_bytes();
        if bytes.len() < self.bytes.max(2 * END) {
            return last_word(text, self.repeats);
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
        let letters = piece.chars().filter(|c| c.is_alphabetic()).count();
        let said = letters >= 3 || letters == 2 && length >= 2 * self.bytes;
        (said && length >= self.bytes && times >= self.repeats).then_some((piece, times))
    }
}

impl RepetitionLoop {
    /// What a text repeats somewhere inside, at twice the length that counts at its end, and how often.
    fn middle<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let bytes = text.as_bytes();
        let least = 2 * self.bytes.max(STRIDE);
        if bytes.len() < least {
            return None;
        }
        // A loop of that length covers one of the places looked at, and its period stands behind it.
        let mut done = 0;
        (0..bytes.len() - STRIDE).step_by(STRIDE).find_map(|at| {
            if at < done {
                return None;
            }
            let piece = &bytes[at..at + END];
            let window = &bytes[at + 1..bytes.len().min(at + STRIDE)];
            let period = again(window, piece)? + 1;
            let (early, late) = (&bytes[..bytes.len() - period], &bytes[period..]);
            let same = |(one, other): (&u8, &u8)| one == other;
            let after = early[at..]
                .iter()
                .zip(&late[at..])
                .take_while(|pair| same(*pair))
                .count();
            let before = early[..at].iter().rev().zip(late[..at].iter().rev());
            let before = before.take_while(|pair| same(*pair)).count();
            // The same run is not gone through again.
            done = at + after;
            let length = before + after + period;
            let start = text.ceil_char_boundary(at);
            let piece = &text[start..text.floor_char_boundary(start + period)];
            let letters = |is: fn(char) -> bool| piece.chars().filter(|c| is(*c)).count() >= 3;
            let said = letters(char::is_alphabetic) && (piece.contains(' ') || letters(|c| c > '\u{2E7F}'));
            (said && length >= least && length / period >= self.repeats).then_some((piece, length / period))
        })
    }

    /// The one character the text ends with, if that many times that no sound is as long.
    fn run<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let last = text.chars().next_back()?;
        // Rules, dots and boxes are drawn.
        let said = last.is_alphabetic()
            || matches!(last, '\n' | '!' | '?' | '！' | '？' | '\u{2600}'..='\u{27BF}' | '\u{1F000}'..);
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
        for turn in turns::written(example) {
            let text = turn.text.as_ref();
            let ends = self
                .tail(text)
                .or_else(|| self.run(text))
                .map(|found| ("ends with", found));
            let found = ends.or_else(|| Some(("has", self.middle(text)?)));
            if let Some((where_at, (repeated, times))) = found {
                let message = || format!("{where_at} {times} times `{}`", clip(repeated));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RepetitionLoop;

    #[test]
    fn a_loop_inside_a_text_is_found() {
        let middle = |text: &str| RepetitionLoop::default().middle(text).map(|(_, times)| times);
        let looped = format!(
            "Dogs are loyal. {}And they sleep well.",
            "They like to run. ".repeat(40)
        );
        assert_eq!(middle(&looped), Some(40));
        let looped = format!("狗很忠诚。{}它们睡得好。", "它们喜欢在公园里跑。".repeat(30));
        assert_eq!(middle(&looped), Some(30));
        let listed: String = (0..60).map(|n| format!("row {n} of the table\n")).collect();
        assert_eq!(middle(&listed), None);
        assert_eq!(middle(&format!("a {} b", "----- ".repeat(200))), None);
    }

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
