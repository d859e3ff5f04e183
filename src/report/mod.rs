//! The report: one versioned value, from which every output is rendered and nothing else.

mod bars;
pub mod batches;
mod clusters;
pub mod concise;
pub mod github;
pub mod json;
pub mod markdown;
mod passages;
pub mod plan;
pub mod sizing;
mod source;
pub mod style;
pub mod terminal;
pub mod wrap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Level;
use crate::measure::{LengthSection, MaskSection, MixSection, PassageSection};
use crate::model::budget::Budget;
use crate::model::example::Shape;
use crate::model::setup::Origin;

/// Version of the report's layout. Raised when a field changes its meaning or goes; new fields
/// alone do not raise it.
pub const VERSION: u32 = 1;

/// How a set of rows that was not looked at is named among what was not checked.
pub const ROWS_OF: &str = "the rows of ";

/// All that a run has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub version: u32,
    /// Version of this program.
    pub gonogo: String,
    pub verdict: Verdict,
    pub sources: Vec<Source>,
    pub tokenizer: Option<Tokenizer>,
    /// What the tokens and the mask are those of: `trl@1.16.0`, or the intended mask.
    pub trainer: Trainer,
    pub settings: Vec<ShownSetting>,
    /// By level, the worst first, then by rows affected.
    pub findings: Vec<Group>,
    pub lengths: Option<LengthSection>,
    pub masks: Option<MaskSection>,
    pub mix: MixSection,
    /// Long passages that many rows have in common, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passages: Option<PassageSection>,
    /// What the planned run comes to, if one is planned.
    pub plan: Option<Budget>,
    /// What the batches are like, where it is those that were looked at; their sources are the batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<batches::BatchSection>,
    /// What could not be checked, and what it lacked.
    pub not_checked: Vec<NotChecked>,
    /// Things done or assumed that a reader should know.
    pub notes: Vec<String>,
    /// Commands worth running next.
    pub next: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Rows were looked at, and no finding is at or above the level that fails the run.
    pub go: bool,
    /// Every row was looked at.
    pub complete: bool,
    pub errors: u64,
    pub warnings: u64,
    pub notes: u64,
    /// Rows looked at, in all sources.
    pub rows: u64,
}

impl Verdict {
    /// The verdict in capitals: of no row there is none, unless something stood in the way of it.
    pub fn word(&self) -> &'static str {
        match self.go {
            true => "GO",
            false if self.is_none() => "NO VERDICT",
            false => "NO-GO",
        }
    }

    /// Whether there is none: no row was looked at, and nothing stood in the way of it.
    pub fn is_none(&self) -> bool {
        self.rows == 0 && self.errors == 0
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// As the user named it, or as it was found.
    pub name: String,
    /// `jsonl`, `parquet`, … with the compression after it: `jsonl.gz`.
    pub format: String,
    pub eval: bool,
    /// A benchmark (`--against`): training rows are compared with its rows, which are not checked themselves.
    #[serde(default)]
    pub against: bool,
    /// A file of settings, which has no rows and is there for findings about its lines.
    #[serde(default)]
    pub settings: bool,
    pub split: Option<String>,
    pub bytes: u64,
    pub rows: u64,
    pub unreadable: u64,
    pub misfit: u64,
    pub shape: Option<Shape>,
    /// Columns that go by another name than the shape's: `completion` is `answer`.
    pub columns: Vec<(String, String)>,
    /// Column names of the first row.
    pub found_columns: Vec<String>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tokenizer {
    /// As given or found.
    pub name: String,
    /// Why this one: a flag, beside the data, named in a config.
    pub origin: Origin,
    pub size: usize,
    /// `fast` or `reference`.
    pub engine: String,
    /// Where the chat template came from, if there is one.
    pub template: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trainer {
    pub name: Option<String>,
    /// What the mask is: the trainer's own, or the intended one.
    pub mask: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShownSetting {
    pub name: String,
    pub value: String,
    pub origin: Origin,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    pub rule: String,
    pub level: Level,
    /// Rows with at least one finding.
    pub rows: u64,
    /// Of all rows, or of those trained on where that is more: 0 to 1.
    pub share: f64,
    /// Findings, of which a row may have several.
    pub count: u64,
    /// Trained tokens affected, where the rule knows.
    pub tokens: u64,
    /// The first findings, in order of place.
    pub places: Vec<Found>,
    /// What to do, in a sentence or two.
    pub fix: String,
    /// Groups of rows, where the rule is about rows that are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// Held-out rows that were met, of how many, where the rule is about those: the level goes by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<(u64, u64)>,
}

/// Groups of rows that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clusters {
    pub groups: u64,
    /// Rows in them.
    pub rows: u64,
    /// Rows looked at.
    pub of: u64,
    /// Rows left when one of each group is kept.
    pub remaining: u64,
    /// The largest, the largest first.
    pub largest: Vec<Cluster>,
    /// What it means for the planned run.
    pub notes: Vec<String>,
}

/// A group of rows that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    pub size: u64,
    /// The first of its rows.
    pub members: Vec<At>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// `None` for a finding about the whole set.
    pub at: Option<At>,
    /// One-based, in characters.
    pub column: Option<u64>,
    /// JSON pointer into the row.
    pub pointer: Option<String>,
    pub message: String,
    /// Another row the message ends with: the one this row repeats.
    pub other: Option<At>,
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct At {
    /// Index into `sources`.
    pub source: u32,
    /// Zero-based row in the source.
    pub row: u64,
    /// One-based; `None` where the format has no lines.
    pub line: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotChecked {
    pub rules: Vec<String>,
    pub reason: String,
}

impl NotChecked {
    /// Whether it is rows that were not looked at.
    pub fn is_of_rows(&self) -> bool {
        self.rules.iter().any(|rule| rule.starts_with(ROWS_OF))
    }
}

impl std::fmt::Display for NotChecked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be checked: {}", self.rules.join(", "), self.reason)
    }
}

impl Report {
    /// What is said of rows of two sides alone.
    pub fn of_pairs(&self, said: &'static str) -> &'static str {
        let pairs = |source: &Source| source.shape == Some(Shape::Preference);
        if self.sources.iter().any(pairs) { said } else { "" }
    }

    /// How many of the rows are there to evaluate on, if any are.
    pub fn of_evaluation(&self) -> String {
        let held_out = self.sources.iter().filter(|source| source.eval && !source.against);
        match held_out.map(|source| source.rows).sum::<u64>() {
            0 => String::new(),
            rows => format!(", {} of them evaluation data", style::count(rows)),
        }
    }

    /// Whether a group is of files and not of rows.
    pub fn is_of_files(&self, group: &Group) -> bool {
        let whole = |at: At| {
            let source = self.sources.get(at.source as usize);
            source.is_some_and(|source| source.is_meant_whole(at))
        };
        let none_read = self.verdict.rows == 0;
        group.rows > 0 && (none_read || group.places.iter().all(|found| found.at.is_some_and(whole)))
    }

    /// What stands before the number of rows where they are not all there are.
    pub fn partly(&self) -> &'static str {
        match self.verdict.complete {
            true => "",
            false if self.not_checked.iter().any(NotChecked::is_of_rows) => "a part of the data: ",
            false => "sampled ",
        }
    }

    /// The same behind the verdict: ` (sampled)`, or nothing.
    pub fn in_part(&self) -> String {
        match self.partly().trim_end() {
            "" => String::new(),
            partly => format!(" ({})", partly.trim_end_matches(':')),
        }
    }

    /// `data/train.jsonl:1881`, `data/train.parquet row 17` where there are no lines, `data/train.json:1 row 17` where
    /// a line holds several rows, and the name alone of a file that no row was read from.
    pub fn place(&self, at: At) -> String {
        let source = self.sources.get(at.source as usize);
        let name = source.map_or("", |source| source.name.as_str());
        match source.filter(|source| source.is_meant_whole(at)) {
            Some(_) => name.to_owned(),
            None => place_in(at, name),
        }
    }

    /// The place with the file's name alone, where no other file has it.
    pub fn short_place(&self, at: At) -> String {
        let base = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        let name = self
            .sources
            .get(at.source as usize)
            .map(|source| base(&source.name))
            .unwrap_or_default();
        let source = self.sources.get(at.source as usize);
        let alone = source.is_some_and(|source| source.settings && at.line.is_none());
        if alone || self.sources.iter().filter(|source| base(&source.name) == name).count() > 1 {
            return self.place(at);
        }
        match source.filter(|source| source.is_meant_whole(at)) {
            Some(_) => name,
            None => place_in(at, &name),
        }
    }
}

impl Source {
    /// Whether what is said of a place is said of the file: it is one of settings, or no row was read from it.
    fn is_meant_whole(&self, at: At) -> bool {
        at.line.is_none() && (self.settings || self.rows == 0)
    }

    /// A file of settings.
    pub fn of_settings(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            format: "settings".to_owned(),
            eval: false,
            against: false,
            settings: true,
            split: None,
            bytes: 0,
            rows: 0,
            unreadable: 0,
            misfit: 0,
            shape: None,
            columns: Vec::new(),
            found_columns: Vec::new(),
            notes: Vec::new(),
        }
    }
}

fn place_in(at: At, name: &str) -> String {
    match at.line {
        Some(line) if at.shares_its_line() => format!("{name}:{line} row {}", at.row),
        Some(line) => format!("{name}:{line}"),
        None => format!("{name} row {}", at.row),
    }
}

impl At {
    /// Whether other rows stand on the row's line, as in a JSON array of one line: there are fewer lines up to it than
    /// rows.
    fn shares_its_line(self) -> bool {
        self.line.is_some_and(|line| self.row >= line)
    }

    /// Where the row stands in a file that has been named: its line, or its number where that tells more.
    fn in_its_file(self) -> String {
        match self.line {
            Some(line) if !self.shares_its_line() => line.to_string(),
            Some(_) => format!("row {}", self.row),
            None => self.row.to_string(),
        }
    }
}

impl Found {
    /// The message with the other row's place after it.
    pub fn message(&self, place: impl Fn(At) -> String) -> String {
        match self.other {
            Some(other) => format!("{} {}", self.message, place(other)),
            None => self.message.clone(),
        }
    }
}
