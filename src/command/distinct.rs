//! That what is written is none of what was read, and nothing is written over something else.

use std::path::{Path, PathBuf};

use crate::settings::UsageError;
use crate::settings::cli::OutArgs;
use crate::whole::{folder, is_file};

use super::prepare::Prepared;

/// # Errors
///
/// If an output is an input, or two outputs are one file. Devices and pipes may be both.
pub(super) fn distinct<'p>(
    outputs: impl IntoIterator<Item = &'p Path>,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<(), UsageError> {
    let inputs: Vec<PathBuf> = inputs.into_iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut before: Vec<PathBuf> = Vec::new();
    for output in outputs.into_iter().filter(|path| is_file(path)) {
        let Some(place) = place(output) else { continue };
        if inputs.contains(&place) {
            let message = format!("{} is an input, and inputs are never changed", output.display());
            return Err(UsageError(message));
        }
        if before.contains(&place) {
            let message = format!("{} is named for two outputs", output.display());
            return Err(UsageError(message));
        }
        before.push(place);
    }
    Ok(())
}

impl Prepared {
    /// Every file that was read: data, evaluation data, benchmarks, and what was named beside them.
    pub(super) fn read<'p>(&'p self, named: &'p [PathBuf]) -> impl Iterator<Item = &'p Path> {
        let data = self.inputs.iter().chain(&self.against);
        data.map(|input| &*input.path)
            .chain(named.iter().map(|path| &**path).filter(|path| path.is_file()))
    }
}

impl OutArgs {
    /// The files that reports and lists go to.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let reports = self.output.iter().map(|(_, path)| Path::new(path));
        reports.chain(self.list.as_deref())
    }
}

/// Where a path leads, be there a file or not.
fn place(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let folder = folder(path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_under_any_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data.jsonl");
        std::fs::write(&data, "{}\n").expect("written");
        let (dotted, new) = (folder.path().join("./data.jsonl"), folder.path().join("new.jsonl"));
        assert!(distinct([&*dotted], [&*data]).is_err());
        assert!(distinct([&*new, &*folder.path().join("./new.jsonl")], [&*data]).is_err());
        assert!(distinct([&*new], [&*data]).is_ok());
    }
}
