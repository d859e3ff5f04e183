//! Values of the data, and numbers of things, as messages show them.

/// Characters of a value that a message shows.
const SHOWN: usize = 40;

/// `1 row`, `24518 rows`
pub fn plural(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}

/// A value on one line, its end cut off where it is long. What a terminal must not see is left to
/// the renderer.
pub fn clip(value: &str) -> String {
    let mut words = value.split_whitespace();
    let mut shown = String::new();
    for word in words.by_ref() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if shown.len() > 4 * SHOWN {
            break;
        }
    }
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            shown.truncate(end);
            shown.push('…');
        }
        None if words.next().is_some() => shown.push('…'),
        None => {}
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn long_values_end_in_an_ellipsis_and_lines_become_one() {
        assert_eq!(clip(" two\n\n lines "), "two lines");
        assert_eq!(clip(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(clip(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
        assert_eq!(clip(&"a ".repeat(1000)).chars().count(), 41);
    }
}
