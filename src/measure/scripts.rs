//! Which writing systems the texts use, by their letters.

use serde::{Deserialize, Serialize};

use crate::sketch::Merge;
use crate::text::{SCRIPTS, ascii_run, ideographs, script};

use super::bytes;

/// Letters seen, by script. Digits, punctuation and symbols belong to no script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScriptCounts([u64; SCRIPTS.len()]);

impl ScriptCounts {
    pub(super) fn add(&mut self, text: &str) {
        self.0[0] += bytes::count(text, |byte| byte.is_ascii_alphabetic());
        if text.is_ascii() {
            return;
        }
        let mut at = 0;
        loop {
            at += ascii_run(&text.as_bytes()[at..]);
            // All of them are letters, and the tables of letters are slow to look into.
            let length = ideographs(&text.as_bytes()[at..]);
            self.0[script('\u{4E00}')] += (length / 3) as u64;
            at += length;
            match text[at..].chars().next() {
                Some(c) if length == 0 => {
                    self.0[script(c)] += u64::from(!c.is_ascii() && c.is_alphabetic());
                    at += c.len_utf8();
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.0
    }
}

impl Merge for ScriptCounts {
    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_count_and_digits_do_not() {
        let mut counts = ScriptCounts::default();
        counts.add("Ab 12, привет 你好 カナ é");
        assert_eq!(counts.counts()[..5], [3, 6, 0, 2, 2]);
    }
}
