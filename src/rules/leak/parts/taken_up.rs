//! Answers that begin with what they were asked, on a line of its own.

use crate::model::example::{Example, Role};
use crate::text::Word;

/// Bytes of the shortest question in a script with blanks, and letters of one without.
const LEAST: usize = 16;
const LETTERS: usize = 8;

/// Whether the first line of an answer is what is asked before it: the whole of it, or its last
/// line, below an instruction.
pub(in super::super) fn on_a_line(answer: &str, asked: &str) -> bool {
    let begins = |said: &str| answer.strip_prefix(said).is_some_and(|rest| rest.starts_with('\n'));
    let last = &asked[asked.rfind('\n').map_or(0, |at| at + 1)..];
    // A line of a table, a poem or code that is to go on is no question.
    begins(asked) && is_question(asked) || last.ends_with(['?', '？']) && begins(last) && is_question(last)
}

/// Whether a text may be a question; what has no sign at its end may be the title of what is to be written.
fn is_question(asked: &str) -> bool {
    let stopped = asked.ends_with(['?', '.', '!', '？', '。', '！', '؟', ':', '：']);
    let wide = asked.chars().filter(|c| *c > '\u{2E7F}').count();
    stopped && asked.len() >= LEAST && asked.contains(' ') || wide >= LETTERS
}

/// Whether an answer begins with a whole system prompt, and says more.
pub(in super::super) fn the_system_prompt(example: &Example<'_>, answer: &str) -> bool {
    const SHORTEST: usize = 40;
    let mut systems = example.turns.iter().filter(|turn| turn.role == Role::System);
    systems.any(|turn| turn.trimmed().len() >= SHORTEST && answer.starts_with(turn.trimmed()))
}

/// Whether an answer says the whole prompt again behind its label: `Question: … Answer: …`.
pub(in super::super) fn behind_a_label(answer: &str, words: &[Word], prompt: &[Word]) -> bool {
    const LABELS: &str = "human|user|question|q|prompt|instruction|instructions|input|query|pregunta|pergunta|frage|\
        domanda|вопрос|câu hỏi|问题|問題|问|用户|質問|질문";
    /// Bytes of the longest label.
    const LONGEST: usize = 16;
    let start = &answer[..answer.floor_char_boundary(LONGEST)];
    let Some((label, _)) = start.trim_start_matches(['#', '*', ' ']).split_once([':', '：']) else {
        return false;
    };
    let label = label.to_lowercase();
    if !LABELS.split('|').any(|known| known == label) {
        return false;
    }
    let colon = answer.find([':', '：']).unwrap_or_default();
    let first = words.partition_point(|word| (word.start as usize) < colon);
    let said = words.get(first..first + prompt.len());
    said.is_some_and(|said| said.iter().zip(prompt).all(|(one, other)| one.hash == other.hash))
}

/// Whether a prompt may be the title of what is to be written, with which a text begins by right.
pub(in super::super) fn is_title(prompt: &str) -> bool {
    const LONGEST: usize = 40;
    prompt.chars().count() < LONGEST && prompt.ends_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::on_a_line;

    #[test]
    fn questions_are_told_from_titles() {
        let salt = "Why is the sea salty?";
        for (answer, asked) in [
            ("Why is the sea salty?\nRivers carry salts.", salt),
            (
                "Why is the sea salty?\nRivers carry salts.",
                "Answer briefly.\nWhy is the sea salty?",
            ),
            ("我要一杯熱冰拿鐵\n抱歉，沒有。", "我要一杯熱冰拿鐵"),
        ] {
            assert!(on_a_line(answer, asked), "{answer}");
        }
        for (answer, asked) in [
            ("Why is the sea salty?", salt),
            ("Why is the sea salty? Rivers carry salts.", salt),
            ("Hello world\nof mine", "Hello world"),
            ("春天的诗\n春天来了。", "春天的诗"),
            ("Why?\nWell.", "Why?"),
        ] {
            assert!(!on_a_line(answer, asked), "{answer}");
        }
    }
}
