use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Turn;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::search;

use super::parts::answers;

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
        let long = |(_, answer): &(usize, &Turn<'_>)| answer.trimmed().len() >= self.min_bytes;
        let mut printed = Vec::new();
        for encoded in row.encoded {
            let pieces = encoded.template_pieces();
            let mut spots = encoded.spots().peekable();
            for (at, answer) in answers::taught(example).filter(long) {
                while spots.next_if(|(turn, _)| *turn < at).is_some() {}
                // Before the place where it stands itself, or anywhere if it does not.
                let own = spots.peek().filter(|(turn, _)| *turn == at);
                let end = own.map_or(usize::MAX, |(_, (start, _))| *start);
                let mut before = pieces.iter().filter(|(_, start)| *start < end);
                if before.any(|(piece, _)| search::contains(piece, answer.trimmed())) {
                    printed.push(at);
                }
            }
        }
        printed.sort_unstable();
        printed.dedup();
        for answer in printed.into_iter().map(|at| &example.turns[at]) {
            let characters = answer.trimmed().chars().count();
            let say = || {
                format!(
                    "the answer, {characters} characters, is printed by the template before it, from another column"
                )
            };
            out.field(&row.place, || answer.pointer(), say);
        }
    }
}
