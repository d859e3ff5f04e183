//! Prompt, and prompt + answer: the answer is what the second has more (`tokenize_fn`).

use crate::encode::kit::{Chat, Kit, Message};
use crate::encode::locate::offset;
use crate::encode::tokenizer::Detail;
use crate::model::encoded::{EncodeError, Encoded};
use crate::trainer::trl::arguments::Arguments;
use crate::trainer::trl::options::raises;

use super::label_answer;
use super::said::{Said, cannot_join};

/// How a set's rows are tokenised.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    /// Whether the first row has texts, so that all answers get an EOS.
    pub(super) adds_eos: bool,
    pub(super) eos: Option<String>,
    /// The answer starts where prompt and prompt + answer part.
    pub(super) common_prefix: bool,
}

/// Tokenises the prompt alone, with the header of the answer.
pub(super) fn ask(
    kit: &Kit,
    prompt: Said<'_>,
    given: Option<&Arguments<'_>>,
    chat: &mut Chat,
) -> Result<(), EncodeError> {
    match (prompt, given) {
        (Said::Messages(messages), Some(given)) => {
            let messages: Vec<Message<'_>> = messages.iter().map(Message::Raw).collect();
            chat.encode(kit, None, given.with(&messages, true), Detail::Extents)
        }
        (prompt, _) => chat.encode_text(kit, prompt.text("prompt")?),
    }
}

impl Joined {
    /// Tokenises the prompt with an answer.
    pub(super) fn whole(
        &self,
        kit: &Kit,
        prompt: Said<'_>,
        (column, answer): (&str, Said<'_>),
        given: Option<&Arguments<'_>>,
        chat: &mut Chat,
    ) -> Result<(), EncodeError> {
        match (prompt, answer, given) {
            (Said::Messages(prompt), Said::Messages(answer), Some(given)) => {
                let messages: Vec<Message<'_>> = prompt.iter().chain(answer).map(Message::Raw).collect();
                chat.encode(kit, None, given.with(&messages, false), Detail::Extents)
            }
            (Said::Text(prompt), answer, None) => {
                let answer = answer.ending(column)?;
                let eos = self.ending(answer)?;
                chat.encode_text(kit, &format!("{prompt}{answer}{eos}"))
            }
            (prompt, answer, _) => Err(cannot_join(prompt, answer)),
        }
    }

    /// What is appended to an answer (`add_eos`).
    pub(super) fn ending(&self, answer: &str) -> Result<&str, EncodeError> {
        if !self.adds_eos {
            return Ok("");
        }
        match &self.eos {
            Some(eos) if answer.ends_with(eos.as_str()) => Ok(""),
            Some(eos) => Ok(eos),
            None => Err(raises(
                "TypeError",
                "endswith first arg must be str or a tuple of str, not NoneType: the tokenizer has no EOS",
            )),
        }
    }

    /// How many of the prompt's tokens stay with this answer.
    pub(super) fn kept(&self, prompt: &Chat, whole: &Chat) -> usize {
        let (prompt, whole) = (&prompt.tokens.ids, &whole.tokens.ids);
        if !self.common_prefix {
            return prompt.len();
        }
        let common = prompt.iter().zip(whole).take_while(|(left, right)| left == right);
        common.count()
    }
}

/// The sequence of `kept` tokens of the prompt, and what the whole has after as many. Takes the
/// whole's buffers where the two agree so far.
pub(super) fn assemble(prompt: &Chat, whole: &mut Chat, kept: usize, out: &mut Encoded) {
    let (head, ids) = (&prompt.tokens.ids[..kept], &whole.tokens.ids);
    if ids.starts_with(head) {
        std::mem::swap(&mut out.text, &mut whole.rendered.text);
        std::mem::swap(&mut out.input_ids, &mut whole.tokens.ids);
        std::mem::swap(&mut out.offsets, &mut whole.tokens.extents);
    } else {
        let rest = kept.min(ids.len());
        let start = whole
            .tokens
            .extents
            .get(rest)
            .map_or(whole.rendered.text.len(), |extent| extent.0 as usize);
        let shift = |at: u32| offset(prompt.rendered.text.len() + (at as usize).saturating_sub(start));
        out.text.push_str(&prompt.rendered.text);
        out.text.push_str(&whole.rendered.text[start..]);
        out.input_ids.extend_from_slice(head);
        out.input_ids.extend_from_slice(&ids[rest..]);
        out.offsets.extend_from_slice(&prompt.tokens.extents[..kept]);
        let extents = &whole.tokens.extents[rest..];
        out.offsets
            .extend(extents.iter().map(|(start, end)| (shift(*start), shift(*end))));
    }
    label_answer(out, kept);
}
