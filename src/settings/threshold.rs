//! How many rows a rule may find: `>0.5%`, `>20`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `>0.5%` of the rows, or `>20` rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Threshold {
    Share(f64),
    Rows(u64),
}

impl Threshold {
    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    pub fn exceeded(self, rows: u64, all: u64) -> bool {
        match self {
            Self::Share(share) => all > 0 && rows as f64 / all as f64 > share,
            Self::Rows(most) => rows > most,
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no threshold; write `>0.5%` or `>20`");
        let number = text.trim().strip_prefix('>').ok_or_else(wrong)?.trim();
        match number.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse::<f64>()
                .ok()
                // What is above no number never is, and a threshold that never counts is a mistake.
                .filter(|percent| percent.is_finite())
                .map(|percent| Self::Share(percent / 100.0))
                .ok_or_else(wrong),
            None => number.parse().map(Self::Rows).map_err(|_| wrong()),
        }
    }
}
