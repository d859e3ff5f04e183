//! Texts tokenised one by one and put end to end (`prompt_tokenizers.py`,
//! `PromptTokenizingStrategy._tokenize`).

use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::tokenizer::{Detail, Side, Tokens};
use crate::model::encoded::{EncodeError, Encoded};

use crate::trainer::failure::unsupported;

/// The id of an EOS where the tokenizer has none: axolotl appends `None`, of which no batch can be
/// made. It does no harm in a row that is dropped, or where it is cut off.
pub const NO_TOKEN: u32 = u32::MAX;

/// Tokenises pieces, each with the tokens the tokenizer adds, each cut to a length of its own.
pub(super) struct Pieces {
    kit: Arc<Kit>,
    max_length: usize,
    bos: Option<u32>,
    eos: Option<u32>,
    /// Tokens the post-processor puts before a text, and behind it. Cutting spares them.
    before: usize,
    behind: usize,
}

/// How a piece is finished.
#[derive(Clone, Copy)]
pub(super) struct Finish {
    /// How many EOS it should end with.
    pub(super) eos: usize,
    pub(super) strip_bos: bool,
}

impl Pieces {
    pub(super) fn new(kit: &Arc<Kit>, max_length: usize) -> Result<Self, EncodeError> {
        let (before, behind) = added(kit)?;
        if max_length <= before + behind {
            return Err(unsupported(format!(
                "a sequence_len of {max_length}, which leaves no token for the text"
            )));
        }
        let id = |name| kit.facts().token(name).and_then(|token| token.id);
        Ok(Self {
            max_length,
            bos: id("bos_token"),
            eos: id("eos_token"),
            before,
            behind,
            kit: Arc::clone(kit),
        })
    }

    /// Appends the tokens of the text from `start` on, and returns how many were cut.
    pub(super) fn append(
        &self,
        start: usize,
        finish: Finish,
        out: &mut Encoded,
        tokens: &mut Tokens,
    ) -> Result<usize, EncodeError> {
        self.kit.encode(&out.text[start..], true, Detail::Extents, tokens)?;
        let cut = self.cut(tokens);
        let (Some(first), Some(last)) = (tokens.ids.first(), tokens.ids.last()) else {
            return Ok(cut);
        };
        let skipped = usize::from(finish.strip_bos && Some(*first) == self.bos);
        let missing = finish.eos.saturating_sub(usize::from(Some(*last) == self.eos));
        let room = self.max_length.saturating_sub(tokens.ids.len());
        let end = offset(out.text.len());
        for _ in 0..missing.min(room) {
            tokens.ids.push(self.eos.unwrap_or(NO_TOKEN));
            tokens.extents.push((end, end));
        }
        let start = offset(start);
        out.input_ids.extend_from_slice(&tokens.ids[skipped..]);
        let given = tokens.ids.len() - missing.min(room);
        out.offsets
            .extend(tokens.extents[skipped..].iter().zip(skipped..).map(|(range, at)| {
                if at < given {
                    (range.0 + start, range.1 + start)
                } else {
                    *range
                }
            }));
        Ok(cut)
    }

    fn cut(&self, tokens: &mut Tokens) -> usize {
        let Some(surplus) = tokens
            .ids
            .len()
            .checked_sub(self.max_length)
            .filter(|surplus| *surplus > 0)
        else {
            return 0;
        };
        let at = if self.kit.facts().truncation_side == Side::Left {
            self.before
        } else {
            tokens.ids.len() - self.behind - surplus
        };
        tokens.ids.drain(at..at + surplus);
        tokens.extents.drain(at..at + surplus);
        surplus
    }
}

/// How many tokens the post-processor puts before a text, and behind it.
fn added(kit: &Kit) -> Result<(usize, usize), EncodeError> {
    let (mut plain, mut whole) = (Tokens::default(), Tokens::default());
    kit.encode("a", false, Detail::Ids, &mut plain)?;
    kit.encode("a", true, Detail::Ids, &mut whole)?;
    let width = plain.ids.len().max(1);
    let before = whole.ids.windows(width).position(|window| window == plain.ids);
    let before = before.unwrap_or(0);
    Ok((before, whole.ids.len() - before - plain.ids.len()))
}
