//! Every rule. To add one: write its file, then name it in its category's `mod.rs` and here.

mod budget;
mod dup;
mod leak;
mod length;
mod mask;
mod mix;
mod schema;
mod template;
mod text;
mod tools;
mod turns;

use crate::rule::lane::RuleEntry;

/// The rules, in order of name.
pub static RULES: &[RuleEntry] = &[
    RuleEntry::of::<budget::low_coverage::LowCoverage>(),
    RuleEntry::of::<budget::no_run::NoRun>(),
    RuleEntry::of::<dup::exact::Exact>(),
    RuleEntry::of::<leak::answer_in_prompt::AnswerInPrompt>(),
    RuleEntry::of::<length::answer_cut::AnswerCut>(),
    RuleEntry::of::<length::answer_lost::AnswerLost>(),
    RuleEntry::of::<length::too_long::TooLong>(),
    RuleEntry::of::<length::too_short::TooShort>(),
    RuleEntry::of::<mask::nothing_trained::NothingTrained>(),
    RuleEntry::of::<mask::row_dropped::RowDropped>(),
    RuleEntry::of::<mask::trainer_raises::TrainerRaises>(),
    RuleEntry::of::<mix::answer_collapse::AnswerCollapse>(),
    RuleEntry::of::<schema::bad_content_part::BadContentPart>(),
    RuleEntry::of::<schema::bad_json::BadJson>(),
    RuleEntry::of::<schema::bad_tool_call::BadToolCall>(),
    RuleEntry::of::<schema::bad_tools::BadTools>(),
    RuleEntry::of::<schema::bad_utf8::BadUtf8>(),
    RuleEntry::of::<schema::damaged_file::DamagedFile>(),
    RuleEntry::of::<schema::decompression_bomb::DecompressionBomb>(),
    RuleEntry::of::<schema::duplicate_key::DuplicateKey>(),
    RuleEntry::of::<schema::empty_answer::EmptyAnswer>(),
    RuleEntry::of::<schema::empty_file::EmptyFile>(),
    RuleEntry::of::<schema::empty_message::EmptyMessage>(),
    RuleEntry::of::<schema::ends_unanswered::EndsUnanswered>(),
    RuleEntry::of::<schema::foreign_role::ForeignRole>(),
    RuleEntry::of::<schema::html_page::HtmlPage>(),
    RuleEntry::of::<schema::lfs_pointer::LfsPointer>(),
    RuleEntry::of::<schema::loads_as_dates::LoadsAsDates>(),
    RuleEntry::of::<schema::loads_as_floats::LoadsAsFloats>(),
    RuleEntry::of::<schema::loads_as_json::LoadsAsJson>(),
    RuleEntry::of::<schema::loads_with_nulls::LoadsWithNulls>(),
    RuleEntry::of::<schema::lone_surrogate::LoneSurrogate>(),
    RuleEntry::of::<schema::missing_column::MissingColumn>(),
    RuleEntry::of::<schema::missing_media::MissingMedia>(),
    RuleEntry::of::<schema::misspelt_column::MisspeltColumn>(),
    RuleEntry::of::<schema::misspelt_key::MisspeltKey>(),
    RuleEntry::of::<schema::mixed_files::MixedFiles>(),
    RuleEntry::of::<schema::mixed_shapes::MixedShapes>(),
    RuleEntry::of::<schema::no_answer::NoAnswer>(),
    RuleEntry::of::<schema::no_content::NoContent>(),
    RuleEntry::of::<schema::no_messages::NoMessages>(),
    RuleEntry::of::<schema::not_an_object::NotAnObject>(),
    RuleEntry::of::<schema::null_filled_tools::NullFilledTools>(),
    RuleEntry::of::<schema::oversized_row::OversizedRow>(),
    RuleEntry::of::<schema::prompts_differ::PromptsDiffer>(),
    RuleEntry::of::<schema::python_only_json::PythonOnlyJson>(),
    RuleEntry::of::<schema::ragged_row::RaggedRow>(),
    RuleEntry::of::<schema::repeated_role::RepeatedRole>(),
    RuleEntry::of::<schema::same_chosen_rejected::SameChosenRejected>(),
    RuleEntry::of::<schema::starts_with_assistant::StartsWithAssistant>(),
    RuleEntry::of::<schema::system_not_first::SystemNotFirst>(),
    RuleEntry::of::<schema::too_deep::TooDeep>(),
    RuleEntry::of::<schema::tool_call_without_result::ToolCallWithoutResult>(),
    RuleEntry::of::<schema::tool_result_without_call::ToolResultWithoutCall>(),
    RuleEntry::of::<schema::truncated_file::TruncatedFile>(),
    RuleEntry::of::<schema::unknown_role::UnknownRole>(),
    RuleEntry::of::<schema::unknown_shape::UnknownShape>(),
    RuleEntry::of::<schema::unknown_tool::UnknownTool>(),
    RuleEntry::of::<schema::wrong_content::WrongContent>(),
    RuleEntry::of::<schema::wrong_type::WrongType>(),
    RuleEntry::of::<template::already_rendered::AlreadyRendered>(),
    RuleEntry::of::<template::double_bos::DoubleBos>(),
    RuleEntry::of::<template::double_eos::DoubleEos>(),
    RuleEntry::of::<template::id_beyond_vocab::IdBeyondVocab>(),
    RuleEntry::of::<template::message_altered::MessageAltered>(),
    RuleEntry::of::<template::message_doubled::MessageDoubled>(),
    RuleEntry::of::<template::message_lost::MessageLost>(),
    RuleEntry::of::<template::missing::Missing>(),
    RuleEntry::of::<template::not_reproduced::NotReproduced>(),
    RuleEntry::of::<template::parts_printed::PartsPrinted>(),
    RuleEntry::of::<template::render_error::RenderError>(),
    RuleEntry::of::<template::special_token_in_text::SpecialTokenInText>(),
    RuleEntry::of::<template::thinking_lost::ThinkingLost>(),
    RuleEntry::of::<template::thinking_stripped::ThinkingStripped>(),
    RuleEntry::of::<template::tool_call_lost::ToolCallLost>(),
    RuleEntry::of::<template::tools_lost::ToolsLost>(),
    RuleEntry::of::<template::unclosed_thinking::UnclosedThinking>(),
    RuleEntry::of::<template::unknown_tokens::UnknownTokens>(),
    RuleEntry::of::<text::boilerplate::Boilerplate>(),
    RuleEntry::of::<text::carriage_return::CarriageReturn>(),
    RuleEntry::of::<text::control_character::ControlCharacter>(),
    RuleEntry::of::<text::invisible_character::InvisibleCharacter>(),
    RuleEntry::of::<text::mojibake::Mojibake>(),
    RuleEntry::of::<text::null_word::NullWord>(),
    RuleEntry::of::<text::repetition_loop::RepetitionLoop>(),
    RuleEntry::of::<text::replacement_character::ReplacementCharacter>(),
    RuleEntry::of::<text::unfilled_placeholder::UnfilledPlaceholder>(),
];

/// The rule of that name.
pub fn find(name: &str) -> Option<&'static RuleEntry> {
    RULES.iter().find(|entry| entry.meta.name == name)
}
