//! Rows of 0.15 to 0.18: a conversation becomes a text, and texts are tokenised
//! (`_prepare_dataset` of `sft_trainer.py`, `apply_chat_template` of `data_utils.py`).
//!
//! The template is given the messages alone: `tools` and `chat_template_kwargs` of a row are not read.

use std::borrow::Cow;

use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::Example;
use crate::model::value::Value;
use crate::trainer::python::type_name;
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::{raises, unsupported};
use crate::trainer::trl::row::{Looks, Row, looks};
use crate::trainer::trl::templated::{Templater, check_keys};
use crate::trainer::trl::versions::{Eos, TextRows};

use super::Sft;
use super::encode::{Scratch, take};

/// What the first row decides for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Prompt and completion become one column, of this name.
    pub(super) joined: Option<&'static str>,
    /// All rows are conversations (0.17 and 0.18).
    pub(super) chats: bool,
}

impl Plan {
    /// What the columns and the first row of a set make of it.
    pub(super) fn of(texts: TextRows, sample: Row<'_>, converted: Row<'_>) -> Result<Self, EncodeError> {
        let mut plan = Self::default();
        if texts.joins && sample.has("prompt") && sample.has("completion") {
            let chats = sample.is_conversational(false)?;
            plan.joined = Some(if chats { "messages" } else { "text" });
        }
        if !texts.by_row {
            plan.chats = converted.is_conversational(false)?;
        }
        Ok(plan)
    }
}

/// A row's texts.
enum Texts<'r> {
    One {
        text: Cow<'r, str>,
        chat: bool,
    },
    Two {
        prompt: Cow<'r, str>,
        completion: Cow<'r, str>,
        chat: bool,
    },
}

impl Sft {
    /// Tokenises a row that was not tokenised before.
    pub(super) fn texts(
        &self,
        texts: TextRows,
        row: Row<'_>,
        example: &Example<'_>,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let made = if texts.by_row {
            self.of_the_row(texts, row)?
        } else {
            self.of_the_set(texts, row)?
        };
        match made {
            Texts::One { text, chat } => {
                if chat && !texts.specials_around_chats {
                    scratch.whole.encode_plain(&self.kit, &text)?;
                } else {
                    scratch.whole.encode_text(&self.kit, &text)?;
                }
                if texts.eos == Eos::Id {
                    self.end(&mut scratch.whole)?;
                }
                take(&mut scratch.whole, example, &mut scratch.found, out);
                Ok(())
            }
            Texts::Two {
                prompt,
                completion,
                chat,
            } => {
                let whole = format!("{prompt}{completion}");
                if chat {
                    scratch.prompt.encode_plain(&self.kit, &prompt)?;
                    scratch.whole.encode_plain(&self.kit, &whole)?;
                } else {
                    scratch.prompt.encode_text(&self.kit, &prompt)?;
                    scratch.whole.encode_text(&self.kit, &whole)?;
                }
                self.divide(example, scratch, false, out)
            }
        }
    }

    /// 0.15 and 0.16: `maybe_apply_chat_template`, row by row.
    fn of_the_row<'r>(&self, texts: TextRows, row: Row<'r>) -> Result<Texts<'r>, EncodeError> {
        if ["chosen", "rejected"].iter().any(|column| row.has(column)) {
            return Err(unsupported(
                "rows with chosen or rejected, in SFTTrainer of trl 0.15 and 0.16",
            ));
        }
        let (joined, list);
        let mut said: Option<&[Value<'_>]> = None;
        match self.plan.joined {
            Some("messages") => {
                let (Value::Array(asked), Value::Array(answered)) = (row.get("prompt")?, row.get("completion")?) else {
                    return Err(cannot_add(row)?);
                };
                list = asked.iter().chain(answered).cloned().collect::<Vec<_>>();
                said = Some(&list);
            }
            Some(_) => {
                let (Value::Str(asked), Value::Str(answered)) = (row.get("prompt")?, row.get("completion")?) else {
                    return Err(cannot_add(row)?);
                };
                joined = format!("{asked}{answered}");
                if row.has("messages") {
                    return Err(unsupported("rows with messages beside prompt and completion"));
                }
                return self.column(row, Some(joined), false);
            }
            None if row.has("messages") => said = row.get("messages")?.as_array(),
            None if row.has("prompt") => {
                if let Value::Array(asked) = row.get("prompt")?
                    && row.is_conversational(false)?
                {
                    let kept: &[&str] = if row.has("completion") {
                        &["prompt", "completion"]
                    } else {
                        &["prompt"]
                    };
                    check_keys(row, kept)?;
                    self.templater(texts, &Arguments::default()).split::<0>(asked, [])?;
                }
            }
            None => {}
        }
        let Some(messages) = said else {
            if row.has("messages") && !row.has(&self.options.dataset_text_field) {
                return Err(unsupported("a row without messages among others with them"));
            }
            return self.column(row, None, false);
        };
        match looks(Some(messages), false) {
            Looks::Empty => Err(raises("IndexError", "list index out of range")),
            Looks::Plain if row.has(&self.options.dataset_text_field) => self.column(row, None, false),
            Looks::Plain => Err(unsupported("messages without role and content")),
            Looks::Messages => {
                let kept: &[&str] = if self.plan.joined.is_some() {
                    &["messages", "prompt", "completion"]
                } else {
                    &["messages"]
                };
                check_keys(row, kept)?;
                let text = self.templater(texts, &Arguments::default()).alone(messages)?;
                self.column(row, Some(text), true)
            }
        }
    }

    /// 0.17 and 0.18: as the first row was.
    fn of_the_set<'r>(&self, texts: TextRows, row: Row<'r>) -> Result<Texts<'r>, EncodeError> {
        if !self.plan.chats {
            if !row.has("prompt") {
                let field = self.options.dataset_text_field.as_str();
                let text = match &self.options.formatting_field {
                    Some(column) if field == "text" => self.append_eos(row.text(column)?),
                    _ => self.with_eos(row, field)?,
                };
                return Ok(Texts::One { text, chat: false });
            }
            return Ok(Texts::Two {
                prompt: row.text("prompt")?,
                completion: self.with_eos(row, "completion")?,
                chat: false,
            });
        }
        let given = Arguments::default();
        let templater = self.templater(texts, &given);
        let list = |column: &str| {
            row.get(column)?
                .as_array()
                .ok_or_else(|| raises("TypeError", format!("{column} is no list of messages")))
        };
        if row.has("messages") {
            check_keys(row, &["messages"])?;
            let text = templater.alone(list("messages")?)?;
            return self.column(row, Some(text), true);
        }
        check_keys(row, &["prompt", "completion", "label"])?;
        if !row.has("completion") {
            templater.split::<0>(list("prompt")?, [])?;
            return Err(raises("KeyError", "'completion'"));
        }
        if !row.has("prompt") {
            return Err(raises("KeyError", "Invalid keys in the example: completion alone"));
        }
        let (prompt, [completion]) = templater.split(list("prompt")?, [list("completion")?])?;
        Ok(Texts::Two {
            prompt: prompt.into(),
            completion: completion.into(),
            chat: true,
        })
    }

    /// The column that is tokenised, of which `text` may have just been made.
    fn column<'r>(&self, row: Row<'r>, text: Option<String>, chat: bool) -> Result<Texts<'r>, EncodeError> {
        let field = self.options.dataset_text_field.as_str();
        match text {
            Some(text) if field == "text" => Ok(Texts::One {
                text: text.into(),
                chat,
            }),
            _ => Ok(Texts::One {
                text: self.called(row, field)?,
                chat,
            }),
        }
    }

    /// A text the tokenizer is called with as it is.
    fn called<'r>(&self, row: Row<'r>, column: &str) -> Result<Cow<'r, str>, EncodeError> {
        let column = match &self.options.formatting_field {
            Some(given) if column == "text" => given,
            _ => column,
        };
        match row.get(column)? {
            Value::Str(text) => Ok(Cow::Borrowed(text)),
            other => Err(raises(
                "ValueError",
                format!(
                    "text input must be of type `str`, not {} (column `{column}`)",
                    type_name(other)
                ),
            )),
        }
    }

    fn templater<'k>(&'k self, texts: TextRows, given: &'k Arguments<'k>) -> Templater<'k> {
        Templater {
            kit: &self.kit,
            given,
            rules: texts.rules,
        }
    }
}

/// `prompt + completion` of what Python does not add.
fn cannot_add(row: Row<'_>) -> Result<EncodeError, EncodeError> {
    let (left, right) = (type_name(row.get("prompt")?), type_name(row.get("completion")?));
    Ok(raises(
        "TypeError",
        format!("prompt and completion cannot be joined: {left} + {right}"),
    ))
}
