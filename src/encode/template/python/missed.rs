//! What was looked for in vain: Python's undefined values know their names, the engine's do not, so that a render which
//! fails for one is watched once more.

use std::cell::RefCell;

thread_local! {
    /// What was missed, in order, while somebody watches.
    static MISSED: RefCell<Option<Vec<Missed>>> = const { RefCell::new(None) };
}

/// A name that leads to nothing.
#[derive(Clone, Debug)]
pub(in crate::encode::template) enum Missed {
    Variable(String),
    /// And the type of what lacks it.
    Attribute(&'static str, String),
}

impl Missed {
    /// What jinja2 says when it is used (3.1 `Undefined._undefined_message`).
    pub(in crate::encode::template) fn message(&self) -> String {
        match self {
            Self::Variable(name) => format!("'{name}' is undefined"),
            Self::Attribute(of, name) => format!("'{of} object' has no attribute '{name}'"),
        }
    }
}

/// Runs something, and gives what it missed.
pub(in crate::encode::template) fn watch(run: impl FnOnce()) -> Vec<Missed> {
    MISSED.set(Some(Vec::new()));
    run();
    MISSED.take().unwrap_or_default()
}

pub(in crate::encode::template) fn variable(name: &str) {
    note(|| Missed::Variable(name.to_owned()));
}

pub(in crate::encode::template) fn attribute(of: &'static str, name: &str) {
    note(|| Missed::Attribute(of, name.to_owned()));
}

fn note(missed: impl FnOnce() -> Missed) {
    MISSED.with_borrow_mut(|all| {
        if let Some(all) = all {
            all.push(missed());
        }
    });
}
