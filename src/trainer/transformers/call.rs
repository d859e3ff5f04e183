//! `tokenizer(text, …)`: what its options make of a text's tokens.
//!
//! Source: `__call__` and `_get_padding_truncation_strategies` (`tokenization_utils_base.py`),
//! `set_truncation_and_padding` (`tokenization_utils_tokenizers.py`) of transformers 5.23, with the same
//! outcome in 4.53; truncation itself is tokenizers' `post_process`, run to see its edges.

use serde_json::{Map, Value as Json};

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{Detail, Side, Tokens};
use crate::model::encoded::EncodeError;
use crate::trainer::failure::{raises, unsupported};

use super::pad::{Padding, lengthen};

/// Options that are reproduced.
const KNOWN: [&str; 8] = [
    "add_special_tokens",
    "padding",
    "truncation",
    "max_length",
    "stride",
    "pad_to_multiple_of",
    "padding_side",
    "return_attention_mask",
];

/// Options that change neither ids nor masks.
const HARMLESS: [&str; 5] = [
    "return_token_type_ids",
    "return_special_tokens_mask",
    "return_offsets_mapping",
    "return_length",
    "verbose",
];

/// `truncation`, for a text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truncation {
    No,
    /// `True`, `longest_first` or `only_first`.
    Yes,
    /// `only_second`: raises where there is something to cut.
    OfPair,
}

impl Truncation {
    fn read(value: &Json) -> Result<Self, EncodeError> {
        match value {
            Json::Bool(false) | Json::Null => Ok(Self::No),
            Json::Bool(true) => Ok(Self::Yes),
            Json::String(name) => match name.as_str() {
                "do_not_truncate" => Ok(Self::No),
                "longest_first" | "only_first" => Ok(Self::Yes),
                "only_second" => Ok(Self::OfPair),
                _ => Err(bad_truncation(value)),
            },
            _ => Err(bad_truncation(value)),
        }
    }
}

fn bad_truncation(value: &Json) -> EncodeError {
    let message = format!("{value} is not a valid TruncationStrategy");
    raises("ValueError", message)
}

/// What a length is cut to, and how.
#[derive(Clone, Copy, Debug)]
struct Cut {
    of_pair: bool,
    /// Tokens left, special ones included.
    most: usize,
    side: Side,
}

/// What a length is padded to.
#[derive(Clone, Copy, Debug)]
struct Fill {
    /// `None` for the text's own length.
    to: Option<usize>,
    multiple: usize,
    side: Side,
    id: u32,
}

/// The options, settled for a tokenizer.
#[derive(Clone, Debug)]
pub struct TextCall {
    add_special_tokens: bool,
    cut: Option<Cut>,
    fill: Option<Fill>,
    attention_mask: bool,
    /// Tokens the tokenizer adds before and after a text.
    around: (usize, usize),
}

/// A text's tokens as the call returns them.
#[derive(Default)]
pub struct Called {
    /// Ids, extents and offsets after truncation and padding; a padding token stands for `(0, 0)`.
    pub tokens: Tokens,
    /// What the tokens were before truncation, where something was cut: ids and offsets.
    pub uncut: Tokens,
    /// Tokens before truncation.
    pub full_len: usize,
    /// Padding at the left and at the right.
    pub padding: (usize, usize),
}

impl Called {
    /// Whether truncation took something away.
    pub fn was_cut(&self) -> bool {
        self.full_len > self.tokens.len() - self.padding.0 - self.padding.1
    }
}

impl TextCall {
    /// Reads the options of a call of this tokenizer. `special` and `truncation` are what holds where
    /// the options do not say.
    ///
    /// # Errors
    ///
    /// What the call would raise whatever the text, and options that are not reproduced.
    pub fn read(kit: &Kit, options: &Map<String, Json>, special: bool, truncation: &Json) -> Result<Self, EncodeError> {
        all_known(options)?;
        let facts = kit.facts();
        let given = |name: &str| options.get(name);
        let add_special_tokens = match given("add_special_tokens") {
            None => special,
            Some(Json::Bool(flag)) => *flag,
            Some(other) => return Err(unsupported(format!("tokenizer(add_special_tokens={other})"))),
        };
        let max_length = whole(given("max_length"))?;
        let multiple = whole(given("pad_to_multiple_of"))?;
        let stride = whole(given("stride"))?.unwrap_or(0);
        let padding = given("padding").unwrap_or(&Json::Bool(false));
        // A length alone switches truncation on, if it is not said to be off.
        let implied = Json::Bool(true);
        let truncation = match given("truncation").unwrap_or(truncation) {
            Json::Null if max_length.is_some() && *padding == Json::Bool(false) => &implied,
            other => other,
        };
        let (padding, mut truncation) = (Padding::read(padding)?, Truncation::read(truncation)?);
        let own = facts.model_max_length.and_then(|length| usize::try_from(length).ok());
        if max_length.is_none() && own.is_none() {
            truncation = Truncation::No;
        }
        let (padding, padded_to) = padding.settle(max_length, facts)?;
        let most = max_length.or(padded_to).or(own);
        if truncation != Truncation::No && padding != Padding::No {
            divides(multiple, most)?;
        }
        let around = facts.around.as_ref().map(|(before, after)| (before.len(), after.len()));
        let cut = match (truncation, most) {
            (Truncation::No, _) | (_, None) => None,
            (truncation, Some(most)) => {
                room(most, stride, around)?;
                Some(Cut {
                    of_pair: truncation == Truncation::OfPair,
                    most,
                    side: facts.truncation_side,
                })
            }
        };
        let fill = match padding {
            Padding::No => None,
            _ => Some(Fill {
                to: padded_to.filter(|_| padding == Padding::MaxLength),
                multiple: multiple.unwrap_or(0),
                side: padding_side(given("padding_side"), facts.padding_side)?,
                id: facts.token("pad_token").and_then(|token| token.id).unwrap_or_default(),
            }),
        };
        Ok(Self {
            add_special_tokens,
            cut,
            fill,
            attention_mask: match given("return_attention_mask") {
                Some(Json::Bool(asked)) => *asked,
                _ => facts.attention_mask,
            },
            around: around.unwrap_or_default(),
        })
    }

    /// Whether the call returns an attention mask.
    pub fn has_attention_mask(&self) -> bool {
        self.attention_mask
    }

    /// Tokens of a text.
    ///
    /// # Errors
    ///
    /// If the tokenizer fails.
    pub fn encode(&self, kit: &Kit, text: &str, detail: Detail, out: &mut Called) -> Result<(), EncodeError> {
        kit.encode(text, self.add_special_tokens, detail, &mut out.tokens)?;
        out.full_len = out.tokens.len();
        out.padding = (0, 0);
        if let Some(cut) = self.cut {
            self.truncate(cut, out)?;
        }
        if let Some(fill) = self.fill {
            let length = out.tokens.len();
            let mut width = fill.to.unwrap_or(length);
            if fill.multiple > 0 {
                width = width.div_ceil(fill.multiple) * fill.multiple;
            }
            if width > super::pad::LONGEST {
                return Err(unsupported("a text padded to more than 67 million tokens"));
            }
            let missing = width.saturating_sub(length);
            let Tokens {
                ids, extents, offsets, ..
            } = &mut out.tokens;
            lengthen(ids, missing, fill.id, fill.side);
            for places in [extents, offsets] {
                if detail > Detail::Ids && !(places.is_empty() && length > 0) {
                    lengthen(places, missing, (0, 0), fill.side);
                }
            }
            out.padding = match fill.side {
                Side::Left => (missing, 0),
                Side::Right => (0, missing),
            };
        }
        Ok(())
    }

    /// Cuts the text's own tokens so that they and the special ones fit. Where not even the special
    /// ones do, nothing is cut: the library's difference of lengths runs below zero, and around.
    fn truncate(&self, cut: Cut, out: &mut Called) -> Result<(), EncodeError> {
        let Called { tokens, uncut, .. } = out;
        let (before, after) = if self.add_special_tokens { self.around } else { (0, 0) };
        let Some(room) = cut.most.checked_sub(before + after) else {
            return Ok(());
        };
        let total = tokens.len();
        let own = total.saturating_sub(before + after);
        if own <= room {
            return Ok(());
        }
        if cut.of_pair && room > 0 {
            return Err(raises("Exception", "truncation error: second sequence not provided"));
        }
        uncut.ids.clone_from(&tokens.ids);
        uncut.offsets.clone_from(&tokens.offsets);
        let end = total - after;
        let gone = match cut.side {
            Side::Right => before + room..end,
            Side::Left => before..end - room,
        };
        tokens.ids.drain(gone.clone());
        for places in [&mut tokens.extents, &mut tokens.offsets] {
            if places.len() == total {
                places.drain(gone.clone());
            }
        }
        Ok(())
    }
}

/// Refuses options that are not reproduced.
fn all_known(options: &Map<String, Json>) -> Result<(), EncodeError> {
    let harmless = |name: &str, value: &Json| {
        HARMLESS.contains(&name)
            || matches!(name, "is_split_into_words" | "return_overflowing_tokens") && *value == Json::Bool(false)
            || value.is_null()
    };
    for (name, value) in options {
        if !KNOWN.contains(&name.as_str()) && !harmless(name, value) {
            return Err(unsupported(format!("tokenizer({name}={value})")));
        }
    }
    Ok(())
}

/// What is cut to a length and then padded to a multiple must come out at that length.
fn divides(multiple: Option<usize>, most: Option<usize>) -> Result<(), EncodeError> {
    let Some((multiple, most)) = multiple.zip(most) else {
        return Ok(());
    };
    if multiple == 0 {
        return Err(raises("ZeroDivisionError", "integer modulo by zero"));
    }
    if most % multiple != 0 {
        let message = format!(
            "truncation and padding are both activated but truncation length ({most}) is not a multiple of \
             pad_to_multiple_of ({multiple})"
        );
        return Err(raises("ValueError", message));
    }
    Ok(())
}

/// Raises where the special tokens leave less room than a stride takes.
fn room(most: usize, stride: usize, around: Option<(usize, usize)>) -> Result<(), EncodeError> {
    let (before, after) = around.ok_or_else(|| unsupported("truncation around an unknown post-processor"))?;
    // The library's difference, which runs below zero and around.
    let room = most.wrapping_sub(before + after);
    if stride > 0 && room < stride {
        let message =
            format!("tokenizer stride set to {stride}, which is not below its effective max length of {room}");
        return Err(raises("ValueError", message));
    }
    Ok(())
}

fn padding_side(given: Option<&Json>, own: Side) -> Result<Side, EncodeError> {
    match given {
        None | Some(Json::Null) => Ok(own),
        Some(Json::String(side)) if side == "left" => Ok(Side::Left),
        Some(Json::String(side)) if side == "right" => Ok(Side::Right),
        Some(other) => Err(raises("ValueError", format!("unknown `direction`: {other}"))),
    }
}

/// A whole number of tokens, as the library's Rust takes it.
fn whole(value: Option<&Json>) -> Result<Option<usize>, EncodeError> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None if value.is_i64() => Err(raises("OverflowError", "can't convert negative int to unsigned")),
            None => Err(raises(
                "TypeError",
                format!("{value} cannot be interpreted as an integer"),
            )),
        },
    }
}
