//! What stands in a few rows of a set, told once the whole set was seen.

use crate::finding::Findings;
use crate::place::Place;
use crate::sketch::few::Few;

/// Reports every row: of those kept `say` gives where in the row something stands, and what is said of it.
pub(super) fn report<T>(rows: &Few<T>, out: &mut Findings, say: impl Fn(&T) -> (String, String)) {
    for (place, value) in rows.kept() {
        let (pointer, message) = say(value);
        out.field(place, || pointer, || message);
    }
    for (source, row) in rows.left_out() {
        let place = Place {
            source,
            row,
            ..Place::default()
        };
        out.row(&place, || format!("as in {} rows before it", Few::<T>::KEPT));
    }
}
