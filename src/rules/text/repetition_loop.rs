use memchr::memmem;
use serde::Deserialize;

use super::parts::again::{again, last_character, last_line, last_word};
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers and texts that end by repeating, or repeat inside, the same words, or one letter, over and over: words
    /// ten times, phrases and lines of a list that differ by their number eight times at the end.
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
    /// Repeats at the end of the text, or inside it; of phrases at its end eight tenths of them.
    repeats: usize,
    /// Bytes of the text they take up, of phrases at its end three quarters of them, and half as many again inside it;
    /// of one character alone, how often it stands there, of an emoji a quarter.
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
const STRIDE: usize = 128;
const WINDOW: usize = 256;

impl RepetitionLoop {
    /// Repeats of a phrase, and the bytes they take up.
    fn of_phrases(&self) -> (usize, usize) {
        (self.repeats - self.repeats / 5, self.bytes - self.bytes / 4)
    }

    /// What the text ends with, and how often.
    fn tail<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let text = text.trim_end();
        let bytes = text.as_bytes();
        let (phrases, of_phrases) = self.of_phrases();
        if bytes.len() < of_phrases.max(2 * END) {
            return last_word(text, self.repeats);
        }
        // The end stands one period before itself, so its last place but one gives the period.
        let end = &bytes[bytes.len() - END..];
        let longest = LONGEST.min((bytes.len() + 1) / phrases.max(1));
        let from = bytes.len().saturating_sub(longest + END);
        let before = memmem::rfind(&bytes[from..bytes.len() - 1], end)? + from;
        let period = bytes.len() - END - before;
        let same = bytes.iter().rev().zip(bytes[..bytes.len() - period].iter().rev());
        let length = period + same.take_while(|(byte, earlier)| byte == earlier).count();
        // The blank behind the last is trimmed away.
        let times = (length + 1) / period;
        let start = (bytes.len() - period..bytes.len()).find(|at| text.is_char_boundary(*at))?;
        let piece = &text[start..];
        // Rules, dots and spaces are drawn, not said; and a short piece is a sound: aaaah, haha.
        let letters = piece.chars().filter(|c| c.is_alphabetic()).count();
        let said = letters >= 3 || letters == 2 && 2 * length >= 3 * self.bytes;
        let is_phrase =
            letters >= 10 && piece.trim().contains(' ') || piece.chars().filter(|c| *c > '\u{2E7F}').count() >= 5;
        let often = times >= self.repeats && length >= self.bytes;
        (said && (often || is_phrase && times >= phrases && length >= of_phrases)).then_some((piece, times))
    }
}

impl RepetitionLoop {
    /// What a text repeats somewhere inside, at half again the length that counts at its end, and how often.
    fn middle<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let bytes = text.as_bytes();
        let least = (self.bytes + self.bytes / 2).max(2 * STRIDE);
        if bytes.len() < least {
            return None;
        }
        // A loop of that length covers one of the places looked at, and its period stands behind it.
        let mut done = 0;
        (0..bytes.len() - 2 * STRIDE).step_by(STRIDE).find_map(|at| {
            if at < done {
                return None;
            }
            let piece = &bytes[at..at + END];
            let window = &bytes[at + 1..bytes.len().min(at + WINDOW)];
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
                .or_else(|| last_line(text, self.of_phrases()))
                .or_else(|| last_character(text, self.bytes))
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
    fn phrases_are_loops_sooner_than_words() {
        let rule = RepetitionLoop::default();
        let tail = |text: &str| rule.tail(text).map(|(_, times)| times);
        assert_eq!(tail(&"Please ask your dealer for it. ".repeat(8)), Some(8));
        assert_eq!(tail(&"Please ask your dealer for it. ".repeat(7)), None);
        assert_eq!(tail(&"是这样的，我们再来看一遍。".repeat(8)), Some(8));
    }
}
