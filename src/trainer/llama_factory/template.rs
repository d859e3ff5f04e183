//! A template made ready for a tokenizer, and the messages of a row put through it.
//!
//! Each message is tokenised by itself, and in it each slot: no token reaches over a border.
//! Source: `data/template.py` (0.9.5).

use std::borrow::Cow;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, What};
use crate::model::value::Value;

use super::align::{Given, Role};
use super::calls::{self, Words};
use super::python;
use super::raise::{raise, type_error};
use super::row;
use super::slots::{Draft, Ends, Piece, Run, Slots, Span};
use super::table::{Class, Entry, Tools};
use super::thought;
use super::tools::{self, Format};

pub(super) struct Template {
    class: Class,
    prefix: Slots,
    system: Slots,
    user: Slots,
    assistant: Slots,
    function: Slots,
    observation: Slots,
    calls: &'static Format,
    tools: Describe,
    default_system: String,
    /// The system slots with that in them.
    default_opening: Slots,
    thought_words: [String; 2],
    tool_call_words: [String; 2],
    /// The thought put before an answer that has none.
    empty_thought: Piece,
    pub efficient_eos: bool,
    enable_thinking: Option<bool>,
    preserve_thinking: bool,
    /// The day, as some tool formats put it into every row.
    today: String,
}

/// How the description of the tools is made.
enum Describe {
    Format(&'static Format),
    Around { before: String, after: String },
}

/// What the options make of a template.
pub(super) struct Choices {
    pub enable_thinking: Option<bool>,
    pub preserve_thinking: bool,
    pub today: String,
}

/// A message about to be put through a template.
pub(super) struct Said<'m> {
    pub role: Role,
    pub content: Content<'m>,
    pub what: What,
}

/// A message's content, perhaps without its thoughts.
pub(super) enum Content<'m> {
    Text(Cow<'m, str>),
    Wrong(&'m Value<'m>),
}

/// What comes before the first message: the system prompt and the description of the tools.
pub(super) struct Opening<'m> {
    pub system: &'m Given<'m>,
    pub system_what: What,
    pub tools: &'m Given<'m>,
}

impl<'m> From<&'m Given<'_>> for Content<'m> {
    fn from(given: &'m Given<'_>) -> Self {
        match given {
            Given::Text(text) => Self::Text(Cow::Borrowed(text)),
            Given::Value(value) => Self::Wrong(value),
        }
    }
}

impl Said<'_> {
    /// The content where Python would search it.
    fn searched(&self) -> Result<&str, EncodeError> {
        match &self.content {
            Content::Text(text) => Ok(text),
            Content::Wrong(value) => Err(type_error(format!(
                "expected string or bytes-like object, got '{}'",
                python::class(value)
            ))),
        }
    }

    fn remove_thought(&mut self, words: &[String; 2]) -> Result<(), EncodeError> {
        self.searched()?;
        if let Content::Text(text) = &mut self.content {
            *text = thought::remove(std::mem::take(text), words);
        }
        Ok(())
    }
}

impl Template {
    /// # Errors
    ///
    /// If the tokenizer fails.
    pub(super) fn ready(entry: &Entry, choices: Choices, ends: Ends<'_>) -> Result<Self, EncodeError> {
        let kit = ends.kit;
        let slots = |slots| Slots::ready(slots, ends);
        let format = |name: &str| tools::find(name).expect("formats are looked up when a template is chosen");
        let [open, close] = &entry.thought_words;
        let empty_thought = match entry.class {
            Class::ReasoningCloseOnly => close.clone(),
            _ => format!("{open}{close}"),
        };
        let describe = match &entry.tools {
            Tools::Format(name) => Describe::Format(format(name)),
            Tools::Slots(given) => {
                let given = slots(given)?;
                let (before, after) = given.first();
                Describe::Around {
                    before: before.to_owned(),
                    after: after.to_owned(),
                }
            }
        };
        let system = slots(&entry.system)?;
        Ok(Self {
            class: entry.class,
            prefix: slots(&entry.prefix)?,
            default_opening: system.filled(kit, &entry.default_system)?,
            system,
            user: slots(&entry.user)?,
            assistant: slots(&entry.assistant)?,
            function: slots(&entry.function)?,
            observation: slots(&entry.observation)?,
            calls: format(&entry.calls),
            tools: describe,
            default_system: entry.default_system.clone(),
            empty_thought: if entry.class.reasons() {
                Piece::of_text(kit, &empty_thought)?
            } else {
                Piece::default()
            },
            thought_words: entry.thought_words.clone(),
            tool_call_words: entry.tool_call_words.clone(),
            efficient_eos: entry.efficient_eos,
            enable_thinking: choices.enable_thinking,
            preserve_thinking: choices.preserve_thinking,
            today: choices.today,
        })
    }

    /// The ids of some answer, for what its end is.
    pub(super) fn sample_answer(&self, kit: &Kit) -> Result<Vec<u32>, EncodeError> {
        let mut out = Encoded::default();
        let mut run = Run::default();
        let mut tokens = Tokens::default();
        let mut draft = row::draft(kit, &mut out, &mut run, &mut tokens);
        draft.apply(&self.assistant, &[span("a", What::Template)], None)?;
        Ok(run.ids)
    }

    /// Writes a conversation of questions and answers in turn, an even number. `ends` gets the
    /// number of tokens at the end of each message. `last_only` says that of the answers only the
    /// last is trained.
    ///
    /// `encode_multiturn`.
    pub(super) fn conversation(
        &self,
        draft: &mut Draft<'_>,
        opening: &Opening<'_>,
        said: &mut [Said<'_>],
        last_only: bool,
        ends: &mut Vec<usize>,
    ) -> Result<(), EncodeError> {
        let count = said.len();
        let forgets = last_only && !self.preserve_thinking;
        if self.class.reasons() {
            if self.enable_thinking == Some(false) {
                for answer in said.iter_mut().skip(1).step_by(2) {
                    answer.remove_thought(&self.thought_words)?;
                }
            }
            if forgets {
                for answer in said[..count.saturating_sub(2)].iter_mut().skip(1).step_by(2) {
                    answer.remove_thought(&self.thought_words)?;
                }
            }
        }
        #[expect(clippy::needless_range_loop, reason = "the number tells questions from answers")]
        for at in 0..count {
            let is_answer = at % 2 == 1;
            if is_answer && (!forgets || at + 1 == count) && self.lacks_thought(&said[at])? {
                draft.piece(&self.empty_thought);
                if self.enable_thinking != Some(true) {
                    // The thought is part of the question, which is not trained.
                    *ends.last_mut().expect("a question came before") = draft.run.ids.len();
                }
            }
            self.message(draft, at, &said[at], opening)?;
            ends.push(draft.run.ids.len());
        }
        Ok(())
    }

    /// Writes all but the answer, which is to be `answer`: its thought may have to stand here.
    ///
    /// The first half of `encode_oneturn`.
    pub(super) fn prompt(
        &self,
        draft: &mut Draft<'_>,
        opening: &Opening<'_>,
        said: &mut [Said<'_>],
        answer: &Said<'_>,
    ) -> Result<(), EncodeError> {
        if self.class.reasons() && !self.preserve_thinking {
            // All answers but the last of the whole conversation, which is not among these.
            let before = said.len().saturating_sub(1);
            for answer in said[..before].iter_mut().skip(1).step_by(2) {
                answer.remove_thought(&self.thought_words)?;
            }
        }
        for (at, message) in said.iter().enumerate() {
            self.message(draft, at, message, opening)?;
        }
        if self.enable_thinking != Some(true) && self.lacks_thought(answer)? {
            draft.piece(&self.empty_thought);
        }
        Ok(())
    }

    /// Takes the thought out of an answer that is to have none.
    pub(super) fn settle(&self, answer: &mut Said<'_>) -> Result<(), EncodeError> {
        if self.class.reasons() && self.enable_thinking == Some(false) {
            answer.remove_thought(&self.thought_words)?;
        }
        Ok(())
    }

    /// Writes the answer, message number `at`.
    ///
    /// The second half of `encode_oneturn`.
    pub(super) fn answer(
        &self,
        draft: &mut Draft<'_>,
        opening: &Opening<'_>,
        at: usize,
        answer: &Said<'_>,
    ) -> Result<(), EncodeError> {
        if self.enable_thinking == Some(true) && self.lacks_thought(answer)? {
            draft.piece(&self.empty_thought);
        }
        self.message(draft, at, answer, opening)
    }

    fn lacks_thought(&self, answer: &Said<'_>) -> Result<bool, EncodeError> {
        match &answer.content {
            _ if !self.class.reasons() => Ok(false),
            Content::Text(text) => Ok(thought::is_missing(text, &self.thought_words)),
            // Writing it comes first, and says what is wrong.
            Content::Wrong(_) => Ok(false),
        }
    }

    /// Writes message number `at`; the first with what comes before it.
    fn message(
        &self,
        draft: &mut Draft<'_>,
        at: usize,
        said: &Said<'_>,
        opening: &Opening<'_>,
    ) -> Result<(), EncodeError> {
        let mut described = String::new();
        let mut system: Option<[Span<'_>; 2]> = None;
        let inside = self.class == Class::SystemInUser;
        if at == 0 {
            draft.apply(&self.prefix, &[], None)?;
            system = self.opening(opening, &mut described)?;
            match &system {
                Some(_) if inside => {}
                Some(_) if !opening.system.truth() && !opening.tools.truth() => {
                    draft.apply(&self.default_opening, &[], None)?;
                }
                Some(system) => draft.apply(&self.system, system, None)?,
                None => {}
            }
        }
        match (said.role, &system) {
            (Role::User, Some([system, tools])) if inside => {
                let (before, after) = self.system.first();
                let template = |text| Span {
                    text,
                    what: What::Template,
                };
                let content = Span {
                    text: joined(said)?,
                    what: said.what,
                };
                let spans = [template(before), *system, *tools, template(after), content];
                draft.apply(&self.user, &spans, None)
            }
            (Role::User, _) => {
                let number = (!inside).then_some(at / 2);
                let content = if inside { joined(said)? } else { formatted(said)? };
                draft.apply(&self.user, &[span(content, said.what)], number)
            }
            (Role::Assistant, _) => draft.apply(&self.assistant, &[span(formatted(said)?, said.what)], None),
            (Role::Observation, _) => draft.apply(&self.observation, &[span(formatted(said)?, said.what)], None),
            (Role::Function, _) => {
                let words = Words {
                    thought: &self.thought_words,
                    tool_call: &self.tool_call_words,
                };
                let words = (!inside).then_some(&words);
                let text = calls::written(said.searched()?, self.calls, words)?;
                draft.apply(&self.function, &[span(&text, said.what)], None)
            }
            (Role::System, _) => Err(raise("NotImplementedError", "Unexpected role: system")),
        }
    }

    /// The system prompt, or the template's own, and the description of the tools.
    fn opening<'s>(
        &'s self,
        opening: &'s Opening<'_>,
        described: &'s mut String,
    ) -> Result<Option<[Span<'s>; 2]>, EncodeError> {
        let own = opening.system.truth();
        if !own && self.default_system.is_empty() && !opening.tools.truth() {
            return Ok(None);
        }
        if opening.tools.truth() {
            *described = self.described(opening.tools)?;
        }
        let system = match opening.system {
            _ if !own => span(&self.default_system, What::Template),
            Given::Text(text) => span(text, opening.system_what),
            Given::Value(value) => {
                let message = format!(
                    "unsupported operand type(s) for +: '{}' and 'str'",
                    python::class(value)
                );
                return Err(type_error(message));
            }
        };
        Ok(Some([system, span(described, What::Template)]))
    }

    fn described(&self, tools: &Given<'_>) -> Result<String, EncodeError> {
        match (&self.tools, tools) {
            (Describe::Format(format), Given::Text(tools)) => format.describe(tools, &self.today),
            (Describe::Around { before, after }, Given::Text(tools)) => Ok(format!("{before}{tools}{after}")),
            (Describe::Format(_), Given::Value(value)) => {
                let class = python::class(value);
                Err(type_error(format!(
                    "the JSON object must be str, bytes or bytearray, not {class}"
                )))
            }
            (Describe::Around { .. }, Given::Value(value)) => Err(not_a_text(value)),
        }
    }
}

impl Class {
    pub(super) fn reasons(self) -> bool {
        matches!(self, Self::Reasoning | Self::ReasoningCloseOnly)
    }
}

fn span(text: &str, what: What) -> Span<'_> {
    Span { text, what }
}

/// The content where a formatter takes it.
fn formatted<'s>(said: &'s Said<'_>) -> Result<&'s str, EncodeError> {
    match &said.content {
        Content::Text(text) => Ok(text),
        Content::Wrong(value) => Err(not_a_text(value)),
    }
}

/// The content where it is added to the system prompt.
fn joined<'s>(said: &'s Said<'_>) -> Result<&'s str, EncodeError> {
    match &said.content {
        Content::Text(text) => Ok(text),
        Content::Wrong(value) => {
            let class = python::class(value);
            Err(type_error(format!("can only concatenate str (not \"{class}\") to str")))
        }
    }
}

fn not_a_text(value: &Value<'_>) -> EncodeError {
    let mut shown = String::new();
    python::str(value, &mut shown);
    raise("RuntimeError", format!("Expected a string, got {shown}"))
}
