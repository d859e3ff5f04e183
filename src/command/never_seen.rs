//! `--never-seen FILE`: the rows the planned run never sees, a line of JSON each.

use std::path::Path;

use crate::measure::Never;
use crate::report::style::counted;
use crate::scan::Gathered;
use crate::settings::UsageError;
use crate::whole;

use super::check::Aside;
use super::header::Header;

/// Writes the list, and says how many there are.
///
/// # Errors
///
/// If no run is planned, or the file cannot be written.
pub(super) fn list(path: &Path, gathered: &Gathered, header: &Header) -> anyhow::Result<Aside> {
    if !header.setup.planned() {
        return Err(UsageError("--never-seen needs a plan: --max-steps or --epochs".to_owned()).into());
    }
    let rows = match gathered.measures.never_seen(&header.setup) {
        Ok(rows) => rows,
        Err(why) => {
            return Ok(Err(format!(
                "which rows are never seen cannot be told, so none are listed: {why}"
            )));
        }
    };
    let mut lines = Vec::new();
    for (source, row, why) in &rows {
        let name = header
            .sources
            .get(*source as usize)
            .map_or("", |source| source.name.as_str());
        let why = match why {
            Never::LeftOut => "left out",
            Never::HeldOut => "held out",
            Never::NotDrawn => "not drawn",
        };
        let line = serde_json::json!({"source": name, "row": row, "why": why});
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    whole::save(path, &lines).map_err(|error| UsageError(format!("cannot write {}: {error}", path.display())))?;
    let listed = format!("{} never seen in {}", counted(rows.len() as u64, "row"), path.display());
    Ok(Ok(listed))
}
