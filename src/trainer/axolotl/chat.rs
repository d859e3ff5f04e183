//! `type: chat_template` (`prompt_strategies/chat_template.py`, `ChatTemplateStrategy`).
//!
//! The conversation is rendered and tokenised as one. Of each trained turn only the content is
//! trained, and the end-of-turn token if it stands within three tokens of it: neither the header,
//! nor what the template adds before or after.
//!
//! The branch of axolotl that trains the last turn only (no `roles_to_train`, no `train_on_eos`)
//! cannot be reached from a config: the schema fills `train_on_eos` in.

use std::cell::RefCell;
use std::sync::Arc;

use crate::encode::kit::{Conversation, Kit, Message};
use crate::encode::locate::{locate, parts};
use crate::encode::template::{Rendered, Template};
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::Example;
use crate::model::value::{Object, Value};
use crate::trainer::SitePackages;
use crate::trainer::intended::label;

use super::details;
use super::kwargs;
use super::locate::{Found, Range, SENTINELS, by_tokens, difference, union};
use super::options::{Dataset, Options, Which};
use super::templates;
use super::thread::{DETAIL, REASONING_DETAIL, TRAINING, Threads, field_messages, is_text, with_parsed};
use super::variables;
use crate::trainer::failure::{raises, unsupported};
use crate::trainer::python::{has_nulls, loads, reborrow, truthy, type_name, without_nulls};
use crate::trainer::row::Row;

/// How far behind a turn its end may stand, in tokens: "allow for some template padding".
const REACH: usize = 3;

pub(super) struct Chat {
    kit: Arc<Kit>,
    /// `None` where it is the tokenizer's own.
    template: Option<Template>,
    /// Whether that is several named ones.
    named_templates: bool,
    threads: Threads,
    train_on_inputs: bool,
    roles_to_train: Vec<String>,
    ends: [Ends; 2],
    kwargs: Option<Value<'static>>,
    /// Only where `chat_template_kwargs` say so.
    adds_generation_prompt: bool,
    /// A first system turn is never looked for in tokenizers whose name says mistral.
    skips_first_system: bool,
}

/// End-of-turn tokens, and which of them are trained.
struct Ends {
    ids: Vec<u32>,
    which: Which,
}

#[derive(Default)]
struct Scratch {
    rendered: Rendered,
    tokens: Tokens,
    dummy: Rendered,
    prefix: Tokens,
    other: Tokens,
    found: Vec<Option<(u32, u32)>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A rendered conversation.
struct Rendition<'r> {
    turns: &'r [Value<'r>],
    /// The same, as they are given to the template.
    messages: &'r [Message<'r>],
    tools: Option<&'r Value<'r>>,
    text: &'r str,
    ids: &'r [u32],
    /// The reference's own, as bytes of the text.
    offsets: &'r [(u32, u32)],
}

/// Which field of a turn is replaced by the placeholder.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    /// The content; everything but the role goes with it.
    Turn,
    /// The content; the reasoning stays.
    Content,
    /// The reasoning; the content stays.
    Reasoning,
}

impl Chat {
    pub(super) fn new(
        kit: &Arc<Kit>,
        options: &Options,
        dataset: &Dataset,
        packages: &SitePackages,
    ) -> Result<Self, EncodeError> {
        let choice = templates::of_dataset(kit, options, dataset, packages)?;
        let asked = variables::of_message(&choice.source, field_messages(dataset))?;
        let threads = Threads::new(dataset, asked)?;
        let roles_to_train = match &dataset.roles_to_train {
            Some(roles) => roles.iter().map(|role| threads.role(role).to_owned()).collect(),
            None => vec!["assistant".to_owned()],
        };
        let on_eos = dataset.train_on_eos.unwrap_or(Which::Turn);
        let on_eot = dataset.train_on_eot.unwrap_or(on_eos);
        let eos = kit.facts().token("eos_token");
        let ends = [
            Ends {
                ids: end_of_turn_ids(kit, &choice.source, options, on_eos, on_eot)?,
                which: on_eot,
            },
            Ends {
                ids: eos.and_then(|eos| eos.id).into_iter().collect(),
                which: on_eos,
            },
        ];
        let kwargs = kwargs::of(options)?;
        let skips_first_system = name_of_tokenizer(kit, options).to_lowercase().contains("mistral");
        Ok(Self {
            threads,
            train_on_inputs: options.train_on_inputs(),
            roles_to_train,
            ends,
            adds_generation_prompt: kwargs
                .get("add_generation_prompt")
                .is_some_and(|flag| truthy(Some(flag))),
            kwargs: (!kwargs.is_empty()).then_some(Value::Object(kwargs)),
            skips_first_system,
            template: choice.template,
            named_templates: choice.named,
            kit: Arc::clone(kit),
        })
    }

    pub(super) fn encode(&self, row: Row<'_>, example: &Example<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        SCRATCH.with_borrow_mut(|scratch| {
            let messages = self.threads.messages(row)?;
            let turns = self.threads.turns(row, &messages)?;
            let tools = tools(row)?;
            let tools = tools.as_ref();
            let messages: Vec<Message<'_>> = turns.iter().map(Message::Raw).collect();
            self.render(&messages, tools, None, &mut scratch.rendered)?;
            out.text.push_str(&scratch.rendered.text);
            let mut tokens = std::mem::take(&mut scratch.tokens);
            self.kit.encode(&out.text, false, Detail::Offsets, &mut tokens)?;
            std::mem::swap(&mut out.input_ids, &mut tokens.ids);
            std::mem::swap(&mut out.offsets, &mut tokens.extents);
            out.labels.resize(out.input_ids.len(), IGNORE);
            let row = Rendition {
                turns: &turns,
                messages: &messages,
                tools,
                text: &out.text,
                ids: &out.input_ids,
                offsets: &tokens.offsets,
            };
            self.label(&row, &mut out.labels, scratch)?;
            scratch.tokens = tokens;
            locate(&out.text, example.turns.iter(), &mut scratch.found);
            parts(out.text.len(), &scratch.found, &mut out.parts);
            Ok(())
        })
    }

    fn render(
        &self,
        messages: &[Message<'_>],
        tools: Option<&Value<'_>>,
        kwargs: Option<&Value<'_>>,
        rendered: &mut Rendered,
    ) -> Result<(), EncodeError> {
        if self.named_templates {
            return Err(raises("TypeError", "unhashable type: 'dict'"));
        }
        let conversation = Conversation {
            messages,
            tools,
            kwargs: kwargs.or(self.kwargs.as_ref()),
            add_generation_prompt: self.adds_generation_prompt,
        };
        self.kit.render(self.template.as_ref(), conversation, rendered)
    }

    /// Labels the trained turns and ends of turns (`_tokenize_single_prompt`).
    fn label(&self, row: &Rendition<'_>, labels: &mut [i32], scratch: &mut Scratch) -> Result<(), EncodeError> {
        let trains_all_ends = self.ends.iter().any(|ends| ends.which == Which::All);
        let mut last = [None; 2];
        for (index, turn) in row.turns.iter().enumerate() {
            let trained = self.is_trained(turn);
            if !trained && !trains_all_ends {
                continue;
            }
            let range = self.label_turn(row, index, trained, labels, scratch)?;
            let end = range.map(|(_, end)| end);
            for (ends, last) in self.ends.iter().zip(&mut last) {
                let Some(at) = ends.first_from(row.ids, end)?.filter(|at| near(*at, end)) else {
                    continue;
                };
                *last = Some(at);
                if ends.which == Which::All || (ends.which == Which::Turn && trained) {
                    labels[at] = label(row.ids[at]);
                }
            }
        }
        for (ends, last) in self.ends.iter().zip(last) {
            if let (Which::Last, Some(at)) = (ends.which, last) {
                labels[at] = label(row.ids[at]);
            }
        }
        Ok(())
    }

    fn is_trained(&self, turn: &Value<'_>) -> bool {
        if let Some(training) = turn.get(TRAINING).filter(|value| !value.is_null()) {
            return truthy(Some(training));
        }
        let details = [turn.get(DETAIL), turn.get(REASONING_DETAIL)];
        if details.iter().flatten().any(|detail| !detail.is_null()) {
            return details.iter().any(|detail| truthy(*detail));
        }
        let role = turn.get("role").and_then(Value::as_str);
        self.train_on_inputs || role.is_some_and(|role| self.roles_to_train.iter().any(|trained| trained == role))
    }

    /// Labels a turn's content and returns where it stands.
    fn label_turn(
        &self,
        row: &Rendition<'_>,
        index: usize,
        trained: bool,
        labels: &mut [i32],
        scratch: &mut Scratch,
    ) -> Result<Option<Range>, EncodeError> {
        let turn = &row.turns[index];
        let detail = turn.get(DETAIL).filter(|detail| truthy(Some(detail)));
        let reasoning_detail = turn.get(REASONING_DETAIL).filter(|detail| truthy(Some(detail)));
        let reasoning = turn.get(&self.threads.thinking_key).filter(|value| !value.is_null());
        let has_detail = detail.is_some() || reasoning_detail.is_some();
        let field = if has_detail && reasoning.is_some() {
            Field::Content
        } else {
            Field::Turn
        };
        let range = self.find(row, index, field, scratch)?;
        if let (true, Some((start, end))) = (trained, range) {
            if let Some(detail) = detail {
                self.label_detail(row, turn.get("content"), detail, start, labels, scratch)?;
            } else if reasoning_detail.is_none() {
                for (slot, id) in labels[start..end].iter_mut().zip(&row.ids[start..end]) {
                    *slot = label(*id);
                }
            }
        }
        if let (true, Some(detail), Some(reasoning)) = (trained, reasoning_detail, reasoning)
            && let Some((start, _)) = self.find(row, index, Field::Reasoning, scratch)?
        {
            self.label_detail(row, Some(reasoning), detail, start, labels, scratch)?;
        }
        Ok(range)
    }

    /// Labels the stretches of a text whose first token is at `start`. Its tokens are counted on
    /// from there, though it was tokenised alone.
    fn label_detail(
        &self,
        row: &Rendition<'_>,
        text: Option<&Value<'_>>,
        detail: &Value<'_>,
        start: usize,
        labels: &mut [i32],
        scratch: &mut Scratch,
    ) -> Result<(), EncodeError> {
        let Some(text) = text.and_then(Value::as_str) else {
            return Err(raises(
                "ValueError",
                "`train_detail` is not supported when `content` is not a string.",
            ));
        };
        self.kit.encode(text, false, Detail::Offsets, &mut scratch.other)?;
        let trained = details::trained(text, &scratch.other.offsets, detail)?;
        let slots = labels[start..].iter_mut().zip(&row.ids[start..]);
        for ((slot, id), _) in slots.zip(trained).filter(|(_, trained)| *trained) {
            *slot = label(*id);
        }
        Ok(())
    }

    /// `find_turn`.
    fn find(
        &self,
        row: &Rendition<'_>,
        index: usize,
        field: Field,
        scratch: &mut Scratch,
    ) -> Result<Option<Range>, EncodeError> {
        let is_system = row.turns[index].get("role").and_then(Value::as_str) == Some("system");
        if index == 0 && is_system && self.skips_first_system {
            return Ok(None);
        }
        let mut found = Found::Unclear;
        if !row.text.is_empty() {
            found = self.find_in_text(row, index, field, scratch)?;
        }
        if found == Found::Unclear {
            found = self.find_in_tokens(row, index, field, scratch)?;
        }
        Ok(match found {
            Found::Tokens(range) => Some(range),
            Found::Absent | Found::Unclear => None,
        })
    }

    fn find_in_text(
        &self,
        row: &Rendition<'_>,
        index: usize,
        field: Field,
        scratch: &mut Scratch,
    ) -> Result<Found, EncodeError> {
        let mut spans = [(0, 0); 2];
        for (span, sentinel) in spans.iter_mut().zip(SENTINELS) {
            let dummy = self.dummy(&row.turns[index], field, sentinel);
            let mut messages = row.messages.to_vec();
            messages[index] = Message::Raw(&dummy);
            self.render(&messages, row.tools, None, &mut scratch.dummy)?;
            if scratch.dummy.text.is_empty() {
                return Ok(Found::Unclear);
            }
            *span = difference(row.text, &scratch.dummy.text);
        }
        Ok(union(spans, row.offsets))
    }

    fn find_in_tokens(
        &self,
        row: &Rendition<'_>,
        index: usize,
        field: Field,
        scratch: &mut Scratch,
    ) -> Result<Found, EncodeError> {
        let mut kwargs = match &self.kwargs {
            Some(Value::Object(kwargs)) => kwargs.clone(),
            _ => Object::new(),
        };
        if let Some(last) = row.turns.len().checked_sub(1).filter(|last| *last > 0) {
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            kwargs.insert("real_last_index".into(), Value::Int(last));
        }
        let kwargs = Value::Object(kwargs);
        let mut messages = row.messages[..=index].to_vec();
        self.render(&messages, row.tools, Some(&kwargs), &mut scratch.dummy)?;
        self.kit
            .encode(&scratch.dummy.text, false, Detail::Ids, &mut scratch.prefix)?;
        let dummy = self.dummy(&row.turns[index], field, SENTINELS[0]);
        messages[index] = Message::Raw(&dummy);
        self.render(&messages, row.tools, Some(&kwargs), &mut scratch.dummy)?;
        self.kit
            .encode(&scratch.dummy.text, false, Detail::Ids, &mut scratch.other)?;
        Ok(by_tokens(&scratch.prefix.ids, &scratch.other.ids))
    }

    /// `_build_dummy_turn`.
    fn dummy<'d>(&'d self, turn: &'d Value<'_>, field: Field, sentinel: &'static str) -> Value<'d> {
        let sentinel = Value::Str(sentinel.into());
        let kept = |key: &str| turn.get(key).map(reborrow);
        let mut dummy = Object::with_capacity(3);
        dummy.push("role".into(), kept("role").unwrap_or(Value::Null));
        let key = self.threads.thinking_key.as_str();
        let reasoning = kept(key);
        if field == Field::Reasoning {
            dummy.push("content".into(), kept("content").unwrap_or(Value::Str("".into())));
            if reasoning.is_some() {
                dummy.insert(key.into(), sentinel);
            }
        } else {
            dummy.push("content".into(), sentinel);
            if let (Field::Content, Some(reasoning)) = (field, reasoning) {
                dummy.insert(key.into(), reasoning);
            }
        }
        Value::Object(dummy)
    }
}

impl Ends {
    /// The first end at or behind a token; `None` stands for a turn that was not found, which
    /// axolotl calls -1: its search then starts with the last token, and gives up if that is one.
    fn first_from(&self, ids: &[u32], start: Option<usize>) -> Result<Option<usize>, EncodeError> {
        if start.is_none() {
            let last = ids
                .last()
                .ok_or_else(|| raises("IndexError", "list index out of range"))?;
            if self.ids.contains(last) {
                return Ok(None);
            }
        }
        let start = start.unwrap_or(0);
        let found = ids[start..].iter().position(|id| self.ids.contains(id));
        Ok(found.map(|at| start + at))
    }
}

/// Whether an end belongs to a turn that ends at `end`; `None` is -1.
fn near(at: usize, end: Option<usize>) -> bool {
    match end {
        Some(end) => at.abs_diff(end) <= REACH,
        None => at < REACH,
    }
}

/// The ids of `eot_tokens`, checked as axolotl checks them (`_validate_eot_and_eos_tokens`).
fn end_of_turn_ids(
    kit: &Kit,
    template: &str,
    options: &Options,
    on_eos: Which,
    on_eot: Which,
) -> Result<Vec<u32>, EncodeError> {
    let eos = kit.facts().token("eos_token").map(|eos| eos.text.as_str());
    let given: Vec<&str> = match &options.eot_tokens {
        Some(tokens) => tokens.iter().map(String::as_str).collect(),
        None => eos.into_iter().collect(),
    };
    let checked = given.len() != 1 || Some(given[0]) != eos;
    let mut tokens = Tokens::default();
    let mut ids = Vec::new();
    for token in given {
        if checked && !template.contains(token) {
            continue;
        }
        kit.encode(token, false, Detail::Ids, &mut tokens)?;
        match tokens.ids[..] {
            [id] => ids.push(id),
            [] if checked => return Err(raises("ValueError", "EOT token encoding failed.")),
            _ if checked => {
                let message = format!("EOT token '{token}' is encoded as multiple tokens: {:?}.", tokens.ids);
                return Err(raises("ValueError", message));
            }
            _ => {}
        }
        if checked && Some(token) == eos && on_eos != on_eot {
            let (on_eos, on_eot) = (on_eos.name(), on_eot.name());
            return Err(raises(
                "ValueError",
                format!("Conflict between train_on_eos ({on_eos}) and train_on_eot ({on_eot})"),
            ));
        }
    }
    Ok(ids)
}

/// What axolotl knows the tokenizer by: the config's word for it, else where it was found.
fn name_of_tokenizer(kit: &Kit, options: &Options) -> String {
    let given = [&options.tokenizer_config, &options.base_model];
    match given.into_iter().flatten().find(|name| !name.is_empty()) {
        Some(name) => name.clone(),
        None => kit.name_or_path().into_owned(),
    }
}

/// `_get_tools`, and whether there are any. The column is always called `tools`.
fn tools(row: Row<'_>) -> Result<Option<Value<'_>>, EncodeError> {
    let list = match row.get("tools") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Str(text)) => loads(text)?,
        Some(value) if has_nulls(value) => without_nulls(value),
        Some(value) => reborrow(value),
    };
    let Value::Array(mut items) = list else {
        let name = type_name(&list);
        return Err(raises(
            "ValueError",
            format!("Unknown tools format, a {name} and no list[dict]"),
        ));
    };
    if items.is_empty() {
        return Ok(None);
    }
    for item in &mut items {
        if item.as_object().is_none() {
            return Err(unsupported("tools that are not objects"));
        }
        if is_text(item, "parameters") {
            *item = with_parsed(item, "parameters")?.into_owned();
        }
    }
    Ok(Some(Value::Array(items)))
}
