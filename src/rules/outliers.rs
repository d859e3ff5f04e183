//! What stands in a few rows of a set, told once the whole set was seen.

use crate::finding::Findings;
use crate::sketch::few::Few;

/// Reports the rows kept, and counts those that are not. `say` gives where in the row something stands, and what is
/// said of it.
pub(super) fn report<T>(rows: &Few<T>, out: &mut Findings, say: impl Fn(&T) -> (String, String)) {
    for (place, value) in rows.kept() {
        let (pointer, message) = say(value);
        out.field(place, || pointer, || message);
    }
    out.rows += rows.left_out();
}
