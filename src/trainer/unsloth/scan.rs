//! Which tokens of a row are answers (`train_on_responses_only`).

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::EncodeError;
use crate::trainer::failure::raises;

use super::marker::{Marker, is_special, stands};

/// The markers of a run, resolved.
#[derive(Clone, Debug)]
pub(super) struct Markers {
    pub(super) instruction: Marker,
    pub(super) response: Marker,
    /// Special ids that both markers begin with: any turn's header.
    opener: Vec<u32>,
    eos: Option<u32>,
    bos: Option<u32>,
    last_only: bool,
}

impl Markers {
    /// Resolves the texts.
    ///
    /// # Errors
    ///
    /// `ValueError` for one that has no stable ids.
    pub(super) fn new(
        kit: &Kit,
        instruction: &str,
        response: &str,
        (force, last_only): (bool, bool),
        tokens: &mut Tokens,
    ) -> Result<Self, EncodeError> {
        let mut resolve = |name: &str, text: &str| {
            Marker::of(kit, text, force, tokens)?.ok_or_else(|| {
                let message = format!("{name} could not be resolved to a stable token sequence: {text:?}");
                raises("ValueError", message)
            })
        };
        let mut one = resolve("instruction_part", instruction)?;
        let mut other = resolve("response_part", response)?;
        let cores = (one.core.clone(), other.core.clone());
        // A marker that the other begins with is told apart by all of its tokens.
        if cores.1.starts_with(&cores.0) {
            one.extend();
        }
        if cores.0.starts_with(&cores.1) {
            other.extend();
        }
        let shared = one.core.iter().zip(&other.core).take_while(|(one, other)| one == other);
        let shared: Vec<u32> = shared.map(|(id, _)| *id).collect();
        let is_header = |id: &u32| {
            let text = kit.tokenizer().token_text(*id).unwrap_or_default();
            is_special(kit, *id) && !text.trim().is_empty()
        };
        let id = |name: &str| kit.facts().token(name).and_then(|token| token.id);
        Ok(Self {
            instruction: one,
            response: other,
            opener: if shared.iter().all(is_header) {
                shared
            } else {
                Vec::new()
            },
            eos: id("eos_token"),
            bos: id("bos_token"),
            last_only,
        })
    }

    /// Marks the tokens that are trained.
    ///
    /// After a response marker all is trained up to the first of: the EOS (which is trained too), the BOS,
    /// a header, another marker, the end.
    pub(super) fn mark(&self, ids: &[u32], trained: &mut Vec<bool>) {
        trained.clear();
        trained.resize(ids.len(), false);
        let mut last = None;
        let mut at = 0;
        while at < ids.len() {
            if !self.response.is_at(ids, at) {
                at += 1;
                continue;
            }
            let start = self.response.end(ids, at);
            let (end, next) = self.answer(ids, start);
            if start < ids.len() {
                if self.last_only {
                    last = Some(start..end.max(start));
                } else if start < end {
                    trained[start..end].fill(true);
                }
            }
            at = next;
        }
        if let Some(last) = last {
            trained[last].fill(true);
        }
    }

    /// Where the answer that begins here ends, and where to look on.
    fn answer(&self, ids: &[u32], start: usize) -> (usize, usize) {
        let end = ids.len();
        for at in start..end {
            let id = ids[at];
            if Some(id) == self.eos {
                return (at + 1, at + 1);
            }
            if Some(id) == self.bos || stands(&self.opener, ids, at) || self.response.is_at(ids, at) {
                return (at, at);
            }
            if self.instruction.is_at(ids, at) || at + 1 == end {
                // What may stand before an instruction is left out, before the last token too.
                let cut = self.instruction.start(ids, at);
                let next = self.instruction.end(ids, at);
                return (if cut + 1 == end { end } else { cut }, next);
            }
        }
        (end, end)
    }
}
