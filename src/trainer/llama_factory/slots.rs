//! Slots made ready for a tokenizer, and the text they are written into.

use memchr::memmem;

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::{EncodeError, Part, What};
use crate::model::setup::Special;

use super::table::{CONTENT, Named, Slot};

/// The slots of one role.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Vec<Ready>);

#[derive(Clone, Debug)]
enum Ready {
    /// A text without a message in it, or a token: the same tokens every time.
    Fixed(Piece),
    /// What stands around the message.
    Around { before: String, after: String },
}

/// Tokens, and the bytes of a text each stands for.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub ids: Vec<u32>,
    pub offsets: Vec<(u32, u32)>,
}

impl Run {
    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.offsets.clear();
    }

    fn extend(&mut self, ids: &[u32], offsets: &[(u32, u32)], base: u32) {
        self.ids.extend_from_slice(ids);
        let shifted = offsets.iter().map(|(start, end)| (base + start, base + end));
        self.offsets.extend(shifted);
    }
}

/// The id of a token the tokenizer does not have, and has none for the unknown either: `None` among
/// the ids, of which no batch can be made. It does no harm where the budget cuts it off.
pub(super) const NO_TOKEN: u32 = u32::MAX;

/// The tokenizer, and the token answers end in, which may not be its own.
#[derive(Clone, Copy)]
pub(super) struct Ends<'k> {
    pub kit: &'k Kit,
    pub eos: &'k Special,
}

/// A text and its tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    text: String,
    run: Run,
}

impl Piece {
    /// A text, tokenised by itself.
    pub(super) fn of_text(kit: &Kit, text: &str) -> Result<Self, EncodeError> {
        let mut tokens = Tokens::default();
        if !text.is_empty() {
            kit.encode(text, false, Detail::Extents, &mut tokens)?;
        }
        let run = Run {
            ids: tokens.ids,
            offsets: tokens.extents,
        };
        Ok(Self {
            text: text.to_owned(),
            run,
        })
    }

    /// A token.
    pub(super) fn of_token(text: &str, id: u32) -> Self {
        Self {
            text: text.to_owned(),
            run: Run {
                ids: vec![id],
                offsets: vec![(0, offset(text.len()))],
            },
        }
    }
}

impl Slots {
    /// # Errors
    ///
    /// If the tokenizer fails.
    pub(super) fn ready(slots: &[Slot], Ends { kit, eos }: Ends<'_>) -> Result<Self, EncodeError> {
        let mut ready = Vec::with_capacity(slots.len());
        for slot in slots {
            ready.push(match slot {
                Slot::Text(text) => match text.split_once(CONTENT) {
                    Some((before, after)) => Ready::Around {
                        before: before.to_owned(),
                        after: after.to_owned(),
                    },
                    None => Ready::Fixed(Piece::of_text(kit, text)?),
                },
                Slot::Add { add } => {
                    let token = match add {
                        Named::Bos => kit.facts().token("bos_token"),
                        Named::Eos => Some(eos),
                    };
                    match token.and_then(|token| Some((token, token.id?))) {
                        Some((token, id)) => Ready::Fixed(Piece::of_token(&token.text, id)),
                        None => continue,
                    }
                }
                Slot::Token { token } => {
                    let id = kit.id_or_unknown(token).unwrap_or(NO_TOKEN);
                    Ready::Fixed(Piece::of_token(token, id))
                }
                Slot::Nothing { .. } => continue,
            });
        }
        Ok(Self(ready))
    }

    /// The slots with one and the same message in them, every time.
    pub(super) fn filled(&self, kit: &Kit, content: &str) -> Result<Self, EncodeError> {
        let fill = |slot: &Ready| match slot {
            Ready::Fixed(piece) => Ok(Ready::Fixed(piece.clone())),
            Ready::Around { before, after } => {
                Piece::of_text(kit, &format!("{before}{content}{after}")).map(Ready::Fixed)
            }
        };
        self.0.iter().map(fill).collect::<Result<_, _>>().map(Self)
    }

    /// The text the first slot makes of a message, as a template that puts one text into another
    /// takes it.
    pub(super) fn first(&self) -> (&str, &str) {
        match self.0.first() {
            Some(Ready::Around { before, after }) => (before, after),
            Some(Ready::Fixed(piece)) => (&piece.text, ""),
            None => ("", ""),
        }
    }
}

/// A stretch of a message, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'s> {
    pub text: &'s str,
    pub what: What,
}

/// A sequence being written: its text, the tokens of the text, and what each stretch of it is.
pub(super) struct Draft<'d> {
    pub kit: &'d Kit,
    pub text: &'d mut String,
    pub parts: &'d mut Vec<Part>,
    pub run: &'d mut Run,
    pub tokens: &'d mut Tokens,
}

impl Draft<'_> {
    /// Adds what the slots make of a message. `turn` is the number `{{idx}}` stands for, in the
    /// slots or, as there is no telling them apart, in the message.
    pub(super) fn apply(
        &mut self,
        slots: &Slots,
        content: &[Span<'_>],
        turn: Option<usize>,
    ) -> Result<(), EncodeError> {
        for slot in &slots.0 {
            match slot {
                Ready::Fixed(piece) => self.piece(piece),
                Ready::Around { before, after } => {
                    let start = self.text.len();
                    let first_part = self.parts.len();
                    self.push(before, What::Template);
                    for span in content {
                        self.push(span.text, span.what);
                    }
                    self.push(after, What::Template);
                    if let Some(turn) = turn {
                        self.number(start, first_part, turn);
                    }
                    self.encode(start)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a piece of the template.
    pub(super) fn piece(&mut self, piece: &Piece) {
        let base = offset(self.text.len());
        self.push(&piece.text, What::Template);
        self.run.extend(&piece.run.ids, &piece.run.offsets, base);
    }

    /// Adds a stretch of text, which is not tokenised yet.
    pub(super) fn push(&mut self, text: &str, what: What) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = offset(self.text.len());
        match self.parts.last_mut() {
            Some(part) if part.what == what => part.end = end,
            _ => self.parts.push(Part { end, what }),
        }
    }

    /// Tokenises the text from `start` on, by itself.
    pub(super) fn encode(&mut self, start: usize) -> Result<(), EncodeError> {
        if start == self.text.len() {
            return Ok(());
        }
        let text = &self.text[start..];
        self.kit.encode(text, false, Detail::Extents, self.tokens)?;
        self.run.extend(&self.tokens.ids, &self.tokens.extents, offset(start));
        Ok(())
    }

    /// Puts the number of the turn in place of the first `{{idx}}` from `start` on.
    fn number(&mut self, start: usize, first_part: usize, turn: usize) {
        const IDX: &str = "{{idx}}";
        let Some(at) = memmem::find(&self.text.as_bytes()[start..], IDX.as_bytes()) else {
            return;
        };
        let (from, to) = (start + at, start + at + IDX.len());
        let number = turn.to_string();
        self.text.replace_range(from..to, &number);
        // A part that ends inside the mark ends with it now; one that ends later moves with the text.
        let end = from + number.len();
        let first_part = first_part.saturating_sub(1);
        for part in &mut self.parts[first_part..] {
            let old = part.end as usize;
            if old > from {
                part.end = offset(if old < to { end } else { old - to + end });
            }
        }
    }
}
