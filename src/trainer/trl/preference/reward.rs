//! `RewardTrainer` (`trainer/reward_trainer.py`).
//!
//! The loss is on the score a model gives a sequence at its last token, so the last token is the
//! only one labelled here. Rows of which either sequence is too long are left out, never cut.

use std::sync::Arc;

use crate::encode::kit::{Chat, Kit, Message};
use crate::encode::tokenizer::{Detail, Side};
use crate::model::batch::{Batch, Extra, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::{Branch, Example, Shape};
use crate::model::record::Record;
use crate::model::value::{Object, Value};
use crate::trainer::intended::label;
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::{raises, renamed, unsupported};
use crate::trainer::trl::row::Row;
use crate::trainer::trl::templated::{Templater, check_keys};
use crate::trainer::trl::{First, versions};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, Trainer};

use super::collate::{left, plain, right, widened};
use super::joined::Joined;
use super::options::{RewardOptions, unknown};
use super::said::{Said, cannot_join, cleaned, dict};
use super::versions::{self as ranges, CHECKS_VOCABULARY, RewardFeatures};
use super::{Answer, CHOSEN, REJECTED, SCRATCH, are_conversational, is_of, mark, pad_id};

/// `RewardTrainer` of one version, for one set. A row gives two sequences, `chosen` and `rejected`.
pub struct Reward {
    kit: Arc<Kit>,
    version: Version,
    features: &'static RewardFeatures,
    joined: Joined,
    columns: Vec<String>,
    /// Columns of ids, where the set was tokenised before.
    tokenised: Option<[&'static str; 2]>,
    max_length: Option<usize>,
    pad_id: u32,
    multiple: Option<usize>,
}

impl Reward {
    /// # Errors
    ///
    /// What the trainer raises when it is made, or what is not reproduced.
    pub fn new(kit: Arc<Kit>, version: Version, options: RewardOptions, first: &First) -> Result<Self, EncodeError> {
        let features = ranges::reward(version).ok_or_else(|| versions::uncovered("RewardTrainer", version))?;
        check(&options, features)?;
        let kit = match &options.eos_token {
            Some(given) if kit.id_of(given).is_some() => renamed(kit, given)?,
            Some(given) => {
                // It is set by its id, which was the unknown token's.
                let unknown = kit.text_of("unk_token").filter(|_| version < CHECKS_VOCABULARY);
                let message = format!("the eos_token `{given}` is not in the vocabulary");
                renamed(kit, &unknown.ok_or_else(|| raises("ValueError", message))?)?
            }
            None => kit,
        };
        let eos = kit.text_of("eos_token");
        let pad_id = if features.direct {
            match (&options.pad_token, kit.text_of("pad_token"), &eos) {
                (None, None, Some(eos)) => pad_id(&kit, Some(eos), version)?,
                (given, ..) => pad_id(&kit, given.as_ref(), version)?,
            }
        } else {
            let pad = kit.text_of("pad_token").and_then(|pad| kit.id_or_unknown(&pad));
            // Rows are asked for their length before the first batch is.
            let no_length = options.max_length == Some(None) && !first.has("input_ids_chosen");
            let message = "the tokenizer has no pad token, and batches are padded";
            match pad {
                Some(id) => id,
                None if no_length => 0,
                None => return Err(raises("ValueError", message)),
            }
        };
        let has = |names: &[&str; 2]| {
            names
                .iter()
                .all(|name| first.columns.iter().any(|column| column == name))
        };
        let names: &[[&'static str; 2]] = match (features.direct, features.short_names) {
            (false, _) => &[["input_ids_chosen", "input_ids_rejected"]],
            (true, false) => &[["chosen_input_ids", "rejected_input_ids"]],
            (true, true) => &[
                ["chosen_ids", "rejected_ids"],
                ["chosen_input_ids", "rejected_input_ids"],
            ],
        };
        let mut reward = Self {
            joined: Joined {
                adds_eos: false,
                eos,
                common_prefix: false,
            },
            kit,
            version,
            features,
            columns: first.columns.clone(),
            tokenised: names.iter().copied().find(|names| has(names)),
            max_length: options.max_length.unwrap_or(Some(1024)),
            pad_id,
            multiple: options.pad_to_multiple_of.0,
        };
        if features.direct && reward.tokenised.is_none() {
            let value = cleaned(&first.row, features.removes_none);
            let empty = Object::new();
            let row = Row {
                object: value.as_object().unwrap_or(&empty),
                columns: &first.columns,
            };
            reward.joined.adds_eos = !reward.conversational(row)?;
        }
        Ok(reward)
    }

    /// Tokens above which a row is left out.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length
    }

    /// The row's two sequences as the data set holds them, with its margin.
    ///
    /// # Errors
    ///
    /// As [`Encode::encode`].
    pub fn answers(&self, record: &Record<'_>, example: &Example<'_>) -> Result<Vec<Answer>, EncodeError> {
        let mut pool = Pool::default();
        self.tokenise(record, example, &mut pool)?;
        let margin = record.value.get("margin").and_then(Value::as_f64);
        let answers = pool.sequences().iter().map(|encoded| Answer {
            row: record.place.row,
            side: encoded.side,
            prompt: Vec::new(),
            completion: encoded.input_ids.clone(),
            margin,
        });
        Ok(answers.collect())
    }

    /// Whether the rows the trainer keeps have the one of these answers among them.
    pub fn keeps(&self, answers: &[Answer]) -> bool {
        let fits = |answer: &Answer| self.max_length.is_none_or(|most| answer.completion.len() <= most);
        let filters = self.features.direct || self.tokenised.is_none();
        !filters || answers.iter().all(fits)
    }

    /// A row of the data set, by the names of its columns.
    pub fn stored(&self, answer: &Answer) -> (&'static str, Vec<i64>) {
        let name = match (answer.side == CHOSEN, self.features.direct, self.features.short_names) {
            (true, true, true) => "chosen_ids",
            (false, true, true) => "rejected_ids",
            (true, true, false) => "chosen_input_ids",
            (false, true, false) => "rejected_input_ids",
            (true, false, _) => "input_ids_chosen",
            (false, false, _) => "input_ids_rejected",
        };
        (name, widened(&answer.completion))
    }

    /// A batch of rows' sequences.
    pub fn batch(&self, answers: &[Answer]) -> Batch {
        let of = |side| answers.iter().filter(move |answer| answer.side == side);
        let margins: Option<Vec<f32>> = of(CHOSEN)
            .map(|answer| {
                #[expect(clippy::cast_possible_truncation, reason = "torch.float")]
                answer.margin.map(|margin| margin as f32)
            })
            .collect();
        let mut batch = if self.features.direct {
            let rows = of(CHOSEN).chain(of(REJECTED)).map(|answer| answer.completion.clone());
            plain(rows.collect(), self.pad_id, self.multiple)
        } else {
            self.padded(of(CHOSEN), of(REJECTED))
        };
        let margins = margins.filter(|margins| !margins.is_empty());
        batch
            .others
            .extend(margins.map(|margins| ("margin", Extra::Floats(margins))));
        batch
    }

    /// `RewardDataCollatorWithPadding`: `tokenizer.pad`, on the tokenizer's side.
    fn padded<'a>(
        &self,
        chosen: impl Iterator<Item = &'a Answer>,
        rejected: impl Iterator<Item = &'a Answer>,
    ) -> Batch {
        let pad = i64::from(self.pad_id);
        let matrices = |rows: Vec<&Answer>| match self.kit.facts().padding_side {
            Side::Left => left(rows.iter().map(|row| row.completion.clone()).collect(), pad),
            Side::Right => right(rows.iter().map(|row| widened(&row.completion)).collect(), pad),
        };
        let (chosen, chosen_masks) = matrices(chosen.collect());
        let (rejected, rejected_masks) = matrices(rejected.collect());
        Batch {
            others: vec![
                ("input_ids_chosen", chosen),
                ("attention_mask_chosen", chosen_masks),
                ("input_ids_rejected", rejected),
                ("attention_mask_rejected", rejected_masks),
                ("return_loss", Extra::Flag(true)),
            ],
            ..Batch::default()
        }
    }

    fn conversational(&self, row: Row<'_>) -> Result<bool, EncodeError> {
        let mut said = Vec::with_capacity(3);
        for column in ["prompt", CHOSEN, REJECTED] {
            if column != "prompt" || row.has(column) {
                said.push((column, Said::of(row, column)?));
            }
        }
        if self.features.direct
            && let Some((_, odd)) = said.iter().find(|(_, other)| other.kind() != said[0].1.kind())
        {
            return Err(cannot_join(said[0].1, *odd));
        }
        are_conversational(row, &said, self.features.by_role)
    }

    fn tokenise(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let value = cleaned(&record.value, self.features.removes_none);
        let row = Row {
            object: dict(&value)?,
            columns: &self.columns,
        };
        if let Some(names) = self.tokenised {
            for (side, name) in [CHOSEN, REJECTED].into_iter().zip(names) {
                let out = pool.add();
                out.side = side;
                out.input_ids = ids(row, name)?;
                finish(out);
            }
            return Ok(());
        }
        let conversational = self.conversational(row)?;
        SCRATCH.with_borrow_mut(|scratch| {
            for (side, branch) in [(CHOSEN, Branch::Chosen), (REJECTED, Branch::Rejected)] {
                if self.features.direct {
                    self.direct(row, side, conversational, &mut scratch.whole)?;
                } else {
                    self.templated(row, side, conversational, &mut scratch.whole)?;
                }
                let out = pool.add();
                out.side = side;
                std::mem::swap(&mut out.text, &mut scratch.whole.rendered.text);
                std::mem::swap(&mut out.input_ids, &mut scratch.whole.tokens.ids);
                std::mem::swap(&mut out.offsets, &mut scratch.whole.tokens.extents);
                finish(out);
                if example.shape == Shape::Preference {
                    mark(example, is_of(branch), &mut scratch.found, &mut scratch.numbers, out);
                }
            }
            Ok(())
        })
    }

    /// Prompt and answer as one conversation, or as one text with an EOS.
    fn direct(&self, row: Row<'_>, side: &str, conversational: bool, chat: &mut Chat) -> Result<(), EncodeError> {
        let answer = Said::of(row, side)?;
        let prompt = if row.has("prompt") {
            Some(Said::of(row, "prompt")?)
        } else {
            None
        };
        if conversational {
            let (prompt, answer) = match (prompt, answer) {
                (None, Said::Messages(answer)) => (&[][..], answer),
                (Some(Said::Messages(prompt)), Said::Messages(answer)) => (prompt, answer),
                (prompt, answer) => return Err(cannot_join(prompt.unwrap_or(answer), answer)),
            };
            let messages: Vec<Message<'_>> = prompt.iter().chain(answer).map(Message::Raw).collect();
            let given = Arguments::of(row, self.features.short_names)?;
            return chat.encode(&self.kit, None, given.with(&messages, false), Detail::Extents);
        }
        let answer = answer.ending(side)?;
        let prompt = prompt.map(|prompt| prompt.text("prompt")).transpose()?.unwrap_or("");
        let eos = self.joined.ending(answer)?;
        chat.encode_text(&self.kit, &format!("{prompt}{answer}{eos}"))
    }

    /// The text of the template, or the answer alone, tokenised as any text.
    fn templated(&self, row: Row<'_>, side: &str, conversational: bool, chat: &mut Chat) -> Result<(), EncodeError> {
        let answer = Said::of(row, side)?;
        if !conversational {
            return chat.encode_text(&self.kit, answer.text(side)?);
        }
        let given = Arguments::default();
        let templater = Templater {
            kit: &self.kit,
            given: &given,
            rules: self.features.text,
        };
        let messages = |column| match Said::of(row, column)? {
            Said::Messages(messages) => Ok(messages),
            other => Err(cannot_join(other, answer)),
        };
        if row.has("prompt") {
            check_keys(row, &["prompt", CHOSEN, REJECTED])?;
            let (_, [chosen, rejected]) =
                templater.split(messages("prompt")?, [messages(CHOSEN)?, messages(REJECTED)?])?;
            return chat.encode_text(&self.kit, if side == CHOSEN { &chosen } else { &rejected });
        }
        check_keys(row, &[CHOSEN, REJECTED])?;
        chat.encode_text(&self.kit, &templater.alone(messages(side)?)?)
    }
}

/// Labels the last token, where the score is.
fn finish(out: &mut Encoded) {
    out.labels.clear();
    out.labels.resize(out.input_ids.len(), IGNORE);
    if let (Some(slot), Some(id)) = (out.labels.last_mut(), out.input_ids.last()) {
        *slot = label(*id);
    }
    out.full_len = out.input_ids.len();
    out.full_trained = out.trained();
}

fn ids(row: Row<'_>, column: &str) -> Result<Vec<u32>, EncodeError> {
    let items = row
        .get(column)?
        .as_array()
        .ok_or_else(|| raises("TypeError", format!("`{column}` is no list of ids")))?;
    let id = |item: &Value<'_>| item.as_i64().and_then(|id| u32::try_from(id).ok());
    items
        .iter()
        .map(|item| id(item).ok_or_else(|| unsupported("ids that are no integers")))
        .collect()
}

/// Options this version does not have, or that are not reproduced.
fn check(options: &RewardOptions, features: &RewardFeatures) -> Result<(), EncodeError> {
    let given = [
        ("eos_token", options.eos_token.is_some()),
        ("pad_token", options.pad_token.is_some()),
        ("pad_to_multiple_of", options.pad_to_multiple_of.0.is_some()),
        ("chat_template_path", options.chat_template_path.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given && !features.direct) {
        Some((option, _)) => Err(unknown(option, "RewardConfig")),
        None if options.chat_template_path.is_some() => Err(unsupported(
            "chat_template_path; give the template with --chat-template",
        )),
        None => Ok(()),
    }
}

impl Encode for Reward {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        self.tokenise(record, example, pool)?;
        let filters = self.features.direct || self.tokenised.is_none();
        let longest = pool.sequences().iter().map(Encoded::len).max().unwrap_or(0);
        if !self.features.direct && filters && self.max_length.is_none() {
            let message = "'<=' not supported between instances of 'int' and 'NoneType': max_length is None";
            return Err(raises("TypeError", message));
        }
        if let Some(most) = self.max_length.filter(|most| filters && longest > *most) {
            for out in pool.sequences_mut() {
                out.dropped = Some(format!(
                    "one of its sequences has {longest} tokens, and max_length={most}"
                ));
            }
        }
        Ok(())
    }
}

impl Trainer for Reward {
    fn name(&self) -> String {
        format!("trl@{} reward", self.version)
    }

    fn arrange(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        Ok(rows)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        let answers: Vec<Answer> = sequences
            .iter()
            .map(|sequence| Answer {
                row: sequence.rows.first().copied().unwrap_or(0),
                side: sequence.side,
                prompt: Vec::new(),
                completion: sequence.input_ids.clone(),
                margin: None,
            })
            .collect();
        Ok(self.batch(&answers))
    }
}
