//! The contract between a rule and the scanner.

mod clip;
pub mod lane;
mod nearest;
pub mod row;

use serde::de::DeserializeOwned;

use crate::finding::{Findings, Level};
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::sketch::Merge;

pub use clip::{clip, plural};
pub use nearest::nearest;
pub use row::Row;

/// What a rule cannot work without. Where it is missing the rule is "not checked", and said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Token ids.
    Tokenizer,
    /// A chat template (for sets of conversations).
    Template,
    /// A max_length, from a flag, a config or a trainer's default.
    MaxLength,
    /// A named trainer, whose mask is then exact.
    Trainer,
    /// A planned number of steps or epochs.
    Plan,
    /// A training config.
    Config,
    /// Batches as a DataLoader yielded them.
    Batches,
    /// Labels in them.
    Labels,
    /// A mask or a padding token that tells their padding.
    Padding,
    /// An end token.
    End,
    /// Rows encoded here to compare them with.
    Compared,
}

impl Need {
    /// Whether the run has it.
    pub fn met(self, setup: &Setup) -> bool {
        match self {
            Self::Tokenizer => setup.tokenizer.is_some(),
            Self::Template => setup.has_template,
            Self::MaxLength => setup.max_length.is_some(),
            Self::Trainer => setup.trainer.is_some(),
            Self::Plan => setup.planned(),
            Self::Config => setup.config.is_some(),
            Self::Batches => setup.dump.is_some(),
            Self::Labels => setup.dump.as_ref().is_some_and(|dump| dump.has_labels),
            Self::Padding => setup.dump.as_ref().is_some_and(|dump| dump.tells_padding),
            Self::End => setup.tokenizer.as_ref().is_some_and(|facts| facts.eos.is_some()),
            Self::Compared => setup.dump.as_ref().is_some_and(|dump| dump.compared),
        }
    }

    /// What to say of a rule that lacks it.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Tokenizer => "no tokenizer (-m)",
            Self::Template => "no chat template (-m or --chat-template)",
            Self::MaxLength => "no --max-length",
            Self::Trainer => "no --trainer",
            Self::Plan => "no --max-steps or --epochs",
            Self::Config => "no training config",
            Self::Batches => "no dumped batches",
            Self::Labels => "no labels",
            Self::Padding => "neither attention_mask nor a padding token (-m)",
            Self::End => "no end token (-m)",
            Self::Compared => "no --against",
        }
    }
}

/// What a rule says about itself.
#[derive(Debug)]
pub struct RuleMeta {
    /// `category/defect`.
    pub name: &'static str,
    pub level: Level,
    /// Above this share of rows the level is the second value.
    pub escalate: Option<(f64, Level)>,
    pub needs: &'static [Need],
    /// The rule's doc comment, which is its page: what it finds, why it matters, examples, the fix.
    pub docs: &'static str,
    pub file: &'static str,
}

impl RuleMeta {
    pub fn category(&self) -> &'static str {
        self.name.split('/').next().expect("split yields at least one piece")
    }

    /// A paragraph of the page, by its heading: `What it finds`, `Why it matters`, `Fix`.
    pub fn section(&self, heading: &str) -> Option<String> {
        let mut lines = self
            .docs
            .lines()
            .map(str::trim)
            .skip_while(|line| line.strip_prefix("## ") != Some(heading))
            .skip(1);
        let body: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("## ")).collect();
        let text = body.join(" ").trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// Declares a rule's `META`, keeping its doc comment as its page.
///
/// `"category/defect", Level [, above SHARE => Level] [, needs [Need, …]]`
macro_rules! rule_meta {
    ($(#[doc = $doc:literal])+ $name:literal, $level:ident $(, above $share:literal => $higher:ident)? $(, needs [$($need:ident),+])?) => {
        pub(crate) const META: $crate::rule::RuleMeta = $crate::rule::RuleMeta {
            name: $name,
            level: $crate::finding::Level::$level,
            escalate: $crate::rule::rule_meta!(@escalate $($share => $higher)?),
            needs: &[$($($crate::rule::Need::$need),+)?],
            docs: concat!($($doc, "\n"),+),
            file: file!(),
        };
    };
    (@escalate) => { None };
    (@escalate $share:literal => $higher:ident) => { Some(($share, $crate::finding::Level::$higher)) };
}
pub(crate) use rule_meta;

/// A check over a data set. The implementing struct is the rule's options.
pub trait Rule: Default + DeserializeOwned + Send + Sync + 'static {
    const META: RuleMeta;
    /// What it carries from row to row: `()` for a rule that looks at one row at a time.
    type State: Merge;
    /// Whether it looks at rows at all, and not only at what is known of the run.
    const ROWS: bool = true;
    /// Whether it looks at [`Row::words`], which are not made where no rule does.
    const WORDS: bool = false;
    /// Whether it looks at [`Row::forms`], likewise.
    const FORMS: bool = false;
    /// Whether it looks at [`Row::hits`].
    const HOLDOUT: bool = false;
    /// Whether what it finds follows from the data alone: not from tokens, which it is not shown, nor from anything
    /// that [`Setup::of_data`] leaves out. Then it need not look again when the run is set up otherwise.
    const DATA_ONLY: bool = false;

    /// Looks at one row. A row is shown to a rule once, whole, by one worker; rows come in any order.
    fn check(&self, _row: &Row<'_>, _state: &mut Self::State, _out: &mut Findings) {}

    /// Called once, after every row of every shard.
    fn finish(&self, _state: Self::State, _setup: &Setup, _out: &mut Findings) {}

    /// Called once, after [`Self::finish`], with what the planned run comes to, where one is planned.
    fn judge(&self, _budget: &Budget, _setup: &Setup, _out: &mut Findings) {}
}
