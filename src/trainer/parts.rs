//! Which parts of a text are whose, where a trainer puts it together itself.

use std::ops::Range;

use crate::encode::locate::offset;
use crate::model::encoded::{Part, What};
use crate::model::example::{Branch, Example, Role, Turn};

/// The turns of an example the pieces of a prompt stand for, by their number.
#[derive(Clone, Copy, Default)]
pub(super) struct Speakers {
    pub(super) system: Option<u16>,
    pub(super) user: Option<u16>,
    pub(super) answer: Option<u16>,
}

impl Speakers {
    pub(super) fn of(example: &Example<'_>) -> Self {
        let last = |wanted: &dyn Fn(&Turn<'_>) -> bool| {
            let at = example.turns.iter().rposition(wanted);
            at.and_then(|at| u16::try_from(at).ok())
        };
        Self {
            system: last(&|turn| turn.role == Role::System),
            user: last(&|turn| turn.role == Role::User || turn.branch == Branch::Prompt),
            answer: last(&|turn| turn.is_answer()),
        }
    }
}

/// Appends to the parts of a text: the stretch belongs to a turn, what lies before it to the prompt
/// format.
pub(super) fn mark(parts: &mut Vec<Part>, stretch: Range<usize>, turn: Option<u16>) {
    let Some(turn) = turn else { return };
    let done = parts.last().map_or(0, |part| part.end as usize);
    if stretch.is_empty() || stretch.start < done {
        return;
    }
    close(parts, stretch.start);
    parts.push(Part {
        end: offset(stretch.end),
        what: What::Turn(turn),
    });
}

/// Gives the text up to `end` to the prompt format.
pub(super) fn close(parts: &mut Vec<Part>, end: usize) {
    if parts.last().map_or(0, |part| part.end as usize) < end {
        parts.push(Part {
            end: offset(end),
            what: What::Template,
        });
    }
}
