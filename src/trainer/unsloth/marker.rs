//! A marker as it is looked for among tokens.
//!
//! A marker's text may be tokenised otherwise where other text touches it, so a part of its ids, the core,
//! is what must be there; what stands beside the core is taken along where it is there.

use crate::encode::kit::Kit;
use crate::encode::tokenizer::{Detail, Tokens};
use crate::model::encoded::EncodeError;
use crate::trainer::failure::unsupported;

use super::run::longest_common;

/// What is put beside a marker to see which of its tokens change.
const TOUCH: [char; 10] = ['\\', '{', 'a', 'A', '1', '(', '.', '<', '}', '>'];

/// The ids of a marker: what must be there, and what may be before and after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) core: Vec<u32>,
    pub(super) left: Vec<u32>,
    pub(super) right: Vec<u32>,
}

/// The ids of a text alone.
pub(super) fn ids(kit: &Kit, text: &str, tokens: &mut Tokens) -> Result<Vec<u32>, EncodeError> {
    kit.encode(text, false, Detail::Ids, tokens)?;
    Ok(tokens.ids.clone())
}

/// Whether an id is a special added token.
pub(super) fn is_special(kit: &Kit, id: u32) -> bool {
    let text = kit.tokenizer().token_text(id);
    text.and_then(|text| kit.tokenizer().added(text))
        .is_some_and(|token| token.special)
}

impl Marker {
    /// The marker of a text; `None` where it has no ids, or no core that every surrounding leaves alone.
    ///
    /// `force` takes the ids of the text alone for the core, else it is what all its spellings with line ends
    /// and spaces around it have in common. In both cases tokens at its ends that change when a letter
    /// touches them are left to chance, as long as a special token stays.
    pub(super) fn of(kit: &Kit, text: &str, force: bool, tokens: &mut Tokens) -> Result<Option<Self>, EncodeError> {
        let whole = ids(kit, text, tokens)?;
        if whole.is_empty() {
            return Ok(None);
        }
        let (mut start, mut end) = (0, whole.len());
        if !force {
            let Some(core) = common(kit, text, tokens)? else {
                return Ok(None);
            };
            let Some(at) = whole.windows(core.len()).position(|window| *window == *core) else {
                return Ok(None);
            };
            (start, end) = (at, at + core.len());
        }
        let (lead, trail) = loose_ends(kit, text, &whole, tokens)?;
        let (from, to) = (start.max(lead), end.min(whole.len() - trail));
        if from < to && whole[from..to].iter().any(|id| is_special(kit, *id)) {
            (start, end) = (from, to);
        }
        Ok(Some(Self {
            core: whole[start..end].to_vec(),
            left: whole[..start].to_vec(),
            right: whole[end..].to_vec(),
        }))
    }

    /// Whether the core stands at a place.
    pub(super) fn is_at(&self, ids: &[u32], at: usize) -> bool {
        stands(&self.core, ids, at)
    }

    /// Past the core that stands at a place, and past what follows it of the rest.
    pub(super) fn end(&self, ids: &[u32], at: usize) -> usize {
        let after = at + self.core.len();
        let rest = ids.get(after..).unwrap_or_default();
        after
            + self
                .right
                .iter()
                .zip(rest)
                .take_while(|(one, other)| one == other)
                .count()
    }

    /// Where the marker begins whose core stands at a place, with what is before it of the rest.
    pub(super) fn start(&self, ids: &[u32], at: usize) -> usize {
        let before = self.left.iter().rev().zip(ids[..at].iter().rev());
        at - before.take_while(|(one, other)| one == other).count()
    }

    /// Makes all that follows the core a part of it.
    pub(super) fn extend(&mut self) {
        self.core.append(&mut self.right);
    }
}

/// Whether a run stands at a place. An empty one stands nowhere.
pub(super) fn stands(run: &[u32], ids: &[u32], at: usize) -> bool {
    !run.is_empty() && ids.get(at..).is_some_and(|ids| ids.starts_with(run))
}

/// How many tokens at the start and at the end change when a letter touches them.
fn loose_ends(kit: &Kit, text: &str, whole: &[u32], tokens: &mut Tokens) -> Result<(usize, usize), EncodeError> {
    let (mut lead, mut trail) = (0, 0);
    for letter in TOUCH {
        let touched = ids(kit, &format!("{text}{letter}"), tokens)?;
        let same = whole.iter().zip(&touched).take_while(|(one, other)| one == other);
        trail = trail.max(whole.len() - same.count());
        let touched = ids(kit, &format!("{letter}{text}"), tokens)?;
        let same = whole.iter().rev().zip(touched.iter().rev());
        lead = lead.max(whole.len() - same.take_while(|(one, other)| one == other).count());
    }
    Ok((lead, trail))
}

/// The run that all spellings of the text have in common: bare, with up to two line ends, and up to two of
/// the space or line end it has itself, before and after it.
fn common(kit: &Kit, text: &str, tokens: &mut Tokens) -> Result<Option<Vec<u32>>, EncodeError> {
    let own = |end: Option<char>| {
        end.filter(|end| matches!(end, ' ' | '\n'))
            .map_or(String::new(), String::from)
    };
    let (before, after) = (own(text.chars().next()), own(text.chars().next_back()));
    let bare = crate::trainer::python::strip(text);
    let mut spellings = Vec::new();
    for left in 0..3 {
        for right in 0..3 {
            for (before, after) in [(before.as_str(), after.as_str()), ("\n", "\n")] {
                let spelling = format!("{}{bare}{}", before.repeat(left), after.repeat(right));
                spellings.push(ids(kit, &spelling, tokens)?);
            }
        }
    }
    longest_common(&spellings).map_err(|_| {
        unsupported(format!(
            "force_match=False for {text:?}: several of its tokens would do for a core, and which is taken is not known"
        ))
    })
}
