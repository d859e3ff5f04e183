//! The templates LLaMA-Factory has by name: facts, from `templates.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a template says; what it leaves out is filled in.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub class: Class,
    pub prefix: Vec<Slot>,
    pub system: Vec<Slot>,
    pub user: Vec<Slot>,
    pub assistant: Vec<Slot>,
    pub function: Vec<Slot>,
    pub observation: Vec<Slot>,
    /// The tool format calls are written in.
    pub calls: String,
    /// How the tools' description is made.
    pub tools: Tools,
    pub default_system: String,
    pub stop_words: Vec<String>,
    pub thought_words: [String; 2],
    pub tool_call_words: [String; 2],
    pub efficient_eos: bool,
    pub replace_eos: bool,
    pub replace_jinja_template: bool,
    pub media: Option<Media>,
}

/// The classes of `data/template.py`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    #[default]
    Plain,
    /// `Llama2Template`.
    SystemInUser,
    /// `ReasoningTemplate`.
    Reasoning,
    /// `Glm47ReasoningTemplate`.
    ReasoningCloseOnly,
}

/// An element that is tokenised by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Slot {
    Text(String),
    Add { add: Named },
    Token { token: String },
    Nothing { nothing: String },
}

/// A token the tokenizer has a name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Named {
    Bos,
    Eos,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Tools {
    Format(String),
    Slots(Vec<Slot>),
}

/// A plugin for pictures, videos and sounds, and the tokens they become.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Media {
    pub plugin: String,
    pub image: Option<String>,
    pub video: Option<String>,
    pub audio: Option<String>,
}

/// Stands where the message goes.
pub(super) const CONTENT: &str = "{{content}}";

pub(super) const THOUGHT_WORDS: [&str; 2] = ["<think>\n", "\n</think>\n\n"];
pub(super) const TOOL_CALL_WORDS: [&str; 2] = ["<tool_call>", "</tool_call>"];

/// The template of that name.
pub(super) fn find(name: &str) -> Option<Entry> {
    read().remove(name).map(Entry::from)
}

fn read() -> BTreeMap<String, Written> {
    toml::from_str(include_str!("templates.toml")).expect("the table of templates is well-formed")
}

/// The slots of an answer where a template does not say.
pub(super) fn default_answer(efficient_eos: bool) -> Vec<Slot> {
    let mut slots = vec![Slot::Text(CONTENT.to_owned())];
    if !efficient_eos {
        slots.push(Slot::Add { add: Named::Eos });
    }
    slots
}

/// A template as it stands in the table.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    class: Class,
    prefix: Vec<Slot>,
    system: Option<Vec<Slot>>,
    user: Option<Vec<Slot>>,
    assistant: Option<Vec<Slot>>,
    function: Option<Vec<Slot>>,
    observation: Option<Vec<Slot>>,
    calls: Option<String>,
    tools: Option<Tools>,
    default_system: String,
    stop_words: Vec<String>,
    thought_words: Option<[String; 2]>,
    tool_call_words: Option<[String; 2]>,
    efficient_eos: bool,
    replace_eos: bool,
    replace_jinja_template: bool,
    media: Option<Media>,
}

impl From<Written> for Entry {
    fn from(written: Written) -> Self {
        let bare = || vec![Slot::Text(CONTENT.to_owned())];
        let user = written.user.unwrap_or_else(bare);
        let assistant = written
            .assistant
            .unwrap_or_else(|| default_answer(written.efficient_eos));
        Self {
            class: written.class,
            prefix: written.prefix,
            system: written.system.unwrap_or_else(bare),
            observation: written.observation.unwrap_or_else(|| user.clone()),
            user,
            function: written.function.unwrap_or_else(|| assistant.clone()),
            assistant,
            calls: written.calls.unwrap_or_else(|| "default".to_owned()),
            tools: written.tools.unwrap_or_else(|| Tools::Format("default".to_owned())),
            default_system: written.default_system,
            stop_words: written.stop_words,
            thought_words: written.thought_words.unwrap_or(THOUGHT_WORDS.map(str::to_owned)),
            tool_call_words: written.tool_call_words.unwrap_or(TOOL_CALL_WORDS.map(str::to_owned)),
            efficient_eos: written.efficient_eos,
            replace_eos: written.replace_eos,
            replace_jinja_template: written.replace_jinja_template,
            media: written.media,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::llama_factory::tools;

    fn entries() -> impl Iterator<Item = (String, Entry)> {
        read().into_iter().map(|(name, written)| (name, Entry::from(written)))
    }

    fn has_content(slots: &[Slot]) -> bool {
        slots
            .iter()
            .any(|slot| matches!(slot, Slot::Text(text) if text.contains(CONTENT)))
    }

    #[test]
    fn all_templates_of_the_release_are_there() {
        let count = |is: fn(&Entry) -> bool| entries().filter(|(_, entry)| is(entry)).count();
        assert_eq!(count(|_| true), 121);
        assert_eq!(count(|entry| entry.class == Class::SystemInUser), 14);
        assert_eq!(count(|entry| entry.class == Class::Reasoning), 23);
        assert_eq!(count(|entry| entry.class == Class::ReasoningCloseOnly), 2);
        assert_eq!(count(|entry| entry.efficient_eos), 20);
        assert_eq!(count(|entry| entry.replace_eos), 41);
        assert_eq!(count(|entry| entry.replace_jinja_template), 7);
        assert_eq!(count(|entry| entry.media.is_some()), 48);
    }

    #[test]
    fn messages_have_a_place_in_every_slot_list_and_the_prefix_has_none() {
        for (name, entry) in entries() {
            assert!(!has_content(&entry.prefix), "{name}");
            let lists = [
                &entry.system,
                &entry.user,
                &entry.assistant,
                &entry.function,
                &entry.observation,
            ];
            assert!(lists.into_iter().all(|slots| has_content(slots)), "{name}");
        }
    }

    #[test]
    fn templates_keep_what_their_switches_promise() {
        for (name, entry) in entries() {
            assert!(!entry.replace_eos || !entry.stop_words.is_empty(), "{name}");
            assert!(tools::find(&entry.calls).is_some(), "{name}");
            match &entry.tools {
                Tools::Format(format) => assert!(tools::find(format).is_some(), "{name}"),
                Tools::Slots(slots) => assert!(matches!(&slots[..], [Slot::Text(_)]), "{name}"),
            }
            if entry.class == Class::SystemInUser {
                assert!(matches!(&entry.system[..], [Slot::Text(_)]), "{name}");
            }
            if let Some(media) = &entry.media {
                assert!(
                    media.image.is_some() || media.video.is_some() || media.audio.is_some(),
                    "{name}"
                );
            }
        }
    }
}
