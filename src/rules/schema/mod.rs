//! Rows and files that cannot be read, or do not hold what their shape needs.

mod parts;

mod bad_content_part;
mod bad_ids;
mod bad_json;
mod bad_tool_call;
mod bad_tools;
mod bad_utf8;
mod bad_weight;
mod broken_result;
mod call_in_text;
mod damaged_file;
mod decompression_bomb;
mod duplicate_key;
mod empty_answer;
mod empty_file;
mod empty_message;
mod ends_unanswered;
mod foreign_role;
mod header_row;
mod html_page;
mod lfs_pointer;
mod load_error;
mod loads_as_dates;
mod loads_as_floats;
mod loads_as_json;
mod loads_with_nulls;
mod lone_surrogate;
mod missing_call_id;
mod missing_column;
mod missing_media;
mod missing_shard;
mod missing_tools;
mod misspelt_column;
mod misspelt_key;
mod mixed_files;
mod mixed_shapes;
mod no_answer;
mod no_content;
mod no_messages;
mod not_an_object;
mod null_filled_arguments;
mod null_filled_tools;
mod odd_structure;
mod oversized_row;
mod prompts_differ;
mod python_only_json;
mod ragged_row;
mod repeated_call;
mod repeated_call_id;
mod repeated_role;
mod same_chosen_rejected;
mod scores_reversed;
mod starts_with_assistant;
mod system_not_first;
mod too_deep;
mod tool_call_without_result;
mod tool_result_object;
mod tool_result_without_call;
mod truncated_file;
mod unknown_argument;
mod unknown_role;
mod unknown_shape;
mod unknown_tool;
mod unread_column;
mod wrong_arguments;
mod wrong_content;
mod wrong_type;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<bad_content_part::BadContentPart>(),
    RuleEntry::of::<bad_ids::BadIds>(),
    RuleEntry::of::<bad_json::BadJson>(),
    RuleEntry::of::<bad_tool_call::BadToolCall>(),
    RuleEntry::of::<bad_tools::BadTools>(),
    RuleEntry::of::<bad_utf8::BadUtf8>(),
    RuleEntry::of::<bad_weight::BadWeight>(),
    RuleEntry::of::<broken_result::BrokenResult>(),
    RuleEntry::of::<call_in_text::CallInText>(),
    RuleEntry::of::<damaged_file::DamagedFile>(),
    RuleEntry::of::<decompression_bomb::DecompressionBomb>(),
    RuleEntry::of::<duplicate_key::DuplicateKey>(),
    RuleEntry::of::<empty_answer::EmptyAnswer>(),
    RuleEntry::of::<empty_file::EmptyFile>(),
    RuleEntry::of::<empty_message::EmptyMessage>(),
    RuleEntry::of::<ends_unanswered::EndsUnanswered>(),
    RuleEntry::of::<foreign_role::ForeignRole>(),
    RuleEntry::of::<header_row::HeaderRow>(),
    RuleEntry::of::<html_page::HtmlPage>(),
    RuleEntry::of::<lfs_pointer::LfsPointer>(),
    RuleEntry::of::<load_error::LoadError>(),
    RuleEntry::of::<loads_as_dates::LoadsAsDates>(),
    RuleEntry::of::<loads_as_floats::LoadsAsFloats>(),
    RuleEntry::of::<loads_as_json::LoadsAsJson>(),
    RuleEntry::of::<loads_with_nulls::LoadsWithNulls>(),
    RuleEntry::of::<lone_surrogate::LoneSurrogate>(),
    RuleEntry::of::<missing_call_id::MissingCallId>(),
    RuleEntry::of::<missing_column::MissingColumn>(),
    RuleEntry::of::<missing_media::MissingMedia>(),
    RuleEntry::of::<missing_shard::MissingShard>(),
    RuleEntry::of::<missing_tools::MissingTools>(),
    RuleEntry::of::<misspelt_column::MisspeltColumn>(),
    RuleEntry::of::<misspelt_key::MisspeltKey>(),
    RuleEntry::of::<mixed_files::MixedFiles>(),
    RuleEntry::of::<mixed_shapes::MixedShapes>(),
    RuleEntry::of::<no_answer::NoAnswer>(),
    RuleEntry::of::<no_content::NoContent>(),
    RuleEntry::of::<no_messages::NoMessages>(),
    RuleEntry::of::<not_an_object::NotAnObject>(),
    RuleEntry::of::<null_filled_arguments::NullFilledArguments>(),
    RuleEntry::of::<null_filled_tools::NullFilledTools>(),
    RuleEntry::of::<odd_structure::OddStructure>(),
    RuleEntry::of::<oversized_row::OversizedRow>(),
    RuleEntry::of::<prompts_differ::PromptsDiffer>(),
    RuleEntry::of::<python_only_json::PythonOnlyJson>(),
    RuleEntry::of::<ragged_row::RaggedRow>(),
    RuleEntry::of::<repeated_call::RepeatedCall>(),
    RuleEntry::of::<repeated_call_id::RepeatedCallId>(),
    RuleEntry::of::<repeated_role::RepeatedRole>(),
    RuleEntry::of::<same_chosen_rejected::SameChosenRejected>(),
    RuleEntry::of::<scores_reversed::ScoresReversed>(),
    RuleEntry::of::<starts_with_assistant::StartsWithAssistant>(),
    RuleEntry::of::<system_not_first::SystemNotFirst>(),
    RuleEntry::of::<too_deep::TooDeep>(),
    RuleEntry::of::<tool_call_without_result::ToolCallWithoutResult>(),
    RuleEntry::of::<tool_result_object::ToolResultObject>(),
    RuleEntry::of::<tool_result_without_call::ToolResultWithoutCall>(),
    RuleEntry::of::<truncated_file::TruncatedFile>(),
    RuleEntry::of::<unknown_argument::UnknownArgument>(),
    RuleEntry::of::<unknown_role::UnknownRole>(),
    RuleEntry::of::<unknown_shape::UnknownShape>(),
    RuleEntry::of::<unknown_tool::UnknownTool>(),
    RuleEntry::of::<unread_column::UnreadColumn>(),
    RuleEntry::of::<wrong_arguments::WrongArguments>(),
    RuleEntry::of::<wrong_content::WrongContent>(),
    RuleEntry::of::<wrong_type::WrongType>(),
];

use crate::finding::Findings;
use crate::model::example::MisfitKind;
use crate::model::record::Fault;
use crate::rule::Row;

/// Reports the row if it could not be read for this reason.
fn unreadable(row: &Row<'_>, fault: Fault, out: &mut Findings) {
    let Err(unreadable) = row.read else { return };
    if unreadable.fault != fault {
        return;
    }
    match unreadable.column {
        Some(column) => out.column(&row.place, column, || unreadable.message.clone()),
        None => out.row(&row.place, || unreadable.message.clone()),
    }
}

/// Reports the row if it does not fit its file's shape for this reason.
fn misfit(row: &Row<'_>, kind: MisfitKind, out: &mut Findings) {
    let Some(misfit) = row.misfit.filter(|misfit| misfit.kind == kind) else {
        return;
    };
    match &misfit.pointer {
        Some(pointer) => out.field(&row.place, || pointer.clone(), || misfit.message.clone()),
        None => out.row(&row.place, || misfit.message.clone()),
    }
}
