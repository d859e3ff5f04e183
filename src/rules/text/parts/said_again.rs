//! What a user says again after it was answered.

use crate::model::example::{Branch, Example, Role, Turn};

/// The first turn of a user that is the one before it, to the byte, where something was answered between them.
pub(in super::super) fn asked_again<'t>(example: &'t Example<'_>, least: usize) -> Option<&'t Turn<'t>> {
    let users = || {
        example
            .turns
            .iter()
            .filter(|turn| turn.role == Role::User && turn.branch != Branch::Rejected)
    };
    let pairs = users().zip(users().skip(1));
    let is_again = |(one, other): &(&Turn<'_>, &Turn<'_>)| {
        let said = other.trimmed();
        let apart = one.index.zip(other.index).is_some_and(|(one, other)| other > one + 1);
        apart && said.len() >= least && said.contains(' ') && one.trimmed() == said
    };
    { pairs }.find(is_again).map(|(_, other)| other)
}
