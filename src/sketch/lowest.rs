//! What stands in the first row of those seen, whatever order they were seen in.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use crate::place::Place;

/// The value of the row in the lowest place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lowest<T>(Option<(Place, T)>);

impl<T> Default for Lowest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Lowest<T> {
    /// Takes the row's value if no row before it has given one.
    pub fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        if self.0.as_ref().is_none_or(|(lowest, _)| place < lowest) {
            self.0 = Some((*place, value()));
        }
    }

    pub fn get(&self) -> Option<&(Place, T)> {
        self.0.as_ref()
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Lowest<T> {
    fn merge(&mut self, other: Self) {
        if let Some((place, value)) = other.0 {
            self.offer(&place, || value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_place_wins_in_any_order() {
        let at = |row| Place {
            row,
            ..Place::default()
        };
        let mut lowest = Lowest::default();
        lowest.offer(&at(5), || "five".to_owned());
        lowest.offer(&at(7), || "seven".to_owned());
        let mut other = Lowest::default();
        other.offer(&at(2), || "two".to_owned());
        lowest.merge(other);
        assert_eq!(lowest.get(), Some(&(at(2), "two".to_owned())));
    }
}
