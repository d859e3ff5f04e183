//! `apply_chat_template` of `data_utils.py`: a conversation as texts, one of the prompt and one of
//! each answer.

use crate::encode::kit::{Kit, Message};
use crate::encode::template::Rendered;
use crate::encode::tokenizer::Generation;
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::python::{lstrip, strip, type_name};

use super::arguments::Arguments;
use super::options::{raises, unsupported};
use super::row::Row;

/// How `apply_chat_template` of `data_utils.py` makes texts of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRules {
    /// The role of a prompt's last message decides how it ends: a question gets the header of an
    /// answer, an answer is left open, and anything else is refused.
    pub by_last_role: bool,
    /// A prompt ends where it parts from prompt + answer; before, one that parts was refused.
    pub finds_prefix: bool,
    /// A tool's message is a question too.
    pub tool_asks: bool,
}

/// Up to 0.14.
pub(super) const TEXT_0_14: TextRules = TextRules {
    by_last_role: false,
    finds_prefix: false,
    tool_asks: false,
};
pub(super) const TEXT_0_15: TextRules = TextRules {
    by_last_role: true,
    ..TEXT_0_14
};
pub(super) const TEXT_0_19: TextRules = TextRules {
    finds_prefix: true,
    ..TEXT_0_15
};
pub(super) const TEXT_0_26: TextRules = TextRules {
    tool_asks: true,
    ..TEXT_0_19
};

/// Columns that decide what a row is.
const KEYS: &[&str] = &["prompt", "chosen", "rejected", "completion", "messages", "label"];

/// `KeyError` where the set has other columns of these names than the trainer makes use of.
pub(super) fn check_keys(row: Row<'_>, expected: &[&str]) -> Result<(), EncodeError> {
    let others = KEYS.iter().filter(|key| row.has(key) && !expected.contains(key));
    let others: Vec<&str> = others.copied().collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(raises(
        "KeyError",
        format!("Invalid keys in the example: besides {expected:?} there is {others:?}"),
    ))
}

/// Renders conversations to texts.
pub(super) struct Templater<'k> {
    pub(super) kit: &'k Kit,
    pub(super) given: &'k Arguments<'k>,
    pub(super) rules: TextRules,
}

impl Templater<'_> {
    /// The prompt with the header of an answer; one that ends in an answer is left open.
    fn prompt(&self, messages: &[Value<'_>]) -> Result<String, EncodeError> {
        if !self.rules.by_last_role {
            return self.render(messages, &[], true);
        }
        let last = messages
            .last()
            .ok_or_else(|| raises("IndexError", "list index out of range"))?;
        let role = last.get("role").ok_or_else(|| raises("KeyError", "'role'"))?.as_str();
        let open = match role {
            Some("user") => false,
            Some("tool") if self.rules.tool_asks => false,
            Some("assistant") => true,
            other => {
                let role = other.unwrap_or("None");
                return Err(raises(
                    "ValueError",
                    format!("Invalid role in the last message: {role}"),
                ));
            }
        };
        let mut text = self.render(messages, &[], !open)?;
        if open {
            self.leave_open(&mut text, last)?;
        }
        Ok(text)
    }

    fn render(&self, prompt: &[Value<'_>], answer: &[Value<'_>], header: bool) -> Result<String, EncodeError> {
        let messages: Vec<Message<'_>> = prompt.iter().chain(answer).map(Message::Raw).collect();
        let mut rendered = Rendered::default();
        self.kit
            .render(None, self.given.with(&messages, header), &mut rendered)?;
        Ok(rendered.text)
    }

    /// `continue_final_message` of transformers 4 (`utils/chat_template_utils.py`): the text ends
    /// where the last message does.
    fn leave_open(&self, text: &mut String, last: &Value<'_>) -> Result<(), EncodeError> {
        if self.kit.facts().generation != Generation::V4 {
            return Err(unsupported(
                "prompts that end in an assistant's message, under transformers 5",
            ));
        }
        let content = last.get("content").ok_or_else(|| raises("KeyError", "'content'"))?;
        let said = match content {
            Value::Str(said) => said.as_ref(),
            Value::Array(blocks) => {
                let block = blocks.iter().rev().find_map(|block| block.get("text"));
                block.and_then(Value::as_str).ok_or_else(|| {
                    raises(
                        "ValueError",
                        "continue_final_message is set but the final message has no text to continue",
                    )
                })?
            }
            other => {
                let kind = type_name(other);
                return Err(raises(
                    "AttributeError",
                    format!("'{kind}' object has no attribute 'strip'"),
                ));
            }
        };
        let Some(at) = text.rfind(strip(said)) else {
            return Err(raises(
                "ValueError",
                "continue_final_message is set but the final message does not appear in the chat",
            ));
        };
        // Python compares as many characters as the message has without its leading white space.
        let bare = lstrip(said);
        let keeps_spacing = bare.len() == said.len() && text[at..].starts_with(said);
        let kept = if keeps_spacing { bare.len() } else { strip(said).len() };
        text.truncate(at + kept);
        Ok(())
    }

    /// The texts of a prompt and of answers to it. The prompt ends where it parts from an answer's
    /// text; the answer before keeps what was cut at its time.
    pub(super) fn split<const N: usize>(
        &self,
        prompt: &[Value<'_>],
        answers: [&[Value<'_>]; N],
    ) -> Result<(String, [String; N]), EncodeError> {
        let mut asked = self.prompt(prompt)?;
        let mut texts = [const { String::new() }; N];
        for (text, answer) in texts.iter_mut().zip(answers) {
            let whole = self.render(prompt, answer, false)?;
            let common = common(&asked, &whole);
            if common < asked.len() && !self.rules.finds_prefix {
                return Err(raises(
                    "ValueError",
                    "the chat template applied to the prompt + completion does not start with the chat template applied to the prompt alone",
                ));
            }
            asked.truncate(common);
            whole[asked.len()..].clone_into(text);
        }
        Ok((asked, texts))
    }

    /// The text of a conversation as it stands.
    pub(super) fn alone(&self, messages: &[Value<'_>]) -> Result<String, EncodeError> {
        self.render(messages, &[], false)
    }
}

/// Bytes of the characters both texts begin with.
fn common(left: &str, right: &str) -> usize {
    let same = left
        .char_indices()
        .zip(right.chars())
        .find(|((_, left), right)| left != right);
    same.map_or(left.len().min(right.len()), |((at, _), _)| at)
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn texts_part_at_characters() {
        assert_eq!(common("äb", "äc"), 2);
        assert_eq!(common("ä", "ö"), 0);
        assert_eq!(common("ab", "abc"), 2);
        assert_eq!(common("", "a"), 0);
    }
}
