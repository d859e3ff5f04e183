//! What is seen of one row tokenised before, to be compared with the others of its file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::encoded::IGNORE;
use crate::model::setup::TokenizerFacts;
use crate::rule::Row;

use super::given::Given;

/// What is looked at of a row.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(in super::super) struct Seen {
    /// The first id, and whether it stands there twice.
    pub first: i64,
    pub twice: bool,
    /// The last id before padding, and whether it stands there twice.
    pub last: i64,
    pub last_twice: bool,
    /// Whether it stands nowhere before.
    pub last_once: bool,
    /// Tokens, padding left out.
    pub tokens: u32,
    /// Whether the last token is trained; `None` where the row has no labels, or none that carries loss.
    pub ends: Option<bool>,
    /// Whether every token is trained.
    pub whole: bool,
    /// The two ids before the first stretch that is trained, and those before the first that begins otherwise.
    pub opens: Option<Opening>,
    pub also: Option<Opening>,
    /// Whether tokens in the midst of others are not attended to.
    pub hole: bool,
}

/// Two ids; [`NONE`] for one before the row.
pub(in super::super) type Opening = (i64, i64);

const NONE: i64 = i64::MIN;

/// The ids as they are said.
pub(in super::super) fn say(opening: Opening) -> String {
    match opening {
        (NONE, NONE) => "nothing".to_owned(),
        (NONE, last) => last.to_string(),
        (first, last) => format!("{first} {last}"),
    }
}

/// How often rows end in which id.
pub(in super::super) struct Ends {
    usual: i64,
    times: BTreeMap<i64, usize>,
    /// The length at which rows were cut, as several of that length, the longest, tell.
    cut: Option<u32>,
}

impl Ends {
    /// Whether a row ends as next to none do. A second end that recurs is one of another kind of row.
    pub(in super::super) fn is_odd(&self, seen: &Seen, all: usize, facts: Option<&TokenizerFacts>) -> bool {
        let times = self.times.get(&seen.last).copied().unwrap_or_default();
        let special =
            || facts.is_some_and(|facts| u32::try_from(seen.last).is_ok_and(|id| facts.special(id).is_some()));
        seen.last != self.usual && (times == 1 || times * 50 <= all) && self.cut != Some(seen.tokens) && !special()
    }
}

/// The id most rows begin with, and how many do.
pub(in super::super) fn usual_start(rows: &[(u64, Seen)]) -> Option<(i64, usize)> {
    most(&times(rows, |seen| seen.first))
}

/// How many rows have which id in a place.
fn times(rows: &[(u64, Seen)], id: fn(&Seen) -> i64) -> BTreeMap<i64, usize> {
    let mut times = BTreeMap::new();
    for (_, seen) in rows {
        *times.entry(id(seen)).or_default() += 1;
    }
    times
}

/// The id that most rows have, and how many.
fn most(times: &BTreeMap<i64, usize>) -> Option<(i64, usize)> {
    let most = times.iter().max_by_key(|(_, times)| **times);
    most.map(|(id, times)| (*id, *times))
}

/// What stands before the trained stretches of nearly every row, and of how many rows of those with any.
pub(in super::super) fn usual_opening(rows: &[(u64, Seen)]) -> Option<(Opening, usize, usize)> {
    let mut times: BTreeMap<Opening, usize> = BTreeMap::new();
    let openings = || rows.iter().filter_map(|(_, seen)| Some((seen.opens?, seen.also)));
    for (opening, _) in openings().filter(|(_, also)| also.is_none()) {
        *times.entry(opening).or_default() += 1;
    }
    let (usual, most) = times.into_iter().max_by_key(|(_, times)| *times)?;
    let all = openings().count();
    is_nearly_all(most, all).then_some((usual, most, all))
}

/// Whether at most one of fifty is missing.
fn is_nearly_all(some: usize, all: usize) -> bool {
    (all - some) * 50 <= all
}

/// The id most rows end in, in how many, and the other ends. What is no special token may end most texts, as a full
/// stop does, and is the end of rows where nearly all have it.
pub(in super::super) fn usual_end(rows: &[(u64, Seen)], facts: Option<&TokenizerFacts>) -> Option<(i64, usize, Ends)> {
    let times = times(rows, |seen| seen.last);
    let (usual, most) = most(&times)?;
    let special = |facts: &TokenizerFacts| u32::try_from(usual).is_ok_and(|id| facts.special(id).is_some());
    // Of a few rows one may lack an end that stands nowhere else.
    let one_lacks = || {
        let mut ended = rows.iter().filter(|(_, seen)| seen.last == usual);
        rows.len() == most + 1 && ended.all(|(_, seen)| seen.last_once)
    };
    if !is_nearly_all(most, rows.len()) && !facts.is_some_and(special) && !one_lacks() {
        return None;
    }
    let longest = rows.iter().map(|(_, seen)| seen.tokens).max()?;
    let of_longest = rows.iter().filter(|(_, seen)| seen.tokens == longest).count();
    let cut = (of_longest > 1).then_some(longest);
    Some((usual, most, Ends { usual, times, cut }))
}

/// What there is to see of a row; `None` where it is empty, or cut here.
pub(in super::super) fn look(row: &Row<'_>, given: &Given) -> Option<Seen> {
    let encoded = row.encoded.first().filter(|encoded| encoded.len() == given.ids.len());
    if encoded.is_none() && !row.encoded.is_empty() {
        return None;
    }
    let is_trained = |at: usize| match encoded {
        Some(encoded) => encoded.labels.get(at).is_some_and(|label| *label != IGNORE),
        None => match (&given.labels, &given.mask) {
            (None, Some(mask)) => mask.get(at) == Some(&1),
            (labels, _) => labels.as_ref().and_then(|labels| labels.get(at)) != Some(&i64::from(IGNORE)),
        },
    };
    let end = text_end(given, &is_trained);
    let last = *given.ids[..end].last()?;
    let labelled = encoded.is_some() || given.labels.is_some() || given.mask.is_some();
    // The first token never carries loss.
    let any = labelled && (1..end).any(is_trained);
    let ids = &given.ids[..end];
    let (opens, also) = openings(ids, &is_trained);
    Some(Seen {
        first: ids[0],
        twice: ids.len() > 1 && ids[0] == ids[1],
        last,
        last_twice: end > 1 && ids[end - 2] == last,
        last_once: !ids[..end - 1].contains(&last),
        tokens: u32::try_from(end).unwrap_or(u32::MAX),
        ends: any.then(|| is_trained(end - 1)),
        whole: any && (0..end).all(is_trained),
        opens: opens.filter(|_| any),
        also: also.filter(|_| any),
        hole: given.attention.as_ref().is_some_and(|attention| has_hole(attention)),
    })
}

/// What stands before the first stretch that is trained, and before the first that begins otherwise.
fn openings(ids: &[i64], is_trained: &impl Fn(usize) -> bool) -> (Option<Opening>, Option<Opening>) {
    let starts = (0..ids.len()).filter(|at| is_trained(*at) && (*at == 0 || !is_trained(at - 1)));
    let before = |at: usize| at.checked_sub(1).map_or(NONE, |at| ids[at]);
    let mut openings = starts.map(|at| (at.checked_sub(1).map_or(NONE, before), before(at)));
    let first = openings.next();
    (first, openings.find(|opening| Some(*opening) != first))
}

/// Whether zeros stand between ones.
fn has_hole(attention: &[i64]) -> bool {
    let first = attention.iter().position(|flag| *flag == 1);
    let last = attention.iter().rposition(|flag| *flag == 1);
    first
        .zip(last)
        .is_some_and(|(first, last)| attention[first..last].contains(&0))
}

/// Where the text ends and padding begins: what is not attended to, or a run of one id without loss.
fn text_end(given: &Given, is_trained: &impl Fn(usize) -> bool) -> usize {
    let mut end = given.ids.len();
    if let Some(attention) = &given.attention {
        while end > 0 && attention.get(end - 1) == Some(&0) {
            end -= 1;
        }
        return end;
    }
    let full = end;
    while end > 1 && !is_trained(end - 1) && given.ids[end - 1] == given.ids[end - 2] {
        end -= 1;
    }
    if end < full && !is_trained(end - 1) {
        end -= 1;
    }
    end
}
