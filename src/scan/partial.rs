//! A scan's state as a file, so that parts made on several machines can be finished as one.
//!
//! The file holds what every part must agree on (the header, as JSON) and what each rule and
//! measure gathered. Parts of other headers are refused, not guessed at.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::rule::lane::{Options, RuleEntry};

use crate::sketch::Merge;
use crate::sketch::lines::Lines;
use crate::whole;

use super::Gathered;

/// First bytes of the file; the last is the version of its layout.
const MAGIC: &[u8] = b"gonogo-partial\x06";

/// Shard `index`, from 1, of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NthShard {
    pub index: u32,
    pub count: u32,
}

impl FromStr for NthShard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no shard; write `2/8` for the second of eight");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        match (index.parse(), count.parse()) {
            (Ok(index), Ok(count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(wrong()),
        }
    }
}

/// What is saved besides the header.
#[derive(Serialize, Deserialize)]
struct Body {
    header: String,
    shard: Option<NthShard>,
    /// State and findings by rule, in the order of the table.
    lanes: Vec<(String, Vec<u8>)>,
    measures: Vec<u8>,
    lines: Lines,
}

/// A part, read back: the header as JSON, and what was gathered.
pub struct Part {
    pub header: String,
    /// Which rows it is of; `None` for all of them.
    pub shard: Option<NthShard>,
    lanes: Vec<(String, Vec<u8>)>,
    measures: Vec<u8>,
    lines: Lines,
}

/// Why a part could not be written, read or added.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    #[error("cannot write {path}")]
    Write { path: String, source: std::io::Error },
    #[error("cannot read {path}")]
    Read { path: String, source: std::io::Error },
    #[error("{0} was not written by `gonogo check --partial` of this version")]
    Foreign(String),
    #[error("{0} is damaged: it is not what `gonogo check --partial` wrote, so make it or copy it again")]
    Damaged(String),
    #[error("a part lacks the state of rule {0}")]
    Rule(String),
    #[error("a part's state cannot be read: {0}")]
    State(#[from] postcard::Error),
}

/// Writes a part, whole or not at all.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save(path: &Path, header: &str, shard: Option<NthShard>, gathered: &Gathered) -> Result<(), PartError> {
    let bytes = to_bytes(header, shard, gathered)?;
    whole::save(path, &bytes).map_err(|source| PartError::Write {
        path: path.display().to_string(),
        source,
    })
}

/// A part as the bytes of its file.
///
/// # Errors
///
/// If a rule's state cannot be written down.
pub fn to_bytes(header: &str, shard: Option<NthShard>, gathered: &Gathered) -> Result<Vec<u8>, PartError> {
    let lanes = gathered
        .lanes
        .iter()
        .map(|lane| Ok((lane.meta().name.to_owned(), lane.save()?)));
    let body = Body {
        header: header.to_owned(),
        shard,
        lanes: lanes.collect::<Result<_, postcard::Error>>()?,
        measures: postcard::to_stdvec(&gathered.measures)?,
        lines: gathered.lines.clone(),
    };
    let body = postcard::to_stdvec(&body)?;
    Ok([MAGIC, &xxh3_128(&body).to_le_bytes(), &body].concat())
}

/// Reads a part.
///
/// # Errors
///
/// If the file cannot be read or is not a part of this version.
pub fn load(path: &Path) -> Result<Part, PartError> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|source| PartError::Read {
        path: name.clone(),
        source,
    })?;
    from_bytes(&bytes, &name)
}

/// A part from the bytes of the file of that name.
///
/// # Errors
///
/// If they are not a part of this version.
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Part, PartError> {
    let body = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| PartError::Foreign(name.to_owned()))?;
    // What a bit was flipped of may well be read, as another result.
    let (_, body) = body
        .split_at_checked(16)
        .filter(|(sum, body)| *sum == xxh3_128(body).to_le_bytes())
        .ok_or_else(|| PartError::Damaged(name.to_owned()))?;
    let body: Body = postcard::from_bytes(body).map_err(|_| PartError::Foreign(name.to_owned()))?;
    Ok(Part {
        header: body.header,
        shard: body.shard,
        lanes: body.lanes,
        measures: body.measures,
        lines: body.lines,
    })
}

impl Part {
    /// Adds the part to what was gathered.
    ///
    /// # Errors
    ///
    /// If the part lacks a rule, or its state is damaged.
    pub fn add_to(&self, gathered: &mut Gathered) -> Result<(), PartError> {
        for lane in &mut gathered.lanes {
            let name = lane.meta().name;
            let (_, saved) = self
                .lanes
                .iter()
                .find(|(rule, _)| rule == name)
                .ok_or_else(|| PartError::Rule(name.to_owned()))?;
            lane.load(saved)?;
        }
        gathered.measures.merge(postcard::from_bytes(&self.measures)?);
        gathered.lines.merge(self.lines.clone());
        Ok(())
    }

    /// The rules whose state the part holds.
    ///
    /// # Errors
    ///
    /// If this version does not know one of them.
    pub fn rules(
        &self,
        table: impl Iterator<Item = &'static RuleEntry> + Clone,
    ) -> Result<Vec<&'static RuleEntry>, PartError> {
        let find = |name: &String| {
            let found = table.clone().find(|entry| entry.meta.name == name);
            found.ok_or_else(|| PartError::Rule(name.clone()))
        };
        self.lanes.iter().map(|(name, _)| find(name)).collect()
    }

    /// Nothing yet, for the part's rules.
    ///
    /// # Errors
    ///
    /// As [`Self::rules`], or if a rule does not accept its options.
    pub fn empty(
        &self,
        table: impl Iterator<Item = &'static RuleEntry> + Clone,
        options: &Options,
    ) -> Result<Gathered, PartError> {
        Gathered::new(&self.rules(table)?, options).map_err(|(rule, _)| PartError::Rule(rule.to_owned()))
    }
}
