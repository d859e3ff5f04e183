use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::search;

use super::answers;

rule_meta! {
    /// ## What it finds
    /// Rows whose answer is printed by the template before the answer itself: from another column, such as
    /// `tools`, `documents` or a variable of `chat_template_kwargs`.
    ///
    /// ## Why it matters
    /// No turn shows the leak; only the rendered text does. The model learns to copy from there.
    ///
    /// ## Example
    /// ```file prints.jinja
    /// {% if hint is defined %}Hint: {{ hint }}
    /// {% endif %}{% for message in messages %}{{ message.role }}: {{ message.content }}
    /// {% endfor %}
    /// ```
    /// ```jsonl train.jsonl --chat-template prints.jinja
    /// {"chat_template_kwargs": {"hint": "Sunlight is scattered by the air, blue light the most."}, "messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// Instead:
    /// ```file prints.jinja
    /// {% if hint is defined %}Hint: {{ hint }}
    /// {% endif %}{% for message in messages %}{{ message.role }}: {{ message.content }}
    /// {% endfor %}
    /// ```
    /// ```jsonl train.jsonl --chat-template prints.jinja
    /// {"chat_template_kwargs": {"hint": "Think of light and air."}, "messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// ## Fix
    /// Remove the column, or what of the answer it holds; `gonogo show` shows the text the template makes.
    "leak/answer-in-template", Warning, above 0.2 => Error, needs [Tokenizer, Template]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInTemplate {
    /// Shortest answer to look for, in bytes.
    min_bytes: usize,
}

impl Default for AnswerInTemplate {
    fn default() -> Self {
        Self { min_bytes: 16 }
    }
}

impl Rule for AnswerInTemplate {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in answers::taught(example) {
            let wanted = answer.trimmed();
            if wanted.len() < self.min_bytes {
                continue;
            }
            if row.encoded.iter().any(|encoded| printed_before(encoded, at, wanted)) {
                let characters = wanted.chars().count();
                let say = || {
                    format!(
                        "the answer, {characters} characters, is printed by the template before it, from another column"
                    )
                };
                out.field(&row.place, || answer.pointer(), say);
            }
        }
    }
}

/// Whether a stretch that is no turn's, before the answer's own, holds the answer.
fn printed_before(encoded: &Encoded, answer: usize, wanted: &str) -> bool {
    let mut start = 0;
    for part in &encoded.parts {
        let stretch = start..part.end as usize;
        start = part.end as usize;
        match part.what {
            What::Turn(turn) if usize::from(turn) == answer => return false,
            What::Turn(_) => {}
            What::Template => {
                if search::contains(encoded.text.get(stretch).unwrap_or_default(), wanted) {
                    return true;
                }
            }
        }
    }
    false
}
