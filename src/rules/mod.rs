//! Every rule, a file each. To add one touch two files:
//!
//! 1. `CATEGORY/THE_RULE.rs`: its page in `rule_meta!`, its options as a struct, and
//!    [`Rule`](crate::rule::Rule) for them. The page has the headings `What it finds`, `Why it matters`, `Example` and
//!    `Fix`. What stands fenced under `Example` is run as a test: it must be flagged, and what stands after `Instead:`
//!    must not be. A fence is `jsonl [NAME] [FLAG …]` with rows, `file NAME [FLAG …]` with the bytes of a file (`\xHH`
//!    for those that cannot be printed), or `text`, which is shown only.
//! 2. `CATEGORY/mod.rs`: the module, and a line of its table, in order of name.
//!
//! `fixtures/rules/planted.tsv` takes a row with the defect besides; it is planted in clean files, where nothing else may
//! be flagged. Turns are chosen with `turns`: `taught` are answers a model learns, `written` these and bare texts, `said`
//! all that people and models say. A rule that looks at the row alone and never at what it is encoded to says so with
//! `DATA_ONLY`, and what it found is kept from run to run while the data is the same.
//!
//! Beside its table, a file of a category is a rule. What rules are made of stands in the `parts` of their category, and in
//! the `parts` here where they are of several.

mod batch;
mod budget;
mod config;
mod dup;
mod leak;
mod length;
mod mask;
mod mix;
mod parts;
mod schema;
mod template;
mod text;

use crate::rule::lane::RuleEntry;

/// The categories, in order of name.
static CATEGORIES: [&[RuleEntry]; 11] = [
    batch::RULES,
    budget::RULES,
    config::RULES,
    dup::RULES,
    leak::RULES,
    length::RULES,
    mask::RULES,
    mix::RULES,
    schema::RULES,
    template::RULES,
    text::RULES,
];

/// Every rule, in order of name.
pub fn all() -> impl Iterator<Item = &'static RuleEntry> + Clone {
    CATEGORIES.into_iter().flatten()
}

/// The rule of that name.
pub fn find(name: &str) -> Option<&'static RuleEntry> {
    all().find(|entry| entry.meta.name == name)
}
