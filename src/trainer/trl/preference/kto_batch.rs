//! Answers of `KTOTrainer` into batches, each with the answer of another row beside it.
//!
//! `DataCollatorForUnpairedPreference` from 1.3 on, `DPODataCollatorWithPadding` (`trainer/utils.py`)
//! before.

use crate::model::batch::{Batch, Extra};

use super::collate::{left, masked, right, widened};
use super::kto::Kto;
use super::versions::KtoBatch;
use super::{Answer, DESIRABLE};

/// What the `label` column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelKind {
    Flag,
    Number,
    Float,
}

/// A row of the data set, by the names of its columns.
pub(super) fn stored(kto: &Kto, answer: &Answer, partner: &Answer) -> Vec<(&'static str, Vec<i64>)> {
    if kto.features.joined {
        let mut columns = vec![
            ("prompt_ids", widened(&answer.prompt)),
            ("completion_ids", widened(&answer.completion)),
        ];
        if kto.estimates_kl {
            columns.push(("KL_completion_ids", widened(&partner.completion)));
        }
        return columns;
    }
    let plan = kto.rules.plan(&answer.prompt, &answer.completion);
    let prompt = plan.prompt(&answer.prompt);
    let whole = plan.whole(&answer.prompt, &answer.completion);
    let mut columns = vec![
        ("prompt_input_ids", widened(&prompt)),
        ("answer_input_ids", widened(&answer.completion)),
        ("completion_input_ids", widened(&whole)),
        ("completion_labels", labels(kto, prompt.len(), &whole)),
    ];
    if kto.estimates_kl {
        // The prompt as it was made of the first time, and the other answer as it was tokenised.
        let plan = kto.rules.plan(&prompt, &partner.completion);
        let whole = plan.whole(&prompt, &partner.completion);
        let prompt = plan.prompt(&prompt);
        columns.push(("KL_prompt_input_ids", widened(&prompt)));
        columns.push(("KL_completion_input_ids", widened(&whole)));
        columns.push(("KL_completion_labels", labels(kto, prompt.len(), &whole)));
    }
    columns
}

fn labels(kto: &Kto, prompt: usize, whole: &[u32]) -> Vec<i64> {
    let mut labels = widened(whole);
    labels[..prompt].fill(i64::from(kto.label_pad));
    labels
}

pub(super) fn batch(kto: &Kto, answers: &[Answer]) -> Batch {
    let partner = |at: usize| &answers[if at == 0 { answers.len() - 1 } else { at - 1 }];
    let partners = || (0..answers.len()).map(partner).collect::<Vec<_>>();
    let mut batch = match kto.features.batch {
        KtoBatch::Processed => {
            let rows = answers
                .iter()
                .enumerate()
                .map(|(at, answer)| stored(kto, answer, partner(at)));
            processed(kto, &rows.collect::<Vec<_>>())
        }
        KtoBatch::Labelled => labelled(kto, answers, &partners()),
        KtoBatch::Masked | KtoBatch::Short => {
            let own: Vec<&Answer> = answers.iter().collect();
            let mut batch = masked(cut(kto, answers, &own), kto.pad_id, kto.multiple);
            let is_short = kto.features.batch == KtoBatch::Short;
            if !is_short {
                let names = ["completion_input_ids", "completion_attention_mask", "completion_mask"];
                batch = renamed(batch, names);
            }
            if kto.estimates_kl {
                let other = masked(cut(kto, answers, &partners()), kto.pad_id, kto.multiple);
                let names = if is_short {
                    ["KL_input_ids", "KL_attention_mask", "KL_completion_mask"]
                } else {
                    [
                        "KL_completion_input_ids",
                        "KL_completion_attention_mask",
                        "KL_completion_mask",
                    ]
                };
                batch.others.extend(renamed(other, names).others);
            }
            batch
        }
    };
    batch.others.push(("label", tags(kto, answers)));
    batch
}

/// The ids and masks of a batch under other names.
fn renamed(batch: Batch, names: [&'static str; 3]) -> Batch {
    let attention = batch.attention_mask.unwrap_or_default();
    let mut others = vec![(names[0], matrix(&batch.input_ids)), (names[1], matrix(&attention))];
    others.extend(batch.others.into_iter().map(|(_, mask)| (names[2], mask)));
    Batch {
        others,
        ..Batch::default()
    }
}

/// Prompts with answers, cut by the collator.
fn cut(kto: &Kto, answers: &[Answer], given: &[&Answer]) -> Vec<(Vec<u32>, usize)> {
    let rows = answers.iter().zip(given).map(|(asked, given)| {
        let mut ids = asked.prompt.clone();
        ids.extend_from_slice(&given.completion);
        ids.truncate(kto.max_length.unwrap_or(usize::MAX));
        (ids, asked.prompt.len())
    });
    rows.collect()
}

/// The collator of 1.3 to 1.5, with labels.
fn labelled(kto: &Kto, answers: &[Answer], partners: &[&Answer]) -> Batch {
    let mut others = Vec::new();
    let mut add = |names: [&'static str; 3], given: &[&Answer]| {
        let rows = cut(kto, answers, given);
        let labels = rows.iter().map(|(ids, prompt)| {
            let mut labels = widened(ids);
            let end = (*prompt).min(labels.len());
            labels[..end].fill(-100);
            labels
        });
        let labels = labels.collect();
        let (ids, masks) = right(
            rows.iter().map(|(ids, _)| widened(ids)).collect(),
            i64::from(kto.pad_id),
        );
        others.push((names[0], ids));
        others.push((names[1], masks));
        others.push((names[2], right(labels, -100).0));
    };
    let names = ["completion_input_ids", "completion_attention_mask", "completion_labels"];
    add(names, &answers.iter().collect::<Vec<_>>());
    if kto.estimates_kl {
        let names = [
            "KL_completion_input_ids",
            "KL_completion_attention_mask",
            "KL_completion_labels",
        ];
        add(names, partners);
    }
    Batch {
        others,
        ..Batch::default()
    }
}

/// The collator up to 1.2: every column that ends in `_input_ids` or `_labels`, prompts padded at
/// the left.
fn processed(kto: &Kto, rows: &[Vec<(&'static str, Vec<i64>)>]) -> Batch {
    let mut others = Vec::new();
    let names = rows
        .first()
        .map(|row| row.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (at, name) in names.unwrap_or_default().into_iter().enumerate() {
        let column: Vec<Vec<i64>> = rows.iter().map(|row| row[at].1.clone()).collect();
        if name == "prompt_input_ids" {
            let narrow = |row: &Vec<i64>| row.iter().map(|id| u32::try_from(*id).unwrap_or(u32::MAX)).collect();
            let (ids, masks) = left(column.iter().map(narrow).collect(), i64::from(kto.pad_id));
            others.push((name, ids));
            others.push(("prompt_attention_mask", masks));
        } else if let Some(mask) = mask_of(name) {
            let (ids, masks) = right(column, i64::from(kto.pad_id));
            others.push((name, ids));
            others.push((mask, masks));
        } else {
            others.push((name, right(column, i64::from(kto.label_pad)).0));
        }
    }
    Batch {
        others,
        ..Batch::default()
    }
}

fn mask_of(ids: &str) -> Option<&'static str> {
    Some(match ids {
        "answer_input_ids" => "answer_attention_mask",
        "completion_input_ids" => "completion_attention_mask",
        "KL_prompt_input_ids" => "KL_prompt_attention_mask",
        "KL_completion_input_ids" => "KL_completion_attention_mask",
        _ => return None,
    })
}

fn tags(kto: &Kto, answers: &[Answer]) -> Extra {
    let wanted = answers.iter().map(|answer| answer.side == DESIRABLE);
    match kto.labels {
        LabelKind::Flag => Extra::Flags(wanted.collect()),
        LabelKind::Number => Extra::Row(wanted.map(i64::from).collect()),
        LabelKind::Float => Extra::Floats(wanted.map(|wanted| f32::from(u8::from(wanted))).collect()),
    }
}

fn matrix(rows: &[Vec<u32>]) -> Extra {
    Extra::Matrix(rows.iter().map(|row| widened(row)).collect())
}
