//! A template made out of the tokenizer's own chat template, where none is named.
//!
//! LLaMA-Factory renders short conversations around a mark and cuts the results into slots.
//! Source: `parse_template` of `data/template.py` (0.9.5).

use crate::encode::kit::{Conversation, Kit, Message};
use crate::encode::template::Rendered;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::EncodeError;

use super::raise::raise;
use super::table::{CONTENT, Class, Entry, Slot, THOUGHT_WORDS, TOOL_CALL_WORDS, Tools};

pub(super) fn parse(kit: &Kit) -> Result<Entry, EncodeError> {
    let mut tokens = Tokens::default();
    kit.encode("", true, Detail::Ids, &mut tokens)?;
    let prefix = match &tokens.ids[..] {
        // Decoding takes the reference engine, which is not loaded for nothing.
        [] => String::new(),
        ids => kit.decode(ids)?,
    };
    // Python cuts by characters, and without looking at what it cuts.
    let bare = |text: String, by: &[&str]| skip(&text, by.iter().map(|text| text.chars().count()).sum());

    let system = bare(render(kit, &[("system", CONTENT)], false)?, &[&prefix]);
    let unled = bare(render(kit, &[("system", ""), ("user", CONTENT)], true)?, &[&prefix]);
    let mut user = bare(render(kit, &[("user", CONTENT)], true)?, &[&prefix]);
    let both = render(kit, &[("user", CONTENT), ("assistant", CONTENT)], false)?;
    let assistant = bare(both, &[&prefix, &user]);
    let class = if assistant.contains("<think>") {
        Class::Reasoning
    } else {
        Class::Plain
    };
    let assistant = assistant.replace("<think>", "").replace("</think>", "");
    let assistant = assistant.trim_start_matches('\n').to_owned();

    let mut default_system = String::new();
    if user.chars().count() > unled.chars().count() {
        default_system = difference(&unled, &user);
        let alone = system.replacen(CONTENT, &default_system, 1);
        user = skip(&user, alone.chars().count());
    }
    let slots = |text: String| vec![Slot::Text(text)];
    let entry = Entry {
        class,
        prefix: if prefix.is_empty() { Vec::new() } else { slots(prefix) },
        system: slots(system),
        observation: slots(user.clone()),
        user: slots(user),
        function: slots(assistant.clone()),
        assistant: slots(assistant),
        calls: "default".to_owned(),
        tools: Tools::Format("default".to_owned()),
        default_system,
        stop_words: Vec::new(),
        thought_words: THOUGHT_WORDS.map(str::to_owned),
        tool_call_words: TOOL_CALL_WORDS.map(str::to_owned),
        efficient_eos: false,
        replace_eos: false,
        replace_jinja_template: false,
        media: None,
    };
    let needs_content = [&entry.user, &entry.assistant, &entry.system];
    if !needs_content.into_iter().all(|slots| has_placeholder(slots)) {
        let message = "A placeholder is required in the string formatter.";
        return Err(raise("ValueError", message));
    }
    if has_placeholder(&entry.prefix) {
        let message = "Empty formatter should not contain any placeholder.";
        return Err(raise("ValueError", message));
    }
    Ok(entry)
}

fn render(kit: &Kit, said: &[(&str, &str)], add_generation_prompt: bool) -> Result<String, EncodeError> {
    let messages: Vec<Message<'_>> = said
        .iter()
        .map(|(role, content)| Message::Said { role, content })
        .collect();
    let mut rendered = Rendered::default();
    let conversation = Conversation {
        messages: &messages,
        tools: None,
        kwargs: None,
        add_generation_prompt,
    };
    kit.render(None, conversation, &mut rendered)?;
    Ok(rendered.text)
}

/// The text without its first characters, or nothing if it has no more.
fn skip(text: &str, characters: usize) -> String {
    text.chars().skip(characters).collect()
}

/// The letters of the longer text that are left when it is walked along with the shorter.
fn difference(short: &str, long: &str) -> String {
    let mut short = short.chars().peekable();
    let mut left = String::new();
    for letter in long.chars() {
        match short.peek() {
            Some(wanted) if *wanted == letter => {
                short.next();
            }
            Some(_) => left.push(letter),
            None => break,
        }
    }
    left
}

/// Whether a slot holds `{{name}}`.
fn has_placeholder(slots: &[Slot]) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let holds = |text: &str| {
        text.char_indices()
            .filter(|(at, _)| text[*at..].starts_with("{{"))
            .any(|(at, _)| {
                let rest = &text[at + 2..];
                let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                end > 0 && !rest.starts_with(|letter: char| letter.is_ascii_digit()) && rest[end..].starts_with("}}")
            })
    };
    slots.iter().any(|slot| matches!(slot, Slot::Text(text) if holds(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_what_the_longer_text_has_in_between() {
        assert_eq!(difference("<s></s><u>", "<s>Be kind.</s><u>"), "Be kind.");
        assert_eq!(difference("", "a"), "");
    }

    #[test]
    fn a_placeholder_is_a_name_in_two_braces() {
        let has = |text: &str| has_placeholder(&[Slot::Text(text.to_owned())]);
        assert!(has("a {{content}} b") && has("{{{x_1}}}"));
        assert!(!has("{{ content }}") && !has("{{1a}}") && !has("{{}}") && !has("{{a}"));
    }
}
