//! A rule with the state one worker has gathered for it: the only type erasure in the house.

use std::any::Any;
use std::collections::BTreeMap;

use crate::finding::{Findings, Settled};
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::sketch::Merge;

use super::{Row, Rule, RuleMeta};

/// The options each rule was given, by name: `[rules."length/too-long"]` in gonogo.toml.
pub type Options = BTreeMap<String, serde_json::Value>;

/// A rule and what it has gathered.
pub trait Lane: Send {
    fn meta(&self) -> &'static RuleMeta;
    /// Whether it looks at the words of rows.
    fn words(&self) -> bool;
    /// Whether it looks at the normal forms of rows.
    fn forms(&self) -> bool;
    /// Whether it looks at what of the held-out rows a row gives away.
    fn holdout(&self) -> bool;
    /// Whether it looks at rows at all.
    fn rows(&self) -> bool;
    /// Looks at a row; `of_data` is [`Row::of_data`] of it.
    fn check(&mut self, row: &Row<'_>, of_data: &Row<'_>);
    /// Adds what another worker's lane of the same rule gathered.
    fn merge(&mut self, other: Box<dyn Lane>);
    /// State and findings, for `--partial`.
    fn save(&self) -> Result<Vec<u8>, postcard::Error>;
    /// Adds what [`Lane::save`] wrote.
    fn load(&mut self, saved: &[u8]) -> Result<(), postcard::Error>;
    /// Whether what it finds follows from the data alone.
    fn data_only(&self) -> bool;
    /// Ends what follows from the data alone; no row is shown to it from now on. What it found, to be kept; `None`
    /// where it has no result.
    fn settle(&mut self, setup: &Setup) -> Option<Settled>;
    /// Takes what [`Lane::settle`] gave in another run in place of rows.
    fn resume(&mut self, settled: Settled);
    /// `budget` is what the planned run comes to, if one is planned.
    fn finish(self: Box<Self>, setup: &Setup, budget: Option<&Budget>) -> Findings;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

struct LaneOf<R: Rule> {
    rule: R,
    /// `None` once it is settled.
    state: Option<R::State>,
    findings: Findings,
}

impl<R: Rule> Lane for LaneOf<R> {
    fn meta(&self) -> &'static RuleMeta {
        const { &R::META }
    }

    fn words(&self) -> bool {
        R::WORDS
    }

    fn forms(&self) -> bool {
        R::FORMS
    }

    fn holdout(&self) -> bool {
        R::HOLDOUT
    }

    fn data_only(&self) -> bool {
        R::DATA_ONLY
    }

    fn rows(&self) -> bool {
        R::ROWS
    }

    fn check(&mut self, row: &Row<'_>, of_data: &Row<'_>) {
        if let Some(state) = &mut self.state {
            let row = if R::DATA_ONLY { of_data } else { row };
            self.rule.check(row, state, &mut self.findings);
        }
    }

    fn merge(&mut self, other: Box<dyn Lane>) {
        let other = other
            .into_any()
            .downcast::<Self>()
            .expect("lanes merge with their own rule");
        if let (Some(state), Some(theirs)) = (&mut self.state, other.state) {
            state.merge(theirs);
        }
        self.findings.merge(other.findings);
    }

    fn save(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&(&self.state, &self.findings))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), postcard::Error> {
        // What was taken in place of rows has all of it.
        let Some(state) = &mut self.state else { return Ok(()) };
        let (theirs, findings): (Option<R::State>, Findings) = postcard::from_bytes(saved)?;
        if let Some(theirs) = theirs {
            state.merge(theirs);
        }
        self.findings.merge(findings);
        Ok(())
    }

    fn settle(&mut self, setup: &Setup) -> Option<Settled> {
        self.end(setup);
        self.findings.settled()
    }

    fn resume(&mut self, settled: Settled) {
        self.state = None;
        self.findings = settled.into();
    }

    fn finish(mut self: Box<Self>, setup: &Setup, budget: Option<&Budget>) -> Findings {
        self.end(setup);
        if let Some(budget) = budget {
            self.rule.judge(budget, setup, &mut self.findings);
        }
        self.findings
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl<R: Rule> LaneOf<R> {
    /// Ends what the rows gave, once.
    fn end(&mut self, setup: &Setup) {
        if let Some(state) = self.state.take() {
            let of_data;
            let setup = if R::DATA_ONLY {
                of_data = setup.of_data();
                &of_data
            } else {
                setup
            };
            self.rule.finish(state, setup, &mut self.findings);
        }
    }
}

/// A line of the rule table.
pub struct RuleEntry {
    pub meta: &'static RuleMeta,
    /// [`Rule::ROWS`].
    pub rows: bool,
    /// [`Rule::DATA_ONLY`].
    pub data_only: bool,
    make: fn(Option<&serde_json::Value>, Findings) -> serde_json::Result<Box<dyn Lane>>,
}

impl RuleEntry {
    pub(crate) const fn of<R: Rule>() -> Self {
        Self {
            meta: const { &R::META },
            rows: R::ROWS,
            data_only: R::DATA_ONLY,
            make: |options, findings| {
                let rule = match options {
                    Some(given) => R::deserialize(given)?,
                    None => R::default(),
                };
                Ok(Box::new(LaneOf {
                    rule,
                    state: Some(R::State::default()),
                    findings,
                }))
            },
        }
    }

    /// An empty lane of this rule.
    ///
    /// # Errors
    ///
    /// If the rule does not accept the options it was given.
    pub fn lane(&self, options: &Options) -> serde_json::Result<Box<dyn Lane>> {
        (self.make)(options.get(self.meta.name), Findings::default())
    }

    /// As [`Self::lane`], and every finding will be kept.
    ///
    /// # Errors
    ///
    /// As [`Self::lane`].
    pub fn lane_of_every(&self, options: &Options) -> serde_json::Result<Box<dyn Lane>> {
        (self.make)(options.get(self.meta.name), Findings::every())
    }
}
