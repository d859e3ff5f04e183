//! `DataCollatorForCompletionOnlyLM` (`trainer/utils.py`, up to 0.19.1).
//!
//! It starts from transformers' language-modelling collator, which masks every pad token, so that
//! pad = eos masks every EOS; then it searches the labels for the ids of its markers.

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model;
use crate::model::encoded::{EncodeError, IGNORE};
use crate::trainer::intended::label;

use crate::trainer::trl::options::{Marker, Markers};

/// The ids searched for.
#[derive(Clone, Debug)]
pub(super) struct Search {
    response: Vec<i32>,
    instruction: Option<Vec<i32>>,
    pad: Option<i32>,
}

impl Search {
    pub(super) fn new(kit: &Kit, markers: &Markers, pad: Option<u32>) -> Result<Self, EncodeError> {
        let ids = |marker: &Marker| -> Result<Vec<i32>, EncodeError> {
            Ok(match marker {
                Marker::Ids(ids) => ids.iter().map(|id| label(*id)).collect(),
                // Encoded alone, which in context may tokenise otherwise.
                Marker::Text(text) => {
                    let mut tokens = Tokens::new();
                    kit.encode(text, false, Detail::Ids, &mut tokens)?;
                    tokens.ids.iter().map(|id| label(*id)).collect()
                }
            })
        };
        Ok(Self {
            response: ids(&markers.response_template)?,
            instruction: markers.instruction_template.as_ref().map(ids).transpose()?,
            pad: pad.map(label),
        })
    }

    /// What is searched for, by the names it was given under.
    pub(super) fn told(&self, markers: &Markers) -> Vec<model::setup::Marker> {
        let told = |name: &str, marker: &Marker, ids: &[i32]| model::setup::Marker {
            name: name.to_owned(),
            text: match marker {
                Marker::Text(text) => Some(text.clone()),
                Marker::Ids(_) => None,
            },
            ids: ids.iter().map(|id| id.cast_unsigned()).collect(),
        };
        let mut all = vec![told("response_template", &markers.response_template, &self.response)];
        if let (Some(marker), Some(ids)) = (&markers.instruction_template, &self.instruction) {
            all.push(told("instruction_template", marker, ids));
        }
        all
    }

    /// Masks a row's labels, which are its ids.
    pub(super) fn mask(&self, labels: &mut [i32]) {
        for label in labels.iter_mut().filter(|label| Some(**label) == self.pad) {
            *label = IGNORE;
        }
        let responses: Vec<usize> = find(labels, &self.response)
            .map(|at| at + self.response.len())
            .collect();
        let Some(instruction) = &self.instruction else {
            // The last occurrence wins.
            let end = responses.last().copied().unwrap_or(labels.len());
            labels[..end].fill(IGNORE);
            return;
        };
        if responses.is_empty() {
            labels.fill(IGNORE);
        }
        let mut humans: Vec<usize> = find(labels, instruction).collect();
        if humans.is_empty() {
            labels.fill(IGNORE);
        }
        if let (Some(human), Some(response)) = (humans.first(), responses.first())
            && human > response
        {
            humans.insert(0, 0);
        }
        for (at, (human, response)) in humans.iter().zip(&responses).enumerate() {
            let start = if at == 0 { 0 } else { *human };
            if start < *response {
                labels[start..*response].fill(IGNORE);
            }
        }
        if responses.len() < humans.len() {
            let last = humans[humans.len() - 1];
            labels[last..].fill(IGNORE);
        }
    }
}

fn find<'l>(labels: &'l [i32], wanted: &'l [i32]) -> impl Iterator<Item = usize> + 'l {
    let last = if wanted.is_empty() {
        0
    } else {
        (labels.len() + 1).saturating_sub(wanted.len())
    };
    (0..last).filter(move |at| labels[*at..].starts_with(wanted))
}
