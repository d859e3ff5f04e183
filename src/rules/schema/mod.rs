//! Rows and files that cannot be read, or do not hold what their shape needs.

pub(super) mod bad_json;
pub(super) mod missing_column;
pub(super) mod not_an_object;

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
