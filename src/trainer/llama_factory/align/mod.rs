//! Rows in LLaMA-Factory's standard form: what stands in its columns `_prompt`, `_response`,
//! `_system` and `_tools`.
//!
//! Source: `data/converter.py` (0.9.5). A row that breaks the form is not refused there: its
//! prompt and response become empty, and the next step drops it.

mod alpaca;
mod openai;
mod sharegpt;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::encoded::EncodeError;
use crate::model::record::Record;
use crate::model::value::Value;

use super::dataset::{DatasetAttr, Formatting};
use super::python;
use super::raise::{raise, type_error};

/// A row in the standard form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aligned<'r> {
    /// Turns before the answer: an odd number of them.
    pub prompt: Vec<Message<'r>>,
    /// The answer; a wanted and an unwanted one, where answers are compared.
    pub response: Vec<Message<'r>>,
    pub system: Given<'r>,
    pub system_origin: Origin<'r>,
    pub tools: Given<'r>,
    /// Whether pictures, videos or sounds come with the row.
    pub media: bool,
    /// Why the row was emptied, if it was.
    pub broken: Option<String>,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'r> {
    pub role: Role,
    pub content: Given<'r>,
    /// Where in the row it comes from.
    pub origin: Origin<'r>,
}

/// `Role` of `data/data_utils.py`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
    System,
    Function,
    Observation,
}

/// A value that should be a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'r> {
    Text(Cow<'r, str>),
    /// Anything but a text.
    Value(&'r Value<'r>),
}

/// A place in the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin<'r> {
    /// A column.
    Column(&'r str),
    /// An element of a column that is a list.
    Element(&'r str, usize),
    /// The converter made it.
    #[default]
    Nowhere,
}

/// What the missing column of a row stands for.
static NULL: Value<'static> = Value::Null;

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Function => "function",
            Self::Observation => "observation",
        }
    }
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self::Text(Cow::Borrowed(""))
    }
}

impl<'r> From<&'r Value<'r>> for Given<'r> {
    fn from(value: &'r Value<'r>) -> Self {
        match value {
            Value::Str(text) => Self::Text(Cow::Borrowed(text)),
            other => Self::Value(other),
        }
    }
}

impl Given<'_> {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(_) => None,
        }
    }

    /// The value's JSON.
    pub fn json(&self) -> String {
        match self {
            Self::Text(text) => python::dumps(&Value::Str(Cow::Borrowed(text))),
            Self::Value(value) => python::dumps(value),
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Value(value) => python::truth(value),
        }
    }
}

/// Brings rows of one set into the standard form.
pub(super) struct Aligner {
    pub attr: DatasetAttr,
    /// The columns the set has, if that is known: a column missing in one row is null there, one
    /// missing in all is a `KeyError`.
    pub columns: Option<BTreeSet<String>>,
}

impl Aligner {
    /// # Errors
    ///
    /// What the converter raises, which ends the run.
    pub(super) fn align<'r>(&'r self, record: &'r Record<'_>) -> Result<Aligned<'r>, EncodeError> {
        let row = Row {
            value: &record.value,
            aligner: self,
        };
        let mut aligned = match self.attr.formatting {
            Formatting::Alpaca => alpaca::align(row),
            Formatting::Sharegpt => sharegpt::align(row),
            Formatting::Openai => openai::align(row),
        }?;
        let columns = &self.attr.columns;
        for column in [&columns.images, &columns.videos, &columns.audios] {
            aligned.media |= match row.optional(column.as_ref())? {
                Some(Value::Null) | None => false,
                Some(Value::Array(items)) => !items.is_empty(),
                Some(_) => true,
            };
        }
        Ok(aligned)
    }
}

/// A row being read.
#[derive(Clone, Copy)]
struct Row<'r> {
    value: &'r Value<'r>,
    aligner: &'r Aligner,
}

impl<'r> Row<'r> {
    fn attr(self) -> &'r DatasetAttr {
        &self.aligner.attr
    }

    /// `example[name]`.
    fn column(self, name: &str) -> Result<&'r Value<'r>, EncodeError> {
        if let Some(value) = python::dict(self.value, "__getitem__")?.get(name) {
            return Ok(value);
        }
        match &self.aligner.columns {
            Some(columns) if !columns.contains(name) => Err(raise("KeyError", format!("'{name}'"))),
            _ => Ok(&NULL),
        }
    }

    /// `example[name]`, if the set has a name for it.
    fn optional(self, name: Option<&String>) -> Result<Option<&'r Value<'r>>, EncodeError> {
        name.map(|name| self.column(name)).transpose()
    }

    /// `example[name] if name else ""`.
    fn text(self, name: Option<&String>) -> Result<Given<'r>, EncodeError> {
        Ok(self.optional(name)?.map_or_else(Given::default, Given::from))
    }

    /// `example.get(name, "") if name else ""`.
    fn text_if_there(self, name: Option<&String>) -> Result<Given<'r>, EncodeError> {
        match name {
            Some(name) if self.has(name) => self.text(Some(name)),
            _ => Ok(Given::default()),
        }
    }

    fn system_column(self) -> Origin<'r> {
        let name = self.attr().columns.system.as_deref();
        name.map_or(Origin::Nowhere, Origin::Column)
    }

    fn has(self, name: &str) -> bool {
        match &self.aligner.columns {
            Some(columns) => columns.contains(name),
            None => self.value.get(name).is_some(),
        }
    }

    /// Whether the row's answer is a wanted one, where the row says so.
    fn wanted(self) -> Result<Option<bool>, EncodeError> {
        Ok(self
            .optional(self.attr().columns.kto_tag.as_ref())?
            .and_then(Value::as_bool))
    }

    /// The chosen and the rejected answer with their columns, if the set is a ranked one and both
    /// are of the kind the format takes.
    fn ranked(self, is: impl Fn(&Value<'_>) -> bool) -> Result<Option<[(&'r str, &'r Value<'r>); 2]>, EncodeError> {
        if !self.attr().ranking {
            return Ok(None);
        }
        let read = |name: &'r Option<String>| {
            let name = named(name)?;
            Ok((name, self.column(name)?))
        };
        let columns = &self.attr().columns;
        let chosen = read(&columns.chosen)?;
        if !is(chosen.1) {
            return Ok(None);
        }
        let rejected = read(&columns.rejected)?;
        Ok(is(rejected.1).then_some([chosen, rejected]))
    }

    /// The messages, and the system prompt if the first of them is one. `otherwise` reads the
    /// system column.
    fn messages(
        self,
        otherwise: impl Fn(Self) -> Result<Given<'r>, EncodeError>,
    ) -> Result<(Messages<'r>, (Given<'r>, Origin<'r>)), EncodeError> {
        let column = named(&self.attr().columns.messages)?;
        let list = self.column(column)?;
        let Some(items) = list.as_array() else {
            return Err(type_error(format!(
                "object of type '{}' has no len()",
                python::class(list)
            )));
        };
        let tags = &self.attr().tags;
        if let (Some(tag), Some(first)) = (&tags.system_tag, items.first())
            && key(first, &tags.role_tag)?.as_str() == Some(tag)
        {
            let system = Given::from(key(first, &tags.content_tag)?);
            return Ok((
                Messages {
                    column,
                    first: 1,
                    items: &items[1..],
                },
                (system, Origin::Element(column, 0)),
            ));
        }
        let messages = Messages {
            column,
            first: 0,
            items,
        };
        Ok((messages, (otherwise(self)?, self.system_column())))
    }
}

/// Messages of a row, without a system prompt at their head.
#[derive(Clone, Copy)]
struct Messages<'r> {
    column: &'r str,
    /// Number of the first of them in the row.
    first: usize,
    items: &'r [Value<'r>],
}

impl<'r> Messages<'r> {
    fn iter(self) -> impl Iterator<Item = (Origin<'r>, &'r Value<'r>)> {
        let origin = move |at| Origin::Element(self.column, self.first + at);
        self.items.iter().enumerate().map(move |(at, item)| (origin(at), item))
    }
}

/// The name a column or a tag must have: `example[None]` is no column.
fn named(name: &Option<String>) -> Result<&str, EncodeError> {
    name.as_deref().ok_or_else(|| raise("KeyError", "None"))
}

/// `message[tag]`.
fn key<'r>(message: &'r Value<'r>, tag: &Option<String>) -> Result<&'r Value<'r>, EncodeError> {
    python::item(message, named(tag)?)
}

/// Whether a role is the one a tag names; without a name it is that of no role.
fn is_tag(role: &Value<'_>, tag: Option<&String>) -> bool {
    match (role, tag) {
        (Value::Str(role), Some(tag)) => role == tag,
        (Value::Null, None) => true,
        _ => false,
    }
}

/// The role a tag stands for: where two roles have the same tag, the later one's.
fn role_of(row: Row<'_>, role: &Value<'_>) -> Option<Role> {
    let tags = &row.attr().tags;
    [
        (&tags.system_tag, Role::System),
        (&tags.function_tag, Role::Function),
        (&tags.observation_tag, Role::Observation),
        (&tags.assistant_tag, Role::Assistant),
        (&tags.user_tag, Role::User),
    ]
    .into_iter()
    .find_map(|(tag, meant)| is_tag(role, tag.as_ref()).then_some(meant))
}

/// An answer nobody gave, beside one that is wanted or not.
fn empty_answer<'r>() -> Message<'r> {
    Message {
        role: Role::Assistant,
        content: Given::default(),
        origin: Origin::Nowhere,
    }
}

/// The wanted answer before the unwanted one.
fn in_order(wanted: bool, answer: Message<'_>) -> Vec<Message<'_>> {
    if wanted {
        vec![answer, empty_answer()]
    } else {
        vec![empty_answer(), answer]
    }
}

/// Splits the turns of a conversation into prompt and response.
fn divide<'r>(row: Row<'r>, mut turns: Vec<Message<'r>>) -> Result<(Vec<Message<'r>>, Vec<Message<'r>>), EncodeError> {
    if let Some(wanted) = row.wanted()? {
        // An empty conversation has no last turn, and then no answer either.
        let response = match turns.pop() {
            Some(answer) => in_order(wanted, answer),
            None => vec![empty_answer()],
        };
        return Ok((turns, response));
    }
    if let Some([chosen, rejected]) = row.ranked(|value| matches!(value, Value::Object(_)))? {
        // A role that is no answer's is said to break the row, which nobody then asks about.
        let response = vec![compared(row, chosen)?, compared(row, rejected)?];
        return Ok((turns, response));
    }
    let response = turns.pop().into_iter().collect();
    Ok((turns, response))
}

fn compared<'r>(row: Row<'r>, (column, message): (&'r str, &'r Value<'r>)) -> Result<Message<'r>, EncodeError> {
    let tags = &row.attr().tags;
    let role = key(message, &tags.role_tag)?;
    Ok(Message {
        role: role_of(row, role).ok_or_else(|| no_role(role))?,
        content: Given::from(key(message, &tags.content_tag)?),
        origin: Origin::Column(column),
    })
}

/// What looking up a role that no tag names raises.
fn no_role(role: &Value<'_>) -> EncodeError {
    match role {
        Value::Array(_) | Value::Object(_) => type_error(format!("unhashable type: '{}'", python::class(role))),
        _ => raise("KeyError", python::dumps(role)),
    }
}

/// Why a conversation of `turns` turns does not go on as it should, if it does not.
fn wrong_count(row: Row<'_>, turns: usize) -> Option<String> {
    match (row.attr().ranking, turns % 2) {
        (false, 1) => Some(format!(
            "{turns} turns, where questions and answers make an even number"
        )),
        (true, 0) => Some(format!(
            "{turns} turns before the answers that are compared, not an odd number"
        )),
        _ => None,
    }
}
