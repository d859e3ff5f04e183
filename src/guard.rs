//! Panics of foreign code that untrusted files are given to, caught and turned into messages.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs code whose panics come back as messages, so that whoever prints panics
/// need not.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs foreign code.
///
/// # Errors
///
/// What a panic in it says.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let before = GUARDED.replace(true);
    let ran = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(before);
    ran.map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        said.unwrap_or("no reason given").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_message_and_the_guard_ends_with_the_call() {
        assert_eq!(guarded(is_guarded), Ok(true));
        let said: Result<(), String> = guarded(|| panic!("at {}", 7));
        assert_eq!(said, Err("at 7".to_owned()));
        assert!(!is_guarded());
    }
}
