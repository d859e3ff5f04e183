use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::text::Word;

use super::parts::labels::Labels;

rule_meta! {
    /// ## What it finds
    /// Sets that classify (up to 20 different short answers) whose prompts hold their own answer as a word,
    /// and not the others: in at least 80 % of the prompts, and by 50 points more often than the other
    /// answers. Prompts that list the choices hold all of them, and are left alone. Looked at are 1,000 rows,
    /// chosen by a hash of their prompts.
    ///
    /// ## Why it matters
    /// The model looks for the word. The classes are then learnt from the leak, not from the text.
    ///
    /// ## Example
    /// ```text
    /// 50 rows like these:
    /// {"prompt": "I loved it (good)", "completion": "good"}
    /// {"prompt": "a fine film (good)", "completion": "good"}
    /// {"prompt": "I left early (bad)", "completion": "bad"}
    /// {"prompt": "so long (bad)", "completion": "bad"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "I loved it: good or bad?", "completion": "good"}
    /// {"prompt": "a fine film: good or bad?", "completion": "good"}
    /// {"prompt": "I left early: good or bad?", "completion": "bad"}
    /// {"prompt": "so long: good or bad?", "completion": "bad"}
    /// ```
    ///
    /// ## Fix
    /// Look at a few rows for where the answer comes in: a title, a tag, a file name.
    "leak/label-in-prompt", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct LabelInPrompt {
    /// Smallest share of prompts that hold their own answer, 0 to 1.
    share: f64,
    /// By how much more often than the other answers.
    gain: f64,
    /// Fewest rows.
    rows: u64,
}

impl Default for LabelInPrompt {
    fn default() -> Self {
        Self {
            share: 0.8,
            gain: 0.5,
            rows: 50,
        }
    }
}

/// Prompts kept.
const KEPT: usize = 1000;
/// Words kept of a prompt, from its end.
const LONGEST: usize = 2000;

/// A prompt, by a hash that decides whether it is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Prompt {
    hash: u64,
    answer: Vec<u64>,
    words: Vec<u64>,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    labels: Labels,
    /// Those with the lowest hashes, whatever order they come in; unsorted until there are twice as many.
    prompts: Vec<Prompt>,
    /// No prompt with a higher hash will be kept.
    #[serde(skip)]
    highest: Option<u64>,
}

impl Seen {
    fn settle(&mut self) {
        self.prompts.sort_unstable();
        self.prompts.dedup();
        self.prompts.truncate(KEPT);
        self.highest = self.prompts.get(KEPT - 1).map(|prompt| prompt.hash);
    }
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.labels.merge(other.labels);
        self.prompts.extend(other.prompts);
        if self.labels.too_many() {
            self.prompts.clear();
        }
        self.settle();
    }
}

impl Rule for LabelInPrompt {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some((label, answer, prompt)) = seen.labels.see(row) else {
            if seen.labels.too_many() {
                seen.prompts = Vec::new();
            }
            return;
        };
        let hashes = |words: &[Word]| words.iter().map(|word| word.hash).collect::<Vec<_>>();
        let hash = prompt.iter().fold(label, |hash, word| {
            (hash ^ word.hash).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
        });
        if seen.highest.is_some_and(|highest| hash > highest) {
            return;
        }
        seen.prompts.push(Prompt {
            hash,
            answer: hashes(answer),
            words: hashes(&prompt[prompt.len().saturating_sub(LONGEST)..]),
        });
        if seen.prompts.len() >= 2 * KEPT {
            seen.settle();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shares are floats")]
    fn finish(&self, mut seen: Seen, _: &Setup, out: &mut Findings) {
        if seen.labels.totals().is_none_or(|(rows, _)| rows < self.rows) {
            return;
        }
        seen.settle();
        let mut labels: Vec<&[u64]> = seen.prompts.iter().map(|prompt| prompt.answer.as_slice()).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() < 2 {
            return;
        }
        let holds = |prompt: &Prompt, label: &[u64]| prompt.words.windows(label.len()).any(|words| words == label);
        let (mut own, mut others, mut alone) = (0usize, 0usize, 0usize);
        for prompt in &seen.prompts {
            let also = labels
                .iter()
                .filter(|label| **label != prompt.answer && holds(prompt, label))
                .count();
            let holds = holds(prompt, &prompt.answer);
            own += usize::from(holds);
            others += also;
            alone += usize::from(holds && also == 0);
        }
        let rows = seen.prompts.len() as f64;
        let (own, others) = (own as f64 / rows, others as f64 / rows / (labels.len() - 1) as f64);
        // Where others stand beside it, the row lists its choices.
        let alone = alone as f64 / rows;
        if own >= self.share && own - others >= self.gain && alone >= self.gain {
            let (own, others) = (own * 100.0, others * 100.0);
            out.set(format!(
                "≈{own:.0} % of prompts hold their own answer as a word, and ≈{others:.0} % one of the {} others",
                labels.len() - 1
            ));
        }
    }
}
