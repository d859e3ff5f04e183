//! `reflection`: a prompt and three answers, tokenised as one text (`prompt_tokenizers.py`,
//! `ReflectionPromptTokenizingStrategy`).
//!
//! The prompt is tokenised again alone, and as many tokens as that has are not trained, whether or
//! not they are the same.

use std::cell::RefCell;

use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::Example;
use crate::trainer::intended::label;
use crate::trainer::parts::{Speakers, close, mark};

use super::instruct::{Fields, System, Take, write_prompt};
use super::pieces::{Finish, Pieces};
use super::prompters;
use crate::trainer::failure::{key_error, unsupported};
use crate::trainer::python::{text, truthy};
use crate::trainer::row::Row;

pub(super) struct Reflection {
    pub(super) pieces: Pieces,
    pub(super) prompter: prompters::Reflection,
    pub(super) train_on_inputs: bool,
}

#[derive(Default)]
struct Scratch {
    tokens: Tokens,
    prompt: Encoded,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The columns of the answers, in their order.
const ANSWERS: [&str; 3] = ["output", "reflection", "corrected"];

fn fields() -> Fields {
    Fields {
        instruction: Take::Column("instruction".into()),
        input: Take::Or("input".into(), "".into()),
        output: Take::Column("output".into()),
        system: System::Prompter,
    }
}

impl Reflection {
    pub(super) fn encode(&self, row: Row<'_>, example: &Example<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
        let speakers = Speakers::of(example);
        let prompt = &self.prompter.prompt;
        write_prompt(prompt, &fields(), row, speakers, &mut out.text, &mut out.parts)?;
        let asked = out.text.len();
        let mut answers = Vec::with_capacity(ANSWERS.len());
        for name in ANSWERS {
            answers.push((name, row.get(name).ok_or_else(|| key_error(name))?));
        }
        if answers.iter().all(|(_, answer)| truthy(Some(answer))) {
            let mut texts = Vec::with_capacity(ANSWERS.len());
            for (name, answer) in &answers {
                texts.push((*name, text(answer)?));
            }
            let given: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, &**text)).collect();
            self.prompter.answers.write(&mut out.text, &given, |_, at| {
                mark(&mut out.parts, at, speakers.answer);
            })?;
        }
        close(&mut out.parts, out.text.len());
        SCRATCH.with_borrow_mut(|scratch| {
            let finish = Finish {
                eos: 1,
                strip_bos: false,
            };
            let cut = self.pieces.append(0, finish, out, &mut scratch.tokens)?;
            out.labels.extend(out.input_ids.iter().copied().map(label));
            if !self.train_on_inputs {
                let alone = &mut scratch.prompt;
                alone.clear();
                alone.text.push_str(&out.text[..asked]);
                let finish = Finish {
                    eos: 0,
                    strip_bos: false,
                };
                self.pieces.append(0, finish, alone, &mut scratch.tokens)?;
                let masked = out.labels.get_mut(..alone.input_ids.len());
                // Axolotl then makes a row with more labels than tokens, which fails in a batch.
                let masked = masked.ok_or_else(|| unsupported("a prompt with more tokens than prompt and answers"))?;
                masked.fill(IGNORE);
            }
            out.full_len = out.input_ids.len() + cut;
            out.full_trained = out.trained() + cut;
            Ok(())
        })
    }
}
