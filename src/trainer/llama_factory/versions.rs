//! The releases of LLaMA-Factory whose behaviour is reproduced.

/// Releases covered, the newest last. Git of 2026-08 (ff6d4d1) has the same processors as 0.9.5.
pub const COVERED: &[&str] = &["0.9.5"];

/// The release meant where none is named.
pub const NEWEST: &str = "0.9.5";

/// Whether a release is covered.
pub fn is_covered(version: &str) -> bool {
    COVERED.contains(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_covered_and_others_are_refused() {
        assert_eq!(COVERED.last(), Some(&NEWEST));
        assert!(!is_covered("0.9.4"));
    }
}
