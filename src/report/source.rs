//! A file that was read, in a line.

use super::Source;
use super::style::{bytes, counted, shortened, visible};

/// A source in a line: name, rows, size, format, shape.
pub(super) fn describe(source: &Source) -> String {
    let shape = source.shape.map_or_else(
        || match &source.found_columns[..] {
            [] => "shape unknown".to_owned(),
            columns => format!("shape unknown (columns {})", shortened(&columns.join(", "), 60)),
        },
        |shape| shape.name().to_owned(),
    );
    let renamed = source
        .columns
        .iter()
        .map(|(column, name)| format!("{column}={name}"))
        .collect::<Vec<_>>()
        .join(", ");
    let renamed = if renamed.is_empty() {
        renamed
    } else {
        format!(" ({renamed})")
    };
    let split = source
        .split
        .as_deref()
        .map_or(String::new(), |split| format!(" · split {split}"));
    let text = format!(
        "{} · {} · {} · {} · {shape}{renamed}{split}",
        source.name,
        counted(source.rows, "row"),
        bytes(source.bytes),
        source.format
    );
    visible(&text).into_owned()
}
