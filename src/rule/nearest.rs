//! The name that was probably meant.

/// The known name nearest to a misspelt one, if any is near: at most a third of it differs.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).max(1);
    let letters_of_name = letters(name);
    let near = known
        .into_iter()
        // An edit changes two letters at most, which rules most names out at once.
        .filter(|candidate| (letters_of_name ^ letters(candidate)).count_ones() as usize <= 2 * limit)
        .map(|candidate| (distance(name, candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The letters a name has, whatever their case and number.
fn letters(name: &str) -> u32 {
    let letters = name.bytes().filter(u8::is_ascii_alphabetic);
    letters.fold(0, |set, letter| set | 1 << (letter.to_ascii_lowercase() - b'a'))
}

/// Edits (insert, delete, replace, swap of neighbours) between two names. `-` and `_` are the same.
fn distance(left: &str, right: &str) -> usize {
    let fold = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().map(fold).collect(), right.chars().map(fold).collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_none() {
        let known = ["max-length", "batch-size", "epochs"];
        assert_eq!(nearest("max_lenght", known), Some("max-length"));
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("colour", known), None);
    }
}
