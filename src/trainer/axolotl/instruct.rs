//! Instruction sets: a prompt, and a response tokenised apart from it (`prompt_tokenizers.py`,
//! `InstructionPromptTokenizingStrategy`; `prompt_strategies/alpaca_w_system.py`).

use std::borrow::Cow;
use std::cell::RefCell;

use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, Part};
use crate::model::example::Example;
use crate::model::value::Value;
use crate::trainer::intended::label;
use crate::trainer::parts::{Speakers, close, mark};

use super::pieces::{Finish, Pieces};
use super::prompters::Prompter;
use crate::trainer::failure::{key_error, raises};
use crate::trainer::python::{reborrow, text, truthy, type_name};
use crate::trainer::row::Row;

/// Where a field of the prompt comes from.
#[derive(Clone, Debug)]
pub(super) enum Take {
    /// A column, which must be there.
    Column(Cow<'static, str>),
    /// A column, or this text where it is not there.
    Or(Cow<'static, str>, Cow<'static, str>),
    /// One column, or the other where it is not there.
    Either(&'static str, &'static str),
    Fixed(&'static str),
    /// Texts and columns put end to end.
    Joined(&'static [Bit]),
    /// `- "choice"` for each of a list.
    Choices(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bit {
    Text(&'static str),
    Column(&'static str),
}

/// Which fields a prompt has.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) instruction: Take,
    pub(super) input: Take,
    pub(super) output: Take,
    pub(super) system: System,
}

/// Where the system's words come from.
#[derive(Clone, Debug)]
pub(super) enum System {
    /// The prompter has its own.
    Prompter,
    /// The row has them.
    Row(Take),
    /// The row has them, and they are part of the turn.
    Turn(Take),
}

pub(super) struct Instruct {
    pub(super) pieces: Pieces,
    pub(super) prompter: Prompter,
    pub(super) fields: Fields,
    pub(super) train_on_inputs: bool,
    /// How many EOS a response ends with.
    pub(super) eos: usize,
    /// An empty text is tokenised too, and gets what the tokenizer adds (`metharme`).
    pub(super) tokenises_nothing: bool,
}

thread_local! {
    static TOKENS: RefCell<Tokens> = RefCell::default();
}

impl Take {
    fn from<'r>(&'r self, row: Row<'r>) -> Result<Value<'r>, EncodeError> {
        let column = |name: &str| row.get(name).ok_or_else(|| key_error(name));
        let fixed = |text: &'r str| Value::Str(Cow::Borrowed(text));
        Ok(match self {
            Self::Column(name) => reborrow(column(name)?),
            Self::Or(name, otherwise) => row.get(name).map_or_else(|| fixed(otherwise), reborrow),
            Self::Either(first, second) => match row.get(first) {
                Some(value) => reborrow(value),
                None => reborrow(column(second)?),
            },
            Self::Fixed(text) => fixed(text),
            Self::Joined(bits) => {
                let mut joined = String::new();
                for bit in *bits {
                    joined.push_str(match bit {
                        Bit::Text(text) => text,
                        Bit::Column(name) => {
                            let value = column(name)?;
                            value.as_str().ok_or_else(|| {
                                raises(
                                    "TypeError",
                                    format!("can only concatenate str, not {}", type_name(value)),
                                )
                            })?
                        }
                    });
                }
                Value::Str(joined.into())
            }
            Self::Choices(name) => {
                let value = column(name)?;
                let Value::Array(items) = value else {
                    return Err(raises("TypeError", format!("choices in a {}", type_name(value))));
                };
                let lines: Result<Vec<String>, EncodeError> =
                    items.iter().map(|item| Ok(format!("- \"{}\"", text(item)?))).collect();
                Value::Str(lines?.join("\n").into())
            }
        })
    }
}

/// Writes a prompt, and marks which parts of it are whose.
pub(super) fn write_prompt(
    prompter: &Prompter,
    fields: &Fields,
    row: Row<'_>,
    speakers: Speakers,
    out: &mut String,
    parts: &mut Vec<Part>,
) -> Result<(), EncodeError> {
    let instruction = fields.instruction.from(row)?;
    let input = fields.input.from(row)?;
    let has_input = truthy(Some(&input));
    let (instruction, input) = (text(&instruction)?, text(&input)?);
    let mut all = vec![("instruction", &*instruction)];
    if has_input {
        all.push(("input", &*input));
    }
    let said;
    let said_text;
    match &fields.system {
        System::Prompter => {
            let words = prompter.systems[usize::from(!has_input)];
            if !words.is_empty() {
                prompter.system_format.write(out, &[("system", words)], |_, _| {})?;
            }
        }
        System::Row(take) => {
            let words = take.from(row)?;
            if truthy(Some(&words)) {
                let words = text(&words)?;
                let mut at_system = |_: &str, at| mark(parts, at, speakers.system);
                prompter
                    .system_format
                    .write(out, &[("system", &*words)], &mut at_system)?;
            }
        }
        System::Turn(take) => {
            said = take.from(row)?;
            said_text = text(&said)?;
            all = vec![("system", &*said_text), ("instruction", &*instruction)];
        }
    }
    let turn = if has_input {
        &prompter.turn
    } else {
        &prompter.turn_no_input
    };
    turn.write(out, &all, |name, at| {
        mark(
            parts,
            at,
            if name == "system" {
                speakers.system
            } else {
                speakers.user
            },
        );
    })
}

impl Instruct {
    pub(super) fn encode(&self, row: Row<'_>, example: &Example<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        let speakers = Speakers::of(example);
        // Fields are read in axolotl's order, so that the first one missing is the one it names.
        let response = self.fields.output.from(row);
        write_prompt(
            &self.prompter,
            &self.fields,
            row,
            speakers,
            &mut out.text,
            &mut out.parts,
        )?;
        let response = response?;
        TOKENS.with_borrow_mut(|tokens| {
            let prompt = Finish {
                eos: 0,
                strip_bos: false,
            };
            let cut_prompt = self.append(0, prompt, out, tokens)?;
            if self.train_on_inputs {
                if out.input_ids.is_empty() {
                    return Err(key_error("labels"));
                }
                out.labels.extend(out.input_ids.iter().copied().map(label));
            } else {
                out.labels.resize(out.input_ids.len(), IGNORE);
            }
            let (start, first) = (out.text.len(), out.input_ids.len());
            if self.tokenises_nothing && response.is_null() {
                return Err(raises(
                    "ValueError",
                    "You need to specify either `text` or `text_target`.",
                ));
            }
            if truthy(Some(&response)) {
                let words = response.as_str().ok_or_else(|| {
                    raises(
                        "ValueError",
                        format!("text input must be of type `str`, not {}", type_name(&response)),
                    )
                })?;
                out.text.push_str(words);
            }
            let finish = Finish {
                eos: self.eos,
                strip_bos: true,
            };
            let cut_response = self.append(start, finish, out, tokens)?;
            let (ids, labels) = (&out.input_ids[first..], &mut out.labels);
            labels.extend(ids.iter().copied().map(label));
            mark(&mut out.parts, start..out.text.len(), speakers.answer);
            close(&mut out.parts, out.text.len());
            out.full_len = out.input_ids.len() + cut_prompt + cut_response;
            let cut_trained = cut_response + if self.train_on_inputs { cut_prompt } else { 0 };
            out.full_trained = out.trained() + cut_trained;
            Ok(())
        })
    }

    fn append(
        &self,
        start: usize,
        finish: Finish,
        out: &mut Encoded,
        tokens: &mut Tokens,
    ) -> Result<usize, EncodeError> {
        if out.text.len() == start && !self.tokenises_nothing {
            return Ok(0);
        }
        self.pieces.append(start, finish, out, tokens)
    }
}
