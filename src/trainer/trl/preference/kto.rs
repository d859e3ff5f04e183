//! `KTOTrainer` (`trainer/kto_trainer.py`; `experimental/kto/kto_trainer.py` from 0.26 to 1.7).

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::model::batch::{Batch, Sequence};
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::model::example::{Branch, Example};
use crate::model::record::Record;
use crate::model::value::{Object, Value};
use crate::trainer::intended::label;
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::{Truncation, raises, unsupported};
use crate::trainer::trl::row::Row;
use crate::trainer::trl::templated::{Templater, check_keys};
use crate::trainer::trl::{First, versions};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, Trainer};

use super::joined::{Joined, ask, assemble};
use super::kto_batch::{self, LabelKind};
use super::options::KtoOptions;
use super::processed::Rules;
use super::said::{Said, Sides, cannot_join, dict};
use super::versions::{self as ranges, KtoFeatures};
use super::{
    Answer, CHOSEN, DESIRABLE, REJECTED, SCRATCH, Scratch, UNDESIRABLE, are_conversational, check_images, cut, is_of,
    label_answer, mark, maybe_extracted, pad_id, settle, sides,
};

/// Rows that are unpaired at a time: all their chosen answers come first (`map(batched=True)`).
const UNPAIRED_AT_ONCE: u64 = 1000;

/// `KTOTrainer` of one version, for one set. A row gives one sequence, of the side `desirable` or
/// `undesirable`; a pair gives one of each.
///
/// The KL term is estimated from prompts with the answers of other rows, which are made when a
/// batch is: they carry no loss.
pub struct Kto {
    kit: Arc<Kit>,
    version: Version,
    pub(super) features: &'static KtoFeatures,
    joined: Joined,
    /// Columns of the set.
    columns: Vec<String>,
    paired: bool,
    pub(super) labels: LabelKind,
    pub(super) rules: Rules,
    pub(super) max_length: Option<usize>,
    pub(super) label_pad: i32,
    pub(super) estimates_kl: bool,
    pub(super) pad_id: u32,
    pub(super) multiple: Option<usize>,
}

impl Kto {
    /// # Errors
    ///
    /// What the trainer raises when it is made, or what is not reproduced.
    pub fn new(kit: Arc<Kit>, version: Version, options: &KtoOptions, first: &First) -> Result<Self, EncodeError> {
        let features = ranges::kto(version).ok_or_else(|| versions::uncovered("KTOTrainer", version))?;
        options.check(features)?;
        let empty = Object::new();
        let object = first.row.as_object().unwrap_or(&empty);
        let sample = Row {
            object,
            columns: &first.columns,
        };
        if features.joined {
            check_images(sample)?;
        }
        let id = |name| kit.text_of(name).and_then(|token| kit.id_or_unknown(&token));
        let eos = id("eos_token");
        if !features.joined && eos.is_none() {
            return Err(unsupported(
                "KTO without an EOS token, which this version appends to answers by its id",
            ));
        }
        let pad_id = match id("pad_token") {
            Some(id) => id,
            None if features.joined && kit.text_of("pad_token").is_some() => {
                let message = "the pad token is not in the vocabulary, and batches are padded with None";
                return Err(raises("TypeError", message));
            }
            None if features.joined => pad_id(&kit, None, version)?,
            None => {
                return Err(raises(
                    "ValueError",
                    "the tokenizer has no pad token, and batches are padded",
                ));
            }
        };
        let max_length = options.max_length.unwrap_or(Some(1024));
        let max_length = max_length.or(features.null_is_512.then_some(512));
        let max_prompt_length = options.max_prompt_length.unwrap_or(Some(512)).unwrap_or(128);
        let paired = [CHOSEN, REJECTED].iter().all(|column| sample.has(column));
        let fixed = ["prompt", CHOSEN, REJECTED];
        let is_other = |column: &&String| !fixed.contains(&column.as_str());
        if let Some(other) = first.columns.iter().find(is_other)
            && paired
            && !features.unpaired_keep_columns
        {
            return Err(raises(
                "ArrowInvalid",
                format!(
                    "column `{other}` keeps its length where pairs are taken apart; only prompt, chosen and rejected may be there"
                ),
            ));
        }
        if !paired && features.joined && !sample.has("label") {
            return Err(raises("ValueError", "Column 'label' doesn't exist."));
        }
        let labels = match object.get("label").filter(|_| !paired) {
            Some(Value::Int(_) | Value::UInt(_)) => LabelKind::Number,
            Some(Value::Float(_)) => LabelKind::Float,
            _ => LabelKind::Flag,
        };
        let mut kto = Self {
            joined: Joined {
                adds_eos: false,
                eos: kit.text_of("eos_token"),
                common_prefix: features.common_prefix,
            },
            rules: Rules {
                bos: id("bos_token"),
                eos: eos.unwrap_or_default(),
                max_length: max_length.unwrap_or(usize::MAX),
                max_prompt_length: features.cuts_prompt.then_some(max_prompt_length),
                truncation: options.truncation_mode.unwrap_or(Truncation::KeepEnd),
            },
            kit,
            version,
            features,
            columns: first.columns.clone(),
            paired,
            labels,
            max_length,
            label_pad: options.label_pad_token_id.unwrap_or(-100),
            estimates_kl: options.loss_type != "apo_zero_unpaired",
            pad_id,
            multiple: options.pad_to_multiple_of.0,
        };
        if features.joined {
            let row = Row {
                object,
                columns: &kto.columns,
            };
            let (prompt, answers) = kto.said(row)?;
            let [(column, _, first), _] = answers;
            kto.joined.adds_eos = !kto.conversational(row, prompt, (column, first))?;
        }
        Ok(kto)
    }

    /// Tokens a prompt with an answer is cut to.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length
    }

    /// The row's answers, as the data set holds them before the collator.
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

    /// Brings answers in the order of the trainer's data set: pairs are taken apart a thousand at a
    /// time, the chosen ones first.
    pub fn order<T>(&self, answers: &mut [T], of: impl Fn(&T) -> (u64, &'static str)) {
        if self.paired {
            answers.sort_by_key(|answer| {
                let (row, side) = of(answer);
                (row / UNPAIRED_AT_ONCE, side == UNDESIRABLE)
            });
        }
    }

    /// A row of the data set, by the names of its columns; `partner` is the answer before it in the
    /// batch, or the last one for the first.
    pub fn stored(&self, answer: &Answer, partner: &Answer) -> Vec<(&'static str, Vec<i64>)> {
        kto_batch::stored(self, answer, partner)
    }

    /// A batch of answers.
    pub fn batch(&self, answers: &[Answer]) -> Batch {
        kto_batch::batch(self, answers)
    }

    fn fills(&self, prompt: usize) -> bool {
        self.features.drops_full_prompts && self.max_length.is_some_and(|most| prompt >= most)
    }

    /// The prompt and the answers to it: their column, side, and what they say. Of a row that is no
    /// pair the second is never asked for.
    fn said<'r>(&self, row: Row<'r>) -> Result<(Said<'r>, [(&'static str, &'static str, Said<'r>); 2]), EncodeError> {
        let named = |sides: Sides<'r>| {
            let answers = [
                (CHOSEN, DESIRABLE, sides.chosen),
                (REJECTED, UNDESIRABLE, sides.rejected),
            ];
            (sides.prompt, answers)
        };
        let of = |column| Said::of(row, column);
        if !self.features.joined && self.paired {
            return maybe_extracted(row, self.features.by_role).map(named);
        }
        if self.features.joined && !row.has("prompt") {
            return Sides::extract(of(CHOSEN)?, of(REJECTED)?).map(named);
        }
        if self.paired {
            return sides(row).map(named);
        }
        let prompt = of("prompt")?;
        let answer = ("completion", side(row)?, of("completion")?);
        Ok((prompt, [answer, answer]))
    }

    fn conversational(
        &self,
        row: Row<'_>,
        prompt: Said<'_>,
        (column, answer): (&'static str, Said<'_>),
    ) -> Result<bool, EncodeError> {
        if self.features.joined && prompt.kind() != answer.kind() {
            // Whichever column Python looks at, the run ends: with this, or where `.endswith` is
            // asked of a list.
            return Err(cannot_join(prompt, answer));
        }
        let columns: Vec<String>;
        let row = if self.paired {
            columns = row
                .columns
                .iter()
                .filter(|name| *name != CHOSEN && *name != REJECTED)
                .cloned()
                .collect();
            Row {
                object: row.object,
                columns: &columns,
            }
        } else {
            row
        };
        are_conversational(
            row,
            &[("prompt", prompt), (name_of(column), answer)],
            self.features.by_role,
        )
    }

    fn tokenise(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        let row = Row {
            object: dict(&record.value)?,
            columns: &self.columns,
        };
        let (prompt, answers) = self.said(row)?;
        let answers = if self.paired { &answers[..] } else { &answers[..1] };
        SCRATCH.with_borrow_mut(|scratch| {
            for (column, side, answer) in answers {
                let conversational = self.conversational(row, prompt, (column, *answer))?;
                let out = pool.add();
                out.side = side;
                if self.features.joined {
                    self.tokenise_joined(row, prompt, (column, *answer), conversational, scratch, out)?;
                } else {
                    self.tokenise_templated(row, prompt, *answer, conversational, scratch, out)?;
                }
                let branch = match *column {
                    CHOSEN => Branch::Chosen,
                    REJECTED => Branch::Rejected,
                    _ => Branch::Completion,
                };
                mark(example, is_of(branch), &mut scratch.found, &mut scratch.numbers, out);
            }
            Ok(())
        })
    }

    fn tokenise_joined(
        &self,
        row: Row<'_>,
        prompt: Said<'_>,
        answer: (&str, Said<'_>),
        conversational: bool,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let given = match (conversational, self.features.takes_tools) {
            (false, _) => None,
            (true, true) => Some(Arguments::of(row, true)?),
            (true, false) => Some(Arguments::kwargs(row)?),
        };
        let Scratch {
            prompt: asked, whole, ..
        } = scratch;
        ask(&self.kit, prompt, given.as_ref(), asked)?;
        self.joined.whole(&self.kit, prompt, answer, given.as_ref(), whole)?;
        let kept = self.joined.kept(asked, whole);
        assemble(asked, whole, kept, out);
        Ok(())
    }

    /// `maybe_apply_chat_template` and `_tokenize`.
    fn tokenise_templated(
        &self,
        row: Row<'_>,
        prompt: Said<'_>,
        answer: Said<'_>,
        conversational: bool,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        let rendered;
        let (asked, answered) = if conversational {
            let (Said::Messages(prompt), Said::Messages(answer)) = (prompt, answer) else {
                return Err(cannot_join(prompt, answer));
            };
            if self.paired {
                check_keys(row, &["prompt", CHOSEN, REJECTED])?;
            } else {
                check_keys(row, &["prompt", "completion", "label"])?;
            }
            let given = if self.features.takes_kwargs {
                Arguments::kwargs(row)?
            } else {
                Arguments::default()
            };
            let templater = Templater {
                kit: &self.kit,
                given: &given,
                rules: self.features.text,
            };
            rendered = templater.split(prompt, [answer])?;
            (rendered.0.as_str(), rendered.1[0].as_str())
        } else {
            let asked = prompt.text("prompt")?;
            match answer {
                Said::Text(answer) => (asked, answer),
                answer => return Err(cannot_join(prompt, answer)),
            }
        };
        let Scratch { prompt, whole, .. } = scratch;
        prompt.encode_plain(&self.kit, asked)?;
        whole.encode_plain(&self.kit, &format!("{asked}{answered}"))?;
        let (alone, ids) = (&prompt.tokens.ids, &whole.tokens.ids);
        if ids.len() < alone.len() {
            return Err(raises(
                "ValueError",
                "The elements in 'full_input_ids' and 'full_concat_input_ids' must have the same pairwise length.",
            ));
        }
        // A last token that merged with the answer's first belongs to the answer.
        let asked = alone.len() - usize::from(!ids.starts_with(alone));
        std::mem::swap(&mut out.text, &mut whole.rendered.text);
        std::mem::swap(&mut out.input_ids, &mut whole.tokens.ids);
        std::mem::swap(&mut out.offsets, &mut whole.tokens.extents);
        label_answer(out, asked);
        Ok(())
    }

    /// Cuts a sequence as it will enter the model.
    fn fit(&self, out: &mut Encoded) {
        let prompt = out.labels.iter().take_while(|label| **label == IGNORE);
        let prompt = prompt.count();
        if self.features.joined {
            if self.fills(prompt) {
                let most = self.max_length.unwrap_or_default();
                out.dropped = Some(format!("the prompt alone fills max_length={most}"));
            }
            let len = out.input_ids.len();
            cut(out, self.max_length.map_or(len, |most| most.min(len))..len);
            settle(out);
            return;
        }
        let plan = self.rules.plan(&out.input_ids[..prompt], &out.input_ids[prompt..]);
        let len = out.input_ids.len();
        cut(out, prompt + plan.answer..len);
        cut(out, plan.prompt.end..prompt);
        cut(out, 0..plan.prompt.start);
        if let Some(bos) = plan.bos {
            out.input_ids.insert(0, bos);
            out.labels.insert(0, IGNORE);
            out.offsets.insert(0, (0, 0));
        }
        if let Some(eos) = plan.eos {
            let end = offset(out.text.len());
            out.input_ids.push(eos);
            out.labels.push(label(eos));
            out.offsets.push((end, end));
        }
        out.full_len += usize::from(plan.bos.is_some()) + usize::from(plan.eos.is_some());
        out.full_trained += usize::from(plan.eos.is_some());
        settle(out);
    }
}

/// The side the `label` column says.
fn side(row: Row<'_>) -> Result<&'static str, EncodeError> {
    let wanted = match row.get("label")? {
        Value::Bool(wanted) => *wanted,
        Value::Int(0) | Value::UInt(0) => false,
        Value::Int(1) | Value::UInt(1) => true,
        Value::Float(number) if *number == 0.0 => false,
        Value::Float(number) if (*number - 1.0).abs() < f64::EPSILON => true,
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => {
            return Err(unsupported("a `label` that is neither 0 nor 1"));
        }
        other => {
            let kind = crate::trainer::python::type_name(other);
            return Err(raises(
                "TypeError",
                format!("unsupported operand type(s) for +: 'int' and '{kind}': `label` is counted"),
            ));
        }
    };
    Ok(if wanted { DESIRABLE } else { UNDESIRABLE })
}

/// The name an answer's column has once pairs are apart.
fn name_of(column: &'static str) -> &'static str {
    if column == CHOSEN || column == REJECTED {
        "completion"
    } else {
        column
    }
}

impl Encode for Kto {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        self.tokenise(record, example, pool)?;
        for out in pool.sequences_mut() {
            self.fit(out);
        }
        Ok(())
    }
}

impl Trainer for Kto {
    fn name(&self) -> String {
        format!("trl@{} kto", self.version)
    }

    fn arrange(&self, mut rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        self.order(&mut rows, |row| (row.rows.first().copied().unwrap_or(0), row.side));
        Ok(rows)
    }

    fn collate(&self, sequences: &[Sequence]) -> Result<Batch, EncodeError> {
        let answers: Vec<Answer> = sequences.iter().map(Answer::of_sequence).collect();
        Ok(self.batch(&answers))
    }
}
