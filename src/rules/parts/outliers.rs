//! What stands in a few rows of a set, told once the whole set was seen.

use crate::finding::Findings;
use crate::place::Place;
use crate::sketch::few::Few;

/// Reports every row: of those kept `say` gives where in the row something stands, and what is said of it.
pub(in super::super) fn report<T>(rows: &Few<T>, out: &mut Findings, say: impl Fn(&T) -> (String, String)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_acts_on_every_finding_gets_every_row() {
        let mut few = Few::default();
        for row in 0..600 {
            let place = Place {
                row,
                ..Place::default()
            };
            few.offer(&place, || ());
        }
        let say = |(): &()| ("/text".to_owned(), "odd".to_owned());
        let (mut shown, mut every) = (Findings::default(), Findings::every());
        report(&few, &mut shown, say);
        report(&few, &mut every, say);
        assert_eq!((shown.rows(), shown.count), (600, 600));
        assert_eq!(shown.into_kept().len(), Findings::KEPT);
        let rows = every.into_kept().into_iter().filter_map(|finding| finding.place);
        assert!(rows.map(|place| place.row).eq(0..600));
    }
}
