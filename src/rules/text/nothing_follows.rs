use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Example, Role};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Prompts that announce a text and end there: `Summarize the following article:`, or with `Context:` alone on the last
    /// line, and an answer that does as if there were one.
    ///
    /// ## Why it matters
    /// The column with the text was lost or empty when the row was made. The model learns to make up what it was not
    /// given.
    ///
    /// ## Example
    /// ```jsonl
    /// {"instruction": "Summarize the following article:", "input": "", "output": "The author says that tides follow the moon."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"instruction": "Summarize the following article:", "input": "Twice a day the sea comes in. It follows the moon.", "output": "The author says that tides follow the moon."}
    /// ```
    ///
    /// ## Fix
    /// Put the text in, or remove the row.
    "text/nothing-follows", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NothingFollows {}

/// The longest such prompt, in bytes.
const LONGEST: usize = 160;
/// A system prompt of more bytes may hold what is spoken of.
const SYSTEM: usize = 400;

impl Rule for NothingFollows {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut turns = example.turns.iter().filter(|turn| turn.role != Role::System);
        // What was said before may be what follows.
        let Some(first) = turns.next().filter(|turn| turn.role == Role::User) else {
            return;
        };
        let plain = matches!(first.content, Content::Text);
        let label = open_label(first.trimmed());
        let announced = || announces(first.trimmed()) && !has_more(example);
        if plain && (label.is_some() || announced()) && !turns.any(|turn| asks_for_it(&turn.text)) {
            let message = || format!("nothing follows `{}`", clip(label.unwrap_or(first.trimmed())));
            out.field(&row.place, || first.pointer(), message);
        }
    }
}

/// Whether a prompt of one line ends with the announcement of another text.
fn announces(text: &str) -> bool {
    let ends = text.len() <= LONGEST && text.ends_with(':') && !text.contains('\n');
    let sentence = text.rsplit(['.', '?', '!']).next().unwrap_or_default().to_lowercase();
    ends && sentence
        .split(' ')
        .any(|word| matches!(word.trim_end_matches(':'), "following" | "below"))
}

/// The label of what a question is to be answered from, as the last line of a prompt.
fn open_label(text: &str) -> Option<&str> {
    const LABELS: &str = "Context:|Contexto:|Contexte :|Kontext:|Контекст:|上下文：|上下文:|背景：|Background:|Passage:|Document:|Documents:|\
        Retrieved documents:|Reference:|References:|### Input:|### Context:|[Context]:|Bağlam:|Ngữ cảnh:|コンテキスト：|문맥:";
    let (before, last) = text.trim_end().rsplit_once('\n')?;
    let label = LABELS.split('|').find(|label| *label == last.trim())?;
    (!before.contains(label)).then_some(last)
}

/// Whether a long system prompt, or a tool, may hold what is spoken of.
fn has_more(example: &Example<'_>) -> bool {
    let mut others = example.turns.iter();
    others.any(|turn| turn.role == Role::Tool || turn.role == Role::System && turn.text.len() > SYSTEM)
}

/// Whether an answer says that nothing followed.
fn asks_for_it(text: &str) -> bool {
    let words = [
        "please",
        "provide",
        "share",
        "paste",
        "no text",
        "there is no",
        "didn't",
        "did not",
        "not see",
        "don't see",
    ];
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::announces;

    #[test]
    fn announcements_are_told_from_prompts_with_their_text() {
        for text in [
            "Summarize the following article:",
            "Read it with care. Then classify the sentence below:",
        ] {
            assert!(announces(text), "{text}");
        }
        for text in [
            "Summarize the following article: Twice a day the sea comes in.",
            "Summarize the following article:\nTwice a day the sea comes in.",
            "The following is a joke. Finish it:",
            "Answer:",
        ] {
            assert!(!announces(text), "{text}");
        }
    }
}
