//! What a rule found, and the bounded collection it is kept in.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::setup::Origin;
use crate::place::Place;
use crate::sketch::Merge;
use crate::sketch::row_set::RowSet;

/// How bad it is. The order is from harmless to fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Likely waste or bias, or a fault in a few rows.
    Warning,
    /// The run would train on the wrong thing, on nothing, or abort; or its number cannot be trusted.
    Error,
}

/// One thing found in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// How strong it is, for rules that show the strongest first; 0 elsewhere.
    pub strength: Reverse<u16>,
    /// `None` for a finding about the set as a whole.
    pub place: Option<Place>,
    /// One-based column in characters, where the fault is at a point inside the line.
    pub column: Option<u64>,
    /// JSON pointer to the field, `/messages/2/content`.
    pub pointer: Option<String>,
    /// Lower case, no full stop, with the numbers.
    pub message: String,
    /// Another row the message is about, named after it: the one this row repeats.
    pub other: Option<Place>,
    /// The line of a settings file that is to blame, as `axolotl.yaml:33`, for findings that have no place.
    pub blame: Option<String>,
}

/// Findings kept for one rule. All are counted; those in the lowest places are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    kept: Vec<Finding>,
    /// Rows with at least one finding.
    rows: RowSet,
    /// Findings in all, of which a row may have several.
    pub count: u64,
    /// Trained tokens lost or spoilt by what was found, where the rule knows.
    pub tokens: u64,
    /// Findings about the set as a whole.
    pub whole: u64,
    /// Beyond this nothing more is kept: as many findings stand before it already.
    #[serde(skip)]
    bar: Option<(Reverse<u16>, Option<Place>)>,
    /// Every finding is kept, for those who act on each.
    #[serde(skip)]
    every: bool,
    /// Groups of rows, where the rule is about rows that are alike. Known when all rows were seen.
    #[serde(skip)]
    pub clusters: Option<Clusters>,
    /// Held-out rows that were met, of how many, for rules about those: the level goes by their share.
    #[serde(skip)]
    pub held_out: Option<(u64, u64)>,
    /// Something that went wrong without changing the result.
    #[serde(skip)]
    pub trouble: Option<String>,
    /// What to do in this case, where that is not what the rule's page says of all.
    #[serde(skip)]
    pub fix: Option<String>,
    /// Why the rule has no result.
    #[serde(skip)]
    pub failure: Option<String>,
}

/// What a rule found over the whole set, as it is kept from run to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settled {
    findings: Findings,
    clusters: Option<Clusters>,
    held_out: Option<(u64, u64)>,
    trouble: Option<String>,
}

impl From<Settled> for Findings {
    fn from(settled: Settled) -> Self {
        Self {
            clusters: settled.clusters,
            held_out: settled.held_out,
            trouble: settled.trouble,
            ..settled.findings
        }
    }
}

/// Groups of rows that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    /// Groups of two rows or more.
    pub groups: u64,
    /// Rows in them.
    pub rows: u64,
    /// Rows looked at.
    pub all: u64,
    /// The largest groups, the largest first.
    pub largest: Vec<Cluster>,
    /// What it means for the planned run: lower case, no full stop.
    pub notes: Vec<String>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub size: u64,
    /// The first of its rows, in order.
    pub members: Vec<Place>,
}

impl Clusters {
    /// Groups kept with their members.
    const KEPT: usize = 10;
    /// Members kept of a group.
    const MEMBERS: usize = 8;

    /// Adds a group, its rows in order.
    pub fn add(&mut self, members: impl ExactSizeIterator<Item = Place>) {
        let size = members.len() as u64;
        self.groups += 1;
        self.rows += size;
        let cluster = |members: &mut dyn Iterator<Item = Place>| Cluster {
            size,
            members: members.take(Self::MEMBERS).collect(),
        };
        if self.largest.len() == Self::KEPT && self.largest[Self::KEPT - 1].size > size {
            return;
        }
        let cluster = cluster(&mut members.into_iter());
        let key = |cluster: &Cluster| (Reverse(cluster.size), cluster.members[0]);
        let at = self.largest.partition_point(|kept| key(kept) < key(&cluster));
        self.largest.insert(at, cluster);
        self.largest.truncate(Self::KEPT);
    }
}

impl Findings {
    /// Findings kept with their message; the rest are counted only, so memory stays bounded.
    pub const KEPT: usize = 64;

    /// None yet, and every one that comes will be kept.
    pub fn every() -> Self {
        Self {
            every: true,
            ..Self::default()
        }
    }

    /// All of it, to be kept; `None` where the rule has no result.
    pub fn settled(&self) -> Option<Settled> {
        self.failure.is_none().then(|| Settled {
            findings: self.clone(),
            clusters: self.clusters.clone(),
            held_out: self.held_out,
            trouble: self.trouble.clone(),
        })
    }

    /// Reports a finding about the row as a whole.
    pub fn row(&mut self, place: &Place, message: impl FnOnce() -> String) {
        self.add(place, 0, None, message, None);
    }

    /// Reports a finding about the row and another; the message ends where the other's place is to follow.
    pub fn pair(&mut self, place: &Place, other: Place, message: impl FnOnce() -> String) {
        self.add(place, 0, None, message, Some(other));
    }

    /// As [`Self::pair`], the strongest shown first.
    pub fn strong_pair(&mut self, strength: u16, place: &Place, other: Place, message: impl FnOnce() -> String) {
        self.add(place, strength, None, message, Some(other));
    }

    /// Reports a finding in one field of the row.
    pub fn field(&mut self, place: &Place, pointer: impl FnOnce() -> String, message: impl FnOnce() -> String) {
        self.strong_field(0, place, pointer, message);
    }

    /// As [`Self::field`], the strongest shown first.
    pub fn strong_field(
        &mut self,
        strength: u16,
        place: &Place,
        pointer: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) {
        if self.count_in(place, strength) {
            self.keep(Finding {
                strength: Reverse(strength),
                place: Some(*place),
                column: None,
                pointer: Some(pointer()),
                message: message(),
                other: None,
                blame: None,
            });
        }
    }

    /// Reports a finding at a column of the row's line.
    pub fn column(&mut self, place: &Place, column: u64, message: impl FnOnce() -> String) {
        self.add(place, 0, Some(column), message, None);
    }

    /// Reports a finding about the set as a whole.
    pub fn set(&mut self, message: String) {
        self.blamed(None, message);
    }

    /// Reports a finding about the run as a whole, and the setting to blame. Where that stands in a file, its line is
    /// the finding's place.
    pub fn blame(&mut self, origin: &Origin, message: String) {
        let line = match origin {
            Origin::File(at) => Some(at.clone()),
            _ => None,
        };
        self.blamed(line, message);
    }

    fn blamed(&mut self, blame: Option<String>, message: String) {
        self.whole += 1;
        self.count += 1;
        self.keep(Finding {
            strength: Reverse(0),
            place: None,
            column: None,
            pointer: None,
            message,
            other: None,
            blame,
        });
    }

    fn add(
        &mut self,
        place: &Place,
        strength: u16,
        column: Option<u64>,
        message: impl FnOnce() -> String,
        other: Option<Place>,
    ) {
        if self.count_in(place, strength) {
            self.keep(Finding {
                strength: Reverse(strength),
                place: Some(*place),
                column,
                pointer: None,
                message: message(),
                other,
                blame: None,
            });
        }
    }

    /// Counts a finding; false where its message would not be kept and need not be made.
    fn count_in(&mut self, place: &Place, strength: u16) -> bool {
        self.count += 1;
        self.rows.insert(place.source, place.row);
        self.bar.is_none_or(|bar| (Reverse(strength), Some(*place)) <= bar)
    }

    fn keep(&mut self, finding: Finding) {
        self.kept.push(finding);
        if self.kept.len() > 2 * Self::KEPT && !self.every {
            self.settle();
        }
    }

    /// Sorts and drops what is beyond the cap.
    fn settle(&mut self) {
        self.kept.sort();
        if self.kept.len() >= Self::KEPT && !self.every {
            self.kept.truncate(Self::KEPT);
            let last = &self.kept[Self::KEPT - 1];
            self.bar = Some((last.strength, last.place));
        }
    }

    /// Adds what another worker found. Order and grouping do not matter.
    pub fn merge(&mut self, other: Self) {
        self.rows.merge(other.rows);
        self.count += other.count;
        self.tokens += other.tokens;
        self.whole += other.whole;
        self.kept.extend(other.kept);
        self.settle();
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts rows that another's finding speaks for.
    pub fn also(&mut self, rows: RowSet) {
        self.rows.merge(rows);
    }

    /// Rows with at least one finding.
    pub fn rows(&self) -> u64 {
        self.rows.len()
    }

    /// The same by source, in the order of their numbers.
    pub fn rows_of(&self) -> impl Iterator<Item = (u32, u64)> {
        self.rows.by_source()
    }

    /// Sets the line of every place that was remembered without it.
    pub fn set_lines(&mut self, line: impl Fn(u32, u64) -> u64) {
        let clustered = self.clusters.iter_mut().flat_map(|clusters| &mut clusters.largest);
        let kept = self.kept.iter_mut();
        kept.flat_map(|finding| finding.place.iter_mut().chain(&mut finding.other))
            .chain(clustered.flat_map(|cluster| &mut cluster.members))
            .filter(|place| place.line == 0)
            .for_each(|place| place.line = line(place.source, place.row));
    }

    /// The findings kept, the strongest first, then in order of place.
    pub fn into_kept(mut self) -> Vec<Finding> {
        self.settle();
        self.kept
    }
}
