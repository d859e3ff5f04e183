//! Every rule. To add one: write its file, then name it in its category's `mod.rs` and here.

mod budget;
mod dup;
mod leak;
mod length;
mod mask;
mod schema;
mod template;

use crate::rule::lane::RuleEntry;

/// The rules, in order of name.
pub static RULES: &[RuleEntry] = &[
    RuleEntry::of::<budget::low_coverage::LowCoverage>(),
    RuleEntry::of::<dup::exact::Exact>(),
    RuleEntry::of::<leak::answer_in_prompt::AnswerInPrompt>(),
    RuleEntry::of::<length::answer_cut::AnswerCut>(),
    RuleEntry::of::<length::answer_lost::AnswerLost>(),
    RuleEntry::of::<mask::nothing_trained::NothingTrained>(),
    RuleEntry::of::<schema::bad_json::BadJson>(),
    RuleEntry::of::<schema::missing_column::MissingColumn>(),
    RuleEntry::of::<schema::not_an_object::NotAnObject>(),
    RuleEntry::of::<template::render_error::RenderError>(),
];

/// The rule of that name.
pub fn find(name: &str) -> Option<&'static RuleEntry> {
    RULES.iter().find(|entry| entry.meta.name == name)
}
