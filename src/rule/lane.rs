//! A rule with the state one worker has gathered for it: the only type erasure in the house.

use std::any::Any;
use std::collections::BTreeMap;

use crate::finding::Findings;
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
    fn check(&mut self, row: &Row<'_>);
    /// Adds what another worker's lane of the same rule gathered.
    fn merge(&mut self, other: Box<dyn Lane>);
    /// State and findings, for `--partial`.
    fn save(&self) -> Result<Vec<u8>, postcard::Error>;
    /// Adds what [`Lane::save`] wrote.
    fn load(&mut self, saved: &[u8]) -> Result<(), postcard::Error>;
    /// `budget` is what the planned run comes to, if one is planned.
    fn finish(self: Box<Self>, setup: &Setup, budget: Option<&Budget>) -> Findings;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

struct LaneOf<R: Rule> {
    rule: R,
    state: R::State,
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

    fn check(&mut self, row: &Row<'_>) {
        self.rule.check(row, &mut self.state, &mut self.findings);
    }

    fn merge(&mut self, other: Box<dyn Lane>) {
        let other = other
            .into_any()
            .downcast::<Self>()
            .expect("lanes merge with their own rule");
        self.state.merge(other.state);
        self.findings.merge(other.findings);
    }

    fn save(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&(&self.state, &self.findings))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), postcard::Error> {
        let (state, findings): (R::State, Findings) = postcard::from_bytes(saved)?;
        self.state.merge(state);
        self.findings.merge(findings);
        Ok(())
    }

    fn finish(mut self: Box<Self>, setup: &Setup, budget: Option<&Budget>) -> Findings {
        self.rule.finish(self.state, setup, &mut self.findings);
        if let Some(budget) = budget {
            self.rule.judge(budget, setup, &mut self.findings);
        }
        self.findings
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A line of the rule table.
pub struct RuleEntry {
    pub meta: &'static RuleMeta,
    make: fn(Option<&serde_json::Value>, Findings) -> serde_json::Result<Box<dyn Lane>>,
}

impl RuleEntry {
    pub(crate) const fn of<R: Rule>() -> Self {
        Self {
            meta: const { &R::META },
            make: |options, findings| {
                let rule = match options {
                    Some(given) => R::deserialize(given)?,
                    None => R::default(),
                };
                Ok(Box::new(LaneOf {
                    rule,
                    state: R::State::default(),
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
