//! One row: text, ids, masks, truncation (`tokenize_fn`, `build_labels`, `truncate`).

use std::borrow::Cow;
use std::cell::RefCell;

use crate::encode::fit;
use crate::encode::kit::{Chat, Conversation, Message};
use crate::encode::locate::{locate, offset, parts};
use crate::encode::tokenizer::Detail;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, trained};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::trainer::intended::label;

use super::{Mode, Sft};
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::{Truncation, raises, unsupported};
use crate::trainer::trl::row::{Row, converted, without_none};
use crate::trainer::trl::versions::{Liger, RowsInto};

#[derive(Default)]
pub(super) struct Scratch {
    pub(super) prompt: Chat,
    pub(super) whole: Chat,
    pub(super) found: Vec<Option<(u32, u32)>>,
    assistant: Vec<bool>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

pub(super) fn encode(
    sft: &Sft,
    record: &Record<'_>,
    example: &Example<'_>,
    out: &mut Encoded,
) -> Result<(), EncodeError> {
    let cleaned = if sft.features.keeps_none {
        None
    } else {
        Some(without_none(&record.value))
    };
    let value = cleaned.as_ref().unwrap_or(&record.value);
    let object = value
        .as_object()
        .ok_or_else(|| raises("TypeError", "the row is no object"))?;
    let renamed = sft.from_value.then(|| converted(object));
    let row = Row {
        object: renamed.as_ref().unwrap_or(object),
        columns: &sft.columns,
    };
    SCRATCH.with_borrow_mut(|scratch| {
        match (sft.mode, sft.features.rows) {
            (Mode::Tokenised, _) => sft.tokenised(row, out)?,
            (_, RowsInto::Texts(texts)) => sft.texts(texts, row, example, scratch, out)?,
            (Mode::PromptCompletion, _) => sft.prompt_completion(row, example, scratch, out)?,
            (Mode::Language, _) => sft.language(row, example, scratch, out)?,
        }
        sft.finish(out);
        Ok(())
    })
}

impl Sft {
    /// A row that was tokenised before: its labels, or its ids where the masks allow.
    fn tokenised(&self, row: Row<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        out.input_ids.extend(
            integers(row.get("input_ids")?)?
                .into_iter()
                .map(|id| u32::try_from(id).unwrap_or(u32::MAX)),
        );
        if row.has("labels") && self.features.labels_when_prepared {
            let labels = integers(row.get("labels")?)?;
            out.labels
                .extend(labels.into_iter().map(|label| i32::try_from(label).unwrap_or(IGNORE)));
            return Ok(());
        }
        out.labels.extend(out.input_ids.iter().map(|id| label(*id)));
        if matches!(self.features.rows, RowsInto::Texts(_)) {
            return self.tokenised_early(row, out);
        }
        if row.has("labels") && !self.options.packing && !self.loses(Liger::LosesLabels) {
            for (slot, given) in out.labels.iter_mut().zip(integers(row.get("labels")?)?) {
                *slot = i32::try_from(given).unwrap_or(IGNORE);
            }
        }
        for (column, applies) in [
            ("completion_mask", self.masks_prompts()),
            ("assistant_masks", self.masks_others()),
        ] {
            if applies && row.has(column) {
                let mask = integers(row.get(column)?)?;
                keep(out, |at| mask.get(at).is_none_or(|kept| *kept != 0));
            }
        }
        Ok(())
    }

    /// Up to 0.18 the collators know fewer columns: flattening takes labels where the columns are not
    /// yet chosen by name, and TRL's own masks of completions, from 0.17 on.
    fn tokenised_early(&self, row: Row<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        if self.takes_labels() && row.has("labels") {
            for (slot, given) in out.labels.iter_mut().zip(integers(row.get("labels")?)?) {
                *slot = i32::try_from(given).unwrap_or(IGNORE);
            }
        }
        if self.masks_prompts() && !self.options.padding_free && row.has("completion_mask") {
            let mask = integers(row.get("completion_mask")?)?;
            keep(out, |at| mask.get(at).is_none_or(|kept| *kept != 0));
        }
        Ok(())
    }

    fn prompt_completion(
        &self,
        row: Row<'_>,
        example: &Example<'_>,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let mut masked = false;
        if row.is_conversational(self.features.conversational_by_role)? {
            let Scratch {
                prompt,
                whole,
                assistant,
                ..
            } = scratch;
            let Value::Array(asked) = row.get("prompt")? else {
                return Err(raises("TypeError", "can only concatenate list to list"));
            };
            let given = Arguments::of(row, self.features.tools_as_json)?;
            let mut messages: Vec<Message<'_>> = asked.iter().map(Message::Raw).collect();
            self.chat(given.with(&messages, self.features.prompt_has_header), prompt)?;
            let Value::Array(answered) = row.get("completion")? else {
                return Err(raises("TypeError", "can only concatenate list to list"));
            };
            messages.extend(answered.iter().map(Message::Raw));
            self.chat(given.with(&messages, false), whole)?;
            if self.options.assistant_only_loss && self.features.assistant_mask_on_completion {
                masked = true;
                whole.assistant_mask(assistant);
            }
        } else {
            let (asked, answered) = (self.with_eos(row, "prompt")?, self.with_eos(row, "completion")?);
            scratch.prompt.encode_text(&self.kit, &asked)?;
            scratch.whole.encode_text(&self.kit, &format!("{asked}{answered}"))?;
        }
        self.divide(example, scratch, masked, out)
    }

    /// Masks the prompt of prompt + completion, both tokenised, and what no assistant says.
    pub(super) fn divide(
        &self,
        example: &Example<'_>,
        scratch: &mut Scratch,
        masked: bool,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let Scratch {
            prompt,
            whole,
            found,
            assistant,
        } = scratch;
        self.refuse_empty(prompt)?;
        self.refuse_empty(whole)?;
        take(whole, example, found, out);
        let (prompt, whole) = (&prompt.tokens.ids, &out.input_ids);
        let pairs = prompt.iter().zip(whole);
        let common = pairs.take_while(|(left, right)| left == right).count();
        if common < prompt.len() {
            out.unlike_prompt = Some(self.kit.decode(&prompt[common..])?);
        }
        let start = if self.features.common_prefix {
            common
        } else {
            prompt.len()
        };
        if masked {
            if self.features.requires_mask_on_completion {
                Self::require(assistant)?;
            }
            if self.masks_others() {
                keep(out, |at| assistant[at]);
            }
        }
        // Flattening looks at the ids alone.
        if self.masks_prompts() && !self.flattens() {
            keep(out, |at| at >= start);
        }
        Ok(())
    }

    /// Puts the id of the EOS behind a text that does not end in it.
    pub(super) fn end(&self, chat: &mut Chat) -> Result<(), EncodeError> {
        let Some((text, id)) = self.eos.as_ref().and_then(|eos| Some((eos, self.kit.id_of(eos)?))) else {
            return Ok(());
        };
        let last = chat.tokens.ids.last();
        let last = last.ok_or_else(|| raises("IndexError", "list index out of range: a text without a token"))?;
        if *last != id {
            let start = offset(chat.rendered.text.len());
            chat.rendered.text.push_str(text);
            chat.tokens.ids.push(id);
            chat.tokens.extents.push((start, offset(chat.rendered.text.len())));
        }
        Ok(())
    }

    fn language(
        &self,
        row: Row<'_>,
        example: &Example<'_>,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let Scratch {
            whole,
            found,
            assistant,
            ..
        } = scratch;
        if row.is_conversational(self.features.conversational_by_role)? {
            let Value::Array(messages) = row.get("messages")? else {
                return Err(raises("TypeError", "messages is no list"));
            };
            let messages: Vec<Message<'_>> = messages.iter().map(Message::Raw).collect();
            let given = Arguments::of_whole(row, self.features.tools_as_json)?;
            self.chat(given.with(&messages, false), whole)?;
            self.refuse_empty(whole)?;
            if self.options.assistant_only_loss {
                whole.assistant_mask(assistant);
            }
            take(whole, example, found, out);
            if self.options.assistant_only_loss {
                Self::require(assistant)?;
                if self.masks_others() {
                    keep(out, |at| assistant[at]);
                }
            }
            return Ok(());
        }
        let field = self.options.dataset_text_field.as_str();
        let text = match &self.options.formatting_field {
            Some(column) if field == "text" => {
                let text = row.text(column)?;
                self.append_eos(text)
            }
            _ => self.with_eos(row, field)?,
        };
        whole.encode_text(&self.kit, &text)?;
        take(whole, example, found, out);
        Ok(())
    }

    /// Renders and tokenises messages as `apply_chat_template(tokenize=True)` does.
    fn chat(&self, conversation: Conversation<'_>, chat: &mut Chat) -> Result<(), EncodeError> {
        let detail = if self.options.assistant_only_loss {
            Detail::Offsets
        } else {
            Detail::Extents
        };
        chat.encode(&self.kit, self.swapped.as_ref(), conversation, detail)
    }

    /// The column's text, with the EOS appended where `add_eos` does.
    pub(super) fn with_eos<'r>(&self, row: Row<'r>, column: &str) -> Result<Cow<'r, str>, EncodeError> {
        let value = row.text(column)?;
        if !self.adds_eos {
            return Ok(value);
        }
        let field = if self.features.eos_on_text_field {
            self.options.dataset_text_field.as_str()
        } else {
            "text"
        };
        // The text field goes first, be it the prompt; the completion gets its EOS only where the text needs none.
        let eos = self.eos.as_ref().ok_or_else(|| {
            let message = "endswith first arg must be str or a tuple of str, not NoneType: the tokenizer has no EOS";
            raises("TypeError", message)
        })?;
        let due = if column == field {
            true
        } else if column == "completion" {
            !row.has(field) || row.text(field)?.ends_with(eos.as_str())
        } else {
            false
        };
        Ok(if due { self.append_eos(value) } else { value })
    }

    pub(super) fn append_eos<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        match &self.eos {
            Some(eos) if !text.ends_with(eos.as_str()) => Cow::Owned(format!("{text}{eos}")),
            _ => text,
        }
    }

    /// From 0.26 to 0.29 TRL looks at the first token, to see whether ids are nested.
    fn refuse_empty(&self, chat: &Chat) -> Result<(), EncodeError> {
        if self.features.refuses_empty && chat.tokens.is_empty() {
            return Err(raises("IndexError", "list index out of range: a text without a token"));
        }
        Ok(())
    }

    /// A row without a trained assistant token ends the run.
    fn require(assistant: &[bool]) -> Result<(), EncodeError> {
        if assistant.contains(&true) {
            return Ok(());
        }
        Err(raises(
            "RuntimeError",
            "assistant_only_loss=True, but the row has no assistant tokens: the template has no generation markers ({% generation %} … {% endgeneration %} around answers), or marks none",
        ))
    }

    /// Whether `use_liger_kernel` loses this.
    fn loses(&self, columns: Liger) -> bool {
        self.options.use_liger_kernel && self.features.liger <= columns
    }

    /// Whether masks of completions reach the labels: a collator of markers looks at the ids alone.
    fn masks_prompts(&self) -> bool {
        self.completion_only && self.search.is_none() && !self.loses(Liger::LosesMasks) && self.packing_keeps_masks()
    }

    /// Whether masks of assistants reach the labels.
    fn masks_others(&self) -> bool {
        self.search.is_none() && !self.loses(Liger::LosesAssistantMasks) && self.packing_keeps_masks()
    }

    fn packing_keeps_masks(&self) -> bool {
        !self.options.packing || self.features.packing_keeps_masks
    }

    /// Truncation, markers searched for, dropping.
    fn finish(&self, out: &mut Encoded) {
        self.collated(out);
        let limit = self.options.max_length;
        // Markers are searched for in what is left; what is lost shows in the whole.
        let cut = limit.is_some_and(|limit| limit < out.len());
        let whole = self.search.as_ref().filter(|_| cut).map(|search| {
            let mut labels = out.labels.clone();
            search.mask(&mut labels);
            trained(&labels)
        });
        match self.options.truncation_mode {
            // Rows are not cut before they are packed; who packs them may cut what is longer than a sequence.
            _ if self.options.packing => {
                let cuts = self.packer().is_some_and(|packer| packer.cuts());
                fit::keep_start(out, limit.filter(|_| cuts));
            }
            Truncation::KeepStart => fit::keep_start(out, limit),
            Truncation::KeepEnd => fit::keep_end(out, limit),
        }
        if let Some(search) = &self.search {
            search.mask(&mut out.labels);
            out.full_trained = whole.unwrap_or_else(|| out.trained());
            out.answer_lost = out.full_trained > 0 && out.trained() == 0;
        }
        if self.drops(out) {
            out.dropped = Some("no token is trained after truncation".to_owned());
        }
    }
}

/// Keeps the labels of some tokens.
fn keep(out: &mut Encoded, kept: impl Fn(usize) -> bool) {
    for (at, label) in out.labels.iter_mut().enumerate() {
        if !kept(at) {
            *label = IGNORE;
        }
    }
}

/// Moves what was tokenised into the row, every token trained, and finds the turns in it.
pub(super) fn take(chat: &mut Chat, example: &Example<'_>, found: &mut Vec<Option<(u32, u32)>>, out: &mut Encoded) {
    std::mem::swap(&mut out.text, &mut chat.rendered.text);
    std::mem::swap(&mut out.input_ids, &mut chat.tokens.ids);
    std::mem::swap(&mut out.offsets, &mut chat.tokens.extents);
    out.labels.extend(out.input_ids.iter().map(|id| label(*id)));
    locate(&out.text, example.turns.iter(), found);
    parts(out.text.len(), found, &mut out.parts);
}

fn integers(value: &Value<'_>) -> Result<Vec<i64>, EncodeError> {
    let items = value
        .as_array()
        .ok_or_else(|| raises("TypeError", "a column of ids is no list"))?;
    items
        .iter()
        .map(|item| item.as_i64().ok_or_else(|| unsupported("ids that are no integers")))
        .collect()
}
