//! Messages as tokenizers take them, and the order they must have (`data/_messages.py`).

use std::borrow::Cow;
use std::ops::Range;

use crate::model::encoded::EncodeError;
use crate::trainer::failure::raises;

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message<'m> {
    pub(super) role: Cow<'m, str>,
    pub(super) items: Vec<Item<'m>>,
    /// Carries no loss, its header and its end neither.
    pub(super) masked: bool,
}

/// A piece of a message, tokenised by itself.
#[derive(Clone, Debug)]
pub(super) struct Item<'m> {
    pub(super) text: Cow<'m, str>,
    /// Bytes of it that are a turn of the example, by its number.
    pub(super) marks: Vec<(Range<usize>, u16)>,
}

impl<'m> Item<'m> {
    /// A piece that is all a turn's.
    pub(super) fn of_turn(text: &'m str, turn: Option<u16>) -> Self {
        let marks = turn.map(|turn| (0..text.len(), turn)).into_iter().collect();
        Self {
            text: Cow::Borrowed(text),
            marks,
        }
    }

    /// A piece of the prompt format.
    pub(super) fn tag(text: &'m str) -> Self {
        Self::of_turn(text, None)
    }
}

/// `validate_messages`.
pub(super) fn validate(messages: &[Message<'_>]) -> Result<(), EncodeError> {
    if messages.len() < 2 {
        let message = format!(
            "Messages must be at least length 2, but got {} messages",
            messages.len()
        );
        return Err(raises("ValueError", message));
    }
    let mut last = "assistant";
    for (index, message) in messages.iter().enumerate() {
        let fault = match &*message.role {
            "assistant" if last != "user" => format!("Assistant message before expected user message at index {index}"),
            "user" if last == "user" => format!("Two consecutive user messages at index {index} and {}", index - 1),
            "system" if index > 0 => format!("System message at index {index}, but system messages must come first"),
            role => {
                last = role;
                continue;
            }
        };
        return Err(raises("ValueError", fault));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(roles: &[&str]) -> bool {
        let message = |role: &&str| Message {
            role: (*role).to_owned().into(),
            items: Vec::new(),
            masked: false,
        };
        validate(&roles.iter().map(message).collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn turns_alternate_and_the_system_comes_first() {
        assert!(valid(&["system", "user", "assistant", "user"]));
        assert!(
            valid(&["user", "ipython", "user"]),
            "a role of another name counts as a turn"
        );
        for roles in [
            &["user"][..],
            &["user", "user"],
            &["assistant", "user"],
            &["user", "system"],
        ] {
            assert!(!valid(roles), "{roles:?}");
        }
    }
}
