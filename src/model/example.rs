//! What a row means: the turns of a conversation, a prompt and its completion, a text.
//!
//! Whatever the shape, what is said stands in [`Example::turns`] in order, so that a rule about
//! texts or roles is written once. What a template is given is the raw message beside each turn.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::Value;

/// The layout of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `messages`: a list of role/content.
    Messages,
    /// `conversations`: a list of from/value.
    Sharegpt,
    /// `instruction`, `input`, `output`, perhaps `system` and `history`.
    Alpaca,
    /// `prompt` and `completion`, each a text or a list of messages.
    PromptCompletion,
    /// `text`.
    Text,
    /// `chosen` and `rejected`, with or without `prompt`.
    Preference,
    /// `prompt`, `completion` and a boolean `label`.
    Kto,
    /// `input_ids`, perhaps `labels`, `attention_mask`, `completion_mask`.
    Tokenised,
}

impl Shape {
    pub const ALL: &'static [Self] = &[
        Self::Messages,
        Self::Sharegpt,
        Self::Alpaca,
        Self::PromptCompletion,
        Self::Text,
        Self::Preference,
        Self::Kto,
        Self::Tokenised,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Sharegpt => "sharegpt",
            Self::Alpaca => "alpaca",
            Self::PromptCompletion => "prompt-completion",
            Self::Text => "text",
            Self::Preference => "preference",
            Self::Kto => "kto",
            Self::Tokenised => "tokenised",
        }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
    /// A bare text, which nobody says.
    Text,
    /// A role no known format has.
    Other,
}

impl Role {
    /// The role of a name as chat formats spell it. Names are case-sensitive, as in templates:
    /// `User` is no role, and most templates drop or refuse it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "system" | "developer" => Self::System,
            "user" | "human" => Self::User,
            "assistant" | "gpt" | "chatgpt" | "bing" | "bard" | "model" | "function_call" => Self::Assistant,
            "tool" | "function" | "ipython" | "observation" | "tool_response" => Self::Tool,
            _ => return None,
        })
    }

    /// The role a misspelt name most likely means, for showing and counting.
    pub fn guess(name: &str) -> Self {
        Self::parse(name.trim().to_ascii_lowercase().as_str()).unwrap_or(Self::Other)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Text => "text",
            Self::Other => "other",
        }
    }

    /// [`Self::name`] with its article: `a user`, `an assistant`.
    pub fn a_name(self) -> &'static str {
        match self {
            Self::System => "a system",
            Self::User => "a user",
            Self::Assistant => "an assistant",
            Self::Tool => "a tool",
            Self::Text => "a text",
            Self::Other => "another",
        }
    }
}

/// What stood in the content field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Text,
    /// A list of typed parts; the turn's text is that of the text parts, joined.
    Parts,
    /// `null`, as beside tool calls.
    Null,
    Missing,
    /// A number, an object or a boolean.
    Wrong(&'static str),
}

/// Which side of the row a turn belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// A conversation or a text, which has one side.
    Main,
    Prompt,
    Completion,
    Chosen,
    Rejected,
}

/// One thing said.
#[derive(Clone, Debug)]
pub struct Turn<'a> {
    pub role: Role,
    /// The role as it stands in the row (`human`, `gpt`, `User`).
    pub role_text: Cow<'a, str>,
    pub text: Cow<'a, str>,
    pub content: Content,
    pub branch: Branch,
    /// The field the turn stands in, and its index where that is a list.
    pub field: &'a str,
    pub index: Option<usize>,
    /// Key of the text inside the message (`content`, `value`); empty where the field is the text.
    pub key: &'static str,
    /// The message as it stands in the row, if the turn is one.
    pub raw: Option<&'a Value<'a>>,
    /// The row's own word on whether this turn is trained (`weight`, `train`, `training`).
    pub train: Option<bool>,
}

impl Turn<'_> {
    /// JSON pointer to the text, `/messages/2/content`.
    pub fn pointer(&self) -> String {
        let mut pointer = self.message_pointer();
        if !self.key.is_empty() {
            pointer.push('/');
            pointer.push_str(self.key);
        }
        pointer
    }

    /// JSON pointer to the message, `/messages/2`; to the column where the turn is one.
    pub fn message_pointer(&self) -> String {
        let mut pointer = format!("/{}", self.field.replace('~', "~0").replace('/', "~1"));
        if let Some(index) = self.index {
            pointer.push_str(&format!("/{index}"));
        }
        pointer
    }

    /// The text without white space at its ends.
    pub fn trimmed(&self) -> &str {
        // As most texts are: this is asked of each many times.
        let bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
        if bare(self.text.as_bytes().first()) && bare(self.text.as_bytes().last()) {
            return &self.text;
        }
        self.text.trim()
    }

    /// Whether a model would be asked to produce this turn.
    pub fn is_answer(&self) -> bool {
        match self.branch {
            // Sides may hold the whole conversation.
            Branch::Completion | Branch::Chosen | Branch::Rejected => {
                !matches!(self.role, Role::User | Role::System | Role::Tool)
            }
            Branch::Main => self.role == Role::Assistant,
            // What was said before is given, whoever said it.
            Branch::Prompt => false,
        }
    }

    pub fn has_tool_calls(&self) -> bool {
        self.raw.is_some_and(|raw| match raw.get("tool_calls") {
            Some(Value::Array(calls)) => !calls.is_empty(),
            Some(Value::Null) | None => raw.get("function_call").is_some_and(|call| !call.is_null()),
            Some(_) => true,
        })
    }
}

/// A row's meaning.
#[derive(Clone, Debug)]
pub struct Example<'a> {
    pub shape: Shape,
    /// Everything said, in order; empty for a pre-tokenised row.
    pub turns: Vec<Turn<'a>>,
    /// The `tools` column as it stands.
    pub tools: Option<&'a Value<'a>>,
    /// The `chat_template_kwargs` column, passed to the template by trainers that know it.
    pub template_kwargs: Option<&'a Value<'a>>,
    /// Whether the sides are lists of messages (rather than texts).
    pub conversational: bool,
}

impl Example<'_> {
    /// Of a row whose meaning is not known here.
    pub fn unknown() -> Self {
        Self {
            shape: Shape::Text,
            turns: Vec::new(),
            tools: None,
            template_kwargs: None,
            conversational: false,
        }
    }

    /// The turns of one side.
    pub fn side(&self, branch: Branch) -> impl Iterator<Item = &Turn<'_>> {
        self.turns.iter().filter(move |turn| turn.branch == branch)
    }
}

/// Why a row does not fit its file's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub kind: MisfitKind,
    pub pointer: Option<String>,
    /// Lower case, no full stop.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MisfitKind {
    /// The row is not an object.
    NotAnObject,
    /// A column the shape needs is not there.
    MissingColumn,
    /// A column is there, but of the wrong type.
    WrongType,
    /// The row is whole, but of another shape than its file.
    OtherShape,
}
