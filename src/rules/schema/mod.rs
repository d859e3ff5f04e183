//! Rows and files that cannot be read, or do not hold what their shape needs.

pub(super) mod bad_content_part;
pub(super) mod bad_ids;
pub(super) mod bad_json;
pub(super) mod bad_tool_call;
pub(super) mod bad_tools;
pub(super) mod bad_utf8;
pub(super) mod bad_weight;
pub(super) mod damaged_file;
mod dates;
pub(super) mod decompression_bomb;
pub(super) mod duplicate_key;
pub(super) mod empty_answer;
pub(super) mod empty_file;
pub(super) mod empty_message;
pub(super) mod ends_unanswered;
pub(super) mod foreign_role;
pub(super) mod header_row;
pub(super) mod html_page;
pub(super) mod lfs_pointer;
pub(super) mod load_error;
mod loaded;
pub(super) mod loads_as_dates;
pub(super) mod loads_as_floats;
pub(super) mod loads_as_json;
pub(super) mod loads_with_nulls;
pub(super) mod lone_surrogate;
pub(super) mod missing_column;
pub(super) mod missing_media;
pub(super) mod missing_tools;
pub(super) mod misspelt_column;
pub(super) mod misspelt_key;
pub(super) mod mixed_files;
pub(super) mod mixed_shapes;
pub(super) mod no_answer;
pub(super) mod no_content;
pub(super) mod no_messages;
pub(super) mod not_an_object;
pub(super) mod null_filled_arguments;
pub(super) mod null_filled_tools;
pub(super) mod oversized_row;
pub(super) mod prompts_differ;
pub(super) mod python_only_json;
pub(super) mod ragged_row;
pub(super) mod repeated_call_id;
pub(super) mod repeated_role;
pub(super) mod same_chosen_rejected;
pub(super) mod scores_reversed;
pub(super) mod starts_with_assistant;
pub(super) mod system_not_first;
pub(super) mod too_deep;
pub(super) mod tool_call_without_result;
pub(super) mod tool_result_object;
pub(super) mod tool_result_without_call;
pub(super) mod truncated_file;
pub(super) mod unknown_argument;
pub(super) mod unknown_role;
pub(super) mod unknown_shape;
pub(super) mod unknown_tool;
pub(super) mod unread_column;
pub(super) mod wrong_arguments;
pub(super) mod wrong_content;
pub(super) mod wrong_type;

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
