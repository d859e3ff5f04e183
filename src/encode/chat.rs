//! A text and its tokens, as trainers ask for them: a conversation that is rendered first, or a text.

use crate::model::encoded::EncodeError;

use super::kit::{Conversation, Kit};
use super::template::{Rendered, Template};
use super::tokenizer::{Detail, Tokens};

/// A text and its tokens, in buffers that are used again.
#[derive(Default)]
pub struct Chat {
    pub rendered: Rendered,
    pub tokens: Tokens,
}

impl Chat {
    /// A text with the tokenizer's own special tokens, as `tokenizer(text)` gives it.
    ///
    /// # Errors
    ///
    /// As [`Kit::encode`].
    pub fn encode_text(&mut self, kit: &Kit, text: &str) -> Result<(), EncodeError> {
        self.hold(text);
        kit.encode(text, true, Detail::Extents, &mut self.tokens)
    }

    /// A text alone, as `tokenizer(text, add_special_tokens=False)` gives it.
    ///
    /// # Errors
    ///
    /// As [`Kit::encode`].
    pub fn encode_plain(&mut self, kit: &Kit, text: &str) -> Result<(), EncodeError> {
        self.hold(text);
        kit.encode(text, false, Detail::Extents, &mut self.tokens)
    }

    fn hold(&mut self, text: &str) {
        self.rendered.text.clear();
        self.rendered.text.push_str(text);
        self.rendered.generation.clear();
    }

    /// A conversation, as `apply_chat_template(tokenize=True)` gives it: no special tokens are added.
    ///
    /// # Errors
    ///
    /// As [`Kit::render`] and [`Kit::encode`].
    pub fn encode(
        &mut self,
        kit: &Kit,
        template: Option<&Template>,
        conversation: Conversation<'_>,
        detail: Detail,
    ) -> Result<(), EncodeError> {
        kit.render(template, conversation, &mut self.rendered)?;
        kit.encode(&self.rendered.text, false, detail, &mut self.tokens)
    }

    /// `assistant_masks`: which tokens stand inside `{% generation %}`, by the reference's own
    /// offsets ([`Detail::Offsets`]).
    ///
    /// As transformers does it (`tokenization_utils_base.py`, 5.23): a span whose first character
    /// has no token ends the search, and later spans are lost; one whose last character has none,
    /// or the very first, runs to the end of the sequence (transformers#47325).
    pub fn assistant_mask(&self, mask: &mut Vec<bool>) {
        Self::mask(&self.rendered, &self.tokens, mask);
    }

    /// The same for any text and its tokens, which may have been cut or padded.
    pub fn mask(rendered: &Rendered, tokens: &Tokens, mask: &mut Vec<bool>) {
        // Padding at the end stands for nothing, and is left out so that places only grow.
        let padding = tokens
            .offsets
            .iter()
            .rev()
            .take_while(|place| **place == (0, 0))
            .count();
        let offsets = &tokens.offsets[..tokens.offsets.len() - padding];
        let token_at = |byte: u32| {
            let at = offsets.partition_point(|(_, end)| *end <= byte);
            (at < offsets.len() && offsets[at].0 <= byte).then_some(at)
        };
        mask.clear();
        mask.resize(tokens.ids.len(), false);
        for span in &rendered.generation {
            let Some(start) = token_at(span.start) else { break };
            // A span may run past the end of the text, where there is no token.
            let before = rendered.text.get(..span.end as usize);
            let before = before.and_then(|before| before.char_indices().next_back());
            let last = before.and_then(|(at, _)| token_at(super::locate::offset(at)));
            let end = last.filter(|last| *last != 0).map_or(mask.len(), |last| last + 1);
            if start < end {
                mask[start..end].fill(true);
            }
        }
    }
}
