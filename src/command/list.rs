//! `--list FILE`: every finding as a line of JSON, with its row and the row it is about.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::place::Place;
use crate::report::Source;
use crate::scan::Finished;
use crate::settings::UsageError;
use crate::whole;

/// A line of the list.
#[derive(Serialize)]
struct Line<'l> {
    rule: &'static str,
    #[serde(flatten)]
    at: Option<Spot<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'l str>,
    message: &'l str,
    /// The row the message ends with: the one this row repeats, or the evaluation row it meets.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Spot<'l>>,
}

#[derive(Serialize)]
struct Spot<'l> {
    file: &'l str,
    /// Zero-based; absent for a line of settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    /// One-based; absent where the format has no lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

/// A line of settings, as `axolotl.yaml:33`.
fn blamed(at: &str) -> Spot<'_> {
    let line = at
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)));
    let (file, line) = line.map_or((at, None), |(file, line)| (file, Some(line)));
    Spot { file, row: None, line }
}

/// Writes the list, whole or not at all.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, finished: &Finished, sources: &[Source]) -> anyhow::Result<()> {
    let spot = |place: Place| Spot {
        file: sources
            .get(place.source as usize)
            .map_or("", |source| source.name.as_str()),
        row: Some(place.row),
        line: Some(place.line).filter(|line| *line > 0),
    };
    let mut text = Vec::new();
    for (meta, findings) in &finished.found {
        for finding in findings.clone().into_kept() {
            let line = Line {
                rule: meta.name,
                at: finding.place.map(spot).or_else(|| finding.blame.as_deref().map(blamed)),
                pointer: finding.pointer.as_deref(),
                message: &finding.message,
                other: finding.other.map(spot),
            };
            serde_json::to_writer(&mut text, &line)?;
            text.write_all(b"\n")?;
        }
    }
    whole::save(path, &text).map_err(|error| UsageError(format!("cannot write {}: {error}", path.display())))?;
    Ok(())
}
