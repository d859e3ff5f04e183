//! `DPOTrainer` (`trainer/dpo_trainer.py`).

use std::sync::Arc;

use crate::encode::kit::{Chat, Kit};
use crate::encode::locate::offset;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::{Branch, Example};
use crate::model::record::Record;
use crate::model::value::{Object, Value};
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::{Truncation, raises, unsupported};
use crate::trainer::trl::row::Row;
use crate::trainer::trl::templated::{Templater, check_keys};
use crate::trainer::trl::{First, versions};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, Trainer};

use super::collate;
use super::joined::{Joined, ask, assemble};
use super::options::{DpoOptions, unknown};
use super::said::{Said, Sides, cleaned, dict};
use super::versions::{self as ranges, DpoFeatures};
use super::{
    Answer, CHOSEN, REJECTED, SCRATCH, Scratch, are_conversational, check_images, cut, is_of, label_answer, mark,
    maybe_extracted, pad_id, settle, sides,
};

/// `DPOTrainer` of one version, for one set. A row gives two sequences, `chosen` and `rejected`.
pub struct Dpo {
    kit: Arc<Kit>,
    version: Version,
    features: &'static DpoFeatures,
    joined: Joined,
    /// Columns of the set.
    columns: Vec<String>,
    /// Tools of every row.
    tools: Option<Value<'static>>,
    max_length: Option<usize>,
    max_prompt_length: Option<usize>,
    max_completion_length: Option<usize>,
    truncation: Truncation,
    eos: Option<u32>,
    pad_id: u32,
    multiple: Option<usize>,
}

impl Dpo {
    /// # Errors
    ///
    /// What the trainer raises when it is made, or what is not reproduced.
    pub fn new(kit: Arc<Kit>, version: Version, options: DpoOptions, first: &First) -> Result<Self, EncodeError> {
        let features = ranges::dpo(version).ok_or_else(|| versions::uncovered("DPOTrainer", version))?;
        check(&options, features)?;
        let empty = Object::new();
        let sample = Row {
            object: first.row.as_object().unwrap_or(&empty),
            columns: &first.columns,
        };
        if features.joined {
            check_images(sample)?;
        }
        let pad_id = match (options.padding_value, &options.pad_token) {
            (Some(id), _) => id,
            (None, given) if features.pads_with_eos => pad_id(&kit, given.as_ref(), version)?,
            (None, _) => {
                let pad = kit.text_of("pad_token").and_then(|pad| kit.id_or_unknown(&pad));
                let message = "`padding_value` is not specified in `DPOConfig`, and the tokenizer has no pad token";
                pad.ok_or_else(|| raises("ValueError", message))?
            }
        };
        let truncation = options.truncation_mode.unwrap_or(features.truncation);
        if features.joined && !features.collator_cuts && truncation == Truncation::KeepEnd {
            return Err(unsupported(
                "truncation_mode=keep_end in trl 0.29, which goes by the longest row of a batch",
            ));
        }
        let eos = kit.text_of("eos_token");
        let eos_id = eos.as_deref().and_then(|eos| kit.id_of(eos));
        if !features.joined && eos_id.is_none() {
            return Err(unsupported(
                "DPO without an EOS token, which this version appends to answers by its id",
            ));
        }
        let mut dpo = Self {
            joined: Joined {
                adds_eos: false,
                eos,
                common_prefix: features.common_prefix,
            },
            kit,
            version,
            features,
            columns: first.columns.clone(),
            tools: options.tools.map(Value::from),
            max_length: options.max_length.unwrap_or(Some(1024)),
            max_prompt_length: options.max_prompt_length.unwrap_or(Some(512)),
            max_completion_length: options.max_completion_length.unwrap_or(None),
            truncation,
            eos: eos_id,
            pad_id,
            multiple: options.pad_to_multiple_of.0,
        };
        if features.joined {
            let sides = dpo.sides(sample)?;
            dpo.joined.adds_eos = !dpo.conversational(sample, sides)?;
        }
        Ok(dpo)
    }

    /// Tokens a prompt with an answer is cut to.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length
    }

    /// The row's two answers, as the data set holds them: cut only by what the trainer cuts there.
    ///
    /// # Errors
    ///
    /// As [`Encode::encode`].
    pub fn answers(&self, record: &Record<'_>, example: &Example<'_>) -> Result<Vec<Answer>, EncodeError> {
        let mut pool = Pool::default();
        self.tokenise(record, example, &mut pool)?;
        let answers = pool
            .sequences()
            .iter()
            .map(|encoded| Answer::of(record.place.row, encoded));
        Ok(answers.collect())
    }

    /// Whether the rows the trainer keeps have this one among them.
    pub fn keeps(&self, answer: &Answer) -> bool {
        !self.fills(answer.prompt.len())
    }

    fn fills(&self, prompt: usize) -> bool {
        let drops = self.features.drops_full_prompts && self.truncation == Truncation::KeepStart;
        drops && self.max_length.is_some_and(|most| prompt >= most)
    }

    /// A row of the data set, by the names of its columns.
    pub fn stored(&self, chosen: &Answer, rejected: &Answer) -> Vec<(&'static str, Vec<i64>)> {
        let names = if self.features.joined {
            ["prompt_ids", "chosen_ids", "rejected_ids"]
        } else {
            ["prompt_input_ids", "chosen_input_ids", "rejected_input_ids"]
        };
        let columns = [&chosen.prompt, &chosen.completion, &rejected.completion];
        names
            .into_iter()
            .zip(columns.map(|ids| collate::widened(ids)))
            .collect()
    }

    /// A batch of rows' answers, each row's chosen and rejected one.
    pub fn batch(&self, answers: &[Answer]) -> Batch {
        let of = |side| answers.iter().filter(move |answer| answer.side == side);
        if !self.features.joined {
            return collate::apart(of(CHOSEN), of(REJECTED), self.pad_id);
        }
        let rows = of(CHOSEN).chain(of(REJECTED)).map(|answer| {
            let (mut ids, mut prompt) = answer.whole();
            // In 0.29 the trainer cuts the batch after the collator.
            let most = self.max_length.filter(|_| self.features.collator_cuts);
            if let Some(most) = most.filter(|most| *most < ids.len()) {
                match self.truncation {
                    Truncation::KeepStart => ids.truncate(most),
                    Truncation::KeepEnd if most > 0 => {
                        let gone = ids.len() - most;
                        ids.drain(..gone);
                        prompt = prompt.saturating_sub(gone);
                    }
                    Truncation::KeepEnd => {}
                }
            }
            (ids, prompt)
        });
        collate::masked(rows.collect(), self.pad_id, self.multiple)
    }

    /// The row's prompt and answers, the prompt found where the set has none.
    fn sides<'r>(&self, row: Row<'r>) -> Result<Sides<'r>, EncodeError> {
        if !self.features.joined {
            return maybe_extracted(row, self.features.by_role);
        }
        if row.has("prompt") {
            return sides(row);
        }
        Sides::extract(Said::of(row, CHOSEN)?, Said::of(row, REJECTED)?)
    }

    fn conversational(&self, row: Row<'_>, sides: Sides<'_>) -> Result<bool, EncodeError> {
        let said = [
            ("prompt", sides.prompt),
            (CHOSEN, sides.chosen),
            (REJECTED, sides.rejected),
        ];
        let odd = said.iter().find(|(_, said)| said.kind() != sides.prompt.kind());
        if let (Some((_, odd)), true) = (odd, self.features.joined) {
            // Whichever column Python looks at, the run ends: with this, or where `.endswith` is
            // asked of a list.
            return Err(super::said::cannot_join(sides.prompt, *odd));
        }
        are_conversational(row, &said, self.features.by_role)
    }

    /// Both sequences, cut only by what the trainer cuts in the data set.
    fn tokenise(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let value = cleaned(&record.value, self.features.removes_none);
        let row = Row {
            object: dict(&value)?,
            columns: &self.columns,
        };
        let sides = self.sides(row)?;
        let conversational = self.conversational(row, sides)?;
        SCRATCH.with_borrow_mut(|scratch| {
            if self.features.joined {
                self.tokenise_joined(row, sides, conversational, scratch, pool)?;
            } else {
                self.tokenise_apart(row, sides, conversational, scratch, pool)?;
            }
            let answers = [Branch::Chosen, Branch::Rejected];
            for (out, branch) in pool.sequences_mut().iter_mut().zip(answers) {
                mark(example, is_of(branch), &mut scratch.found, &mut scratch.numbers, out);
            }
            Ok(())
        })
    }

    fn tokenise_joined(
        &self,
        row: Row<'_>,
        sides: Sides<'_>,
        conversational: bool,
        scratch: &mut Scratch,
        pool: &mut Pool,
    ) -> Result<(), EncodeError> {
        let given = conversational.then(|| Arguments::of(row, true)).transpose()?;
        let (kit, joined) = (&self.kit, &self.joined);
        let Scratch {
            prompt, whole, other, ..
        } = scratch;
        ask(kit, sides.prompt, given.as_ref(), prompt)?;
        joined.whole(kit, sides.prompt, (CHOSEN, sides.chosen), given.as_ref(), whole)?;
        joined.whole(kit, sides.prompt, (REJECTED, sides.rejected), given.as_ref(), other)?;
        if self.features.refuses_empty && [&*prompt, whole, other].iter().any(|chat| chat.tokens.is_empty()) {
            return Err(raises("IndexError", "list index out of range: a text without a token"));
        }
        let kept = joined.kept(prompt, whole).min(joined.kept(prompt, other));
        for (side, whole) in [(CHOSEN, whole), (REJECTED, other)] {
            let out = pool.add();
            out.side = side;
            assemble(prompt, whole, kept, out);
        }
        Ok(())
    }

    /// `maybe_apply_chat_template` and `tokenize_row`.
    fn tokenise_apart(
        &self,
        row: Row<'_>,
        sides: Sides<'_>,
        conversational: bool,
        scratch: &mut Scratch,
        pool: &mut Pool,
    ) -> Result<(), EncodeError> {
        let rendered;
        let (prompt, chosen, rejected) = if conversational {
            check_keys(row, &["prompt", CHOSEN, REJECTED])?;
            rendered = self.render(row, sides)?;
            let (prompt, [chosen, rejected]) = &rendered;
            (prompt.as_str(), chosen.as_str(), rejected.as_str())
        } else {
            let Sides {
                prompt,
                chosen,
                rejected,
            } = sides;
            (prompt.text("prompt")?, chosen.text(CHOSEN)?, rejected.text(REJECTED)?)
        };
        let eos = self.eos.filter(|_| !(conversational && self.features.chat_ends_itself));
        scratch.prompt.encode_plain(&self.kit, prompt)?;
        for (side, answer) in [(CHOSEN, chosen), (REJECTED, rejected)] {
            scratch.whole.encode_plain(&self.kit, answer)?;
            let out = pool.add();
            out.side = side;
            append(out, &scratch.prompt);
            let asked = out.input_ids.len();
            append(out, &scratch.whole);
            if let Some(eos) = eos {
                let end = offset(out.text.len());
                out.input_ids.push(eos);
                out.offsets.push((end, end));
            }
            label_answer(out, asked);
            if let Some(most) = self.max_completion_length {
                let end = out.input_ids.len();
                cut(out, (asked + most).min(end)..end);
            }
            // As Python's `[-n:]` does, 0 keeps all.
            if let Some(most) = self.max_prompt_length.filter(|most| *most > 0) {
                cut(out, 0..asked.saturating_sub(most));
            }
        }
        Ok(())
    }

    fn render(&self, row: Row<'_>, sides: Sides<'_>) -> Result<(String, [String; 2]), EncodeError> {
        let (Said::Messages(prompt), Said::Messages(chosen), Said::Messages(rejected)) =
            (sides.prompt, sides.chosen, sides.rejected)
        else {
            return Err(super::said::cannot_join(sides.prompt, sides.chosen));
        };
        let mut given = if self.features.takes_kwargs {
            Arguments::kwargs(row)?
        } else {
            Arguments::default()
        };
        given.tools = self.tools.as_ref().map(std::borrow::Cow::Borrowed);
        let templater = Templater {
            kit: &self.kit,
            given: &given,
            rules: self.features.text,
        };
        templater.split(prompt, [chosen, rejected])
    }
}

/// Appends a text that was tokenised by itself.
fn append(out: &mut Encoded, chat: &Chat) {
    let start = offset(out.text.len());
    out.text.push_str(&chat.rendered.text);
    out.input_ids.extend_from_slice(&chat.tokens.ids);
    let extents = chat.tokens.extents.iter();
    out.offsets.extend(extents.map(|(from, to)| (from + start, to + start)));
}

/// Options this version does not have.
fn check(options: &DpoOptions, features: &DpoFeatures) -> Result<(), EncodeError> {
    let gone = [
        (
            "max_prompt_length",
            options.max_prompt_length.is_some(),
            features.joined,
        ),
        (
            "max_completion_length",
            options.max_completion_length.is_some(),
            features.joined,
        ),
        ("tools", options.tools.is_some(), features.joined),
        (
            "padding_value",
            options.padding_value.is_some(),
            !features.padding_value,
        ),
        ("pad_token", options.pad_token.is_some(), !features.pads_with_eos),
        (
            "pad_to_multiple_of",
            options.pad_to_multiple_of.0.is_some(),
            !features.joined,
        ),
    ];
    match gone.iter().find(|(_, is_given, is_gone)| *is_given && *is_gone) {
        Some((option, ..)) => Err(unknown(option, "DPOConfig")),
        None => Ok(()),
    }
}

impl Encode for Dpo {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        self.tokenise(record, example, pool)?;
        for out in pool.sequences_mut() {
            let prompt = out.labels.iter().take_while(|label| **label == IGNORE).count();
            if let Some(most) = self.max_length.filter(|_| self.fills(prompt)) {
                out.dropped = Some(format!("the prompt alone fills max_length={most}"));
            }
            if let Some(most) = self.max_length.filter(|most| *most < out.input_ids.len()) {
                let len = out.input_ids.len();
                match self.truncation {
                    Truncation::KeepStart => cut(out, most..len),
                    Truncation::KeepEnd if most > 0 => cut(out, 0..len - most),
                    Truncation::KeepEnd => {}
                }
            }
            settle(out);
        }
        Ok(())
    }
}

impl Trainer for Dpo {
    fn name(&self) -> String {
        format!("trl@{} dpo", self.version)
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        Ok(rows)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        let answers: Vec<Answer> = sequences.iter().map(Answer::of_sequence).collect();
        Ok(self.batch(&answers))
    }
}
