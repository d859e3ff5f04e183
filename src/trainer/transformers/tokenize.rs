//! What a training script makes of a row before the collator sees it.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::encode::kit::{Chat, Kit};
use crate::encode::template::Rendered;
use crate::encode::tokenizer::Detail;
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::failure::{key_error, raises, unsupported};

use super::call::{Called, TextCall};
use super::chat::{ChatCall, Chatted};
use super::feature::{Column, Features};

/// How rows are tokenised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `tokenizer(row[field])`.
    Text,
    /// `tokenizer.apply_chat_template(row["messages"])`.
    Chat,
    /// The chat template's text through `tokenizer(text)`: the classical way to two BOS.
    TemplateThenCall,
    /// Rows are tokenised already.
    #[default]
    None,
}

/// The script's choices.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    pub mode: Mode,
    /// The column of a text.
    pub field: String,
    /// Whether the script writes the EOS behind a text.
    pub append_eos: bool,
    /// Whether the script makes a copy of the ids the labels.
    pub copy_labels: bool,
    /// Arguments of `tokenizer(…)`, or of `apply_chat_template(…)`.
    pub call: Map<String, Json>,
    /// Arguments of `apply_chat_template(…)` where `tokenizer(…)` comes after it.
    pub template_call: Map<String, Json>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::None,
            field: "text".to_owned(),
            append_eos: false,
            copy_labels: false,
            call: Map::new(),
            template_call: Map::new(),
        }
    }
}

/// The choices, settled for a tokenizer.
pub enum Tokenize {
    Text {
        call: TextCall,
        field: String,
        /// The text behind each text.
        append: Option<String>,
        copy_labels: bool,
    },
    Chat {
        call: ChatCall,
        copy_labels: bool,
    },
    TemplateThenCall {
        template: ChatCall,
        call: TextCall,
        copy_labels: bool,
    },
    None,
}

/// A row's text, its tokens and its labels, in buffers that are used again.
#[derive(Default)]
pub struct Row {
    pub rendered: Rendered,
    pub called: Called,
    pub mask: Vec<bool>,
    /// `labels`, where the script makes them.
    pub labels: Option<Vec<i64>>,
    chatted: Chatted,
}

impl Row {
    /// The labels of all tokens, where truncation cut some.
    pub(super) fn uncut_labels(&mut self, tokenize: &Tokenize) -> Option<Vec<i64>> {
        let ids = &self.called.uncut.ids;
        let of = |id: &u32| i64::from(*id);
        match tokenize {
            Tokenize::Chat { call, .. } if call.mask => {
                let mut mask = Vec::new();
                Chat::mask(&self.rendered, &self.called.uncut, &mut mask);
                let label = |(id, kept): (&u32, &bool)| if *kept { of(id) } else { -100 };
                Some(ids.iter().zip(&mask).map(label).collect())
            }
            _ => self.labels.is_some().then(|| ids.iter().map(of).collect()),
        }
    }
}

impl Tokenize {
    /// # Errors
    ///
    /// What a call would raise whatever the row, and arguments that are not reproduced.
    pub fn new(kit: &Kit, options: &Options) -> Result<Self, EncodeError> {
        let copy_labels = options.copy_labels;
        let call = || TextCall::read(kit, &options.call, true, &Json::Null);
        Ok(match options.mode {
            Mode::None => Self::None,
            Mode::Chat => Self::Chat {
                call: ChatCall::read(kit, &options.call)?,
                copy_labels,
            },
            Mode::TemplateThenCall => Self::TemplateThenCall {
                template: ChatCall::read(kit, &options.template_call)?,
                call: call()?,
                copy_labels,
            },
            Mode::Text => {
                let eos = || {
                    let none = || raises("TypeError", "can only concatenate str (not \"NoneType\") to str");
                    kit.text_of("eos_token").ok_or_else(none)
                };
                Self::Text {
                    append: options.append_eos.then(eos).transpose()?,
                    call: call()?,
                    field: options.field.clone(),
                    copy_labels,
                }
            }
        })
    }

    /// Tokenises a row. A row that is tokenised already leaves `out` without tokens.
    ///
    /// # Errors
    ///
    /// What the script would raise on the row.
    pub fn encode(&self, kit: &Kit, row: &Value<'_>, out: &mut Row) -> Result<(), EncodeError> {
        out.labels = None;
        let copy = match self {
            Self::None => return Ok(()),
            Self::Text {
                call,
                field,
                append,
                copy_labels,
            } => {
                let text = match row.get(field).ok_or_else(|| key_error(field))? {
                    Value::Str(text) => text,
                    Value::Array(_) => return Err(unsupported("a text that is a list")),
                    other => {
                        let class = if append.is_some() { "TypeError" } else { "ValueError" };
                        let message = format!("text input must be of type `str`, not a {}", other.kind());
                        return Err(raises(class, message));
                    }
                };
                out.rendered.text.clear();
                out.rendered.text.push_str(text);
                out.rendered.text.push_str(append.as_deref().unwrap_or_default());
                call.encode(kit, &out.rendered.text, Detail::Extents, &mut out.called)?;
                *copy_labels
            }
            Self::TemplateThenCall {
                template,
                call,
                copy_labels,
            } => {
                template.render(kit, row, &mut out.rendered)?;
                call.encode(kit, &out.rendered.text, Detail::Extents, &mut out.called)?;
                *copy_labels
            }
            Self::Chat { call, copy_labels } => {
                call.encode(kit, row, &mut out.chatted)?;
                std::mem::swap(&mut out.rendered, &mut out.chatted.rendered);
                std::mem::swap(&mut out.called, &mut out.chatted.called);
                std::mem::swap(&mut out.mask, &mut out.chatted.mask);
                if call.mask {
                    let ids = out.called.tokens.ids.iter();
                    let label = |(id, kept): (&u32, &bool)| if *kept { i64::from(*id) } else { -100 };
                    out.labels = Some(ids.zip(&out.mask).map(label).collect());
                    return Ok(());
                }
                *copy_labels
            }
        };
        if copy {
            out.labels = Some(out.called.tokens.ids.iter().map(|id| i64::from(*id)).collect());
        }
        Ok(())
    }

    /// The row as the collator is given it.
    ///
    /// # Errors
    ///
    /// As [`Self::encode`].
    pub fn features(&self, kit: &Kit, row: &Value<'_>, scratch: &mut Row) -> Result<Features, EncodeError> {
        let call = match self {
            Self::None => return Ok(Features::tokenised(row)),
            Self::Text { call, .. } | Self::TemplateThenCall { call, .. } => call,
            Self::Chat { call, .. } => &call.tokens,
        };
        self.encode(kit, row, scratch)?;
        let mut features = Features::default();
        let ids = scratch
            .called
            .tokens
            .ids
            .iter()
            .map(|id| i64::from(*id))
            .collect::<Vec<_>>();
        let (left, right) = scratch.called.padding;
        let attention = call.has_attention_mask().then(|| {
            let mut mask = vec![1; ids.len()];
            mask[..left].fill(0);
            mask[ids.len() - right..].fill(0);
            mask
        });
        features.push("input_ids", Column::Ints(ids));
        if let Some(mask) = attention {
            features.push("attention_mask", Column::Ints(mask));
        }
        if let Some(labels) = scratch.labels.take() {
            features.push("labels", Column::Ints(labels));
        }
        Ok(features)
    }
}
