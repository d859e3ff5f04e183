//! Loops with a filter (`for … in … if …`) that asks for what the loop's own body changes.
//!
//! Python asks the filter about an item when the loop comes to it; the engine asks about all before the first. It makes
//! no difference but to a filter that looks at a namespace which the body changes: lists and dicts no template may change.

use super::lexer::{Kind, Token};

/// How the body of a loop and its filter go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// What it asks for stays the same.
    Apart,
    /// It can be asked inside the body.
    Inside,
    /// It asks for what the body changes, and the loop counts what passes it.
    Counted,
}

/// Looks at the tokens after the `if` of a loop's head.
pub(super) fn filter(ahead: &[Token]) -> Filter {
    let head = ahead.iter().take_while(|token| token.kind != Kind::BlockEnd).count();
    let (head, rest) = ahead.split_at(head);
    let (mut depth, mut end, mut counted) = (0, rest.len(), false);
    for (at, window) in rest.windows(2).enumerate() {
        match [&window[0].kind, &window[1].kind] {
            [Kind::BlockBegin, Kind::Name(tag)] if tag == "for" || tag == "if" => depth += 1,
            [Kind::BlockBegin, Kind::Name(tag)] if depth > 0 && (tag == "endfor" || tag == "endif") => depth -= 1,
            [Kind::BlockBegin, Kind::Name(tag)] if depth == 0 && tag == "else" => counted = true,
            [Kind::BlockBegin, Kind::Name(tag)] if depth == 0 && tag == "endfor" => {
                end = at;
                break;
            }
            [before, Kind::Name(name)] if name == "loop" && !before.is_operator(".") => counted = true,
            _ => {}
        }
    }
    let asked = |name: &str| head.iter().any(|token| token.kind.is_name(name));
    let changed = rest[..end]
        .windows(3)
        .any(|window| match [0, 1, 2].map(|at| &window[at].kind) {
            [Kind::Name(set), Kind::Name(name), dot] => set == "set" && dot.is_operator(".") && asked(name),
            _ => false,
        });
    match (changed, counted) {
        (false, _) => Filter::Apart,
        (true, false) => Filter::Inside,
        (true, true) => Filter::Counted,
    }
}
