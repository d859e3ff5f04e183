//! That what is written is none of what was read, and nothing is written over something else.

use std::path::{Path, PathBuf};

use crate::settings::UsageError;
use crate::settings::cli::OutArgs;
use crate::whole::{file_at, folder};

use super::model;
use super::output::named;
use super::prepare::Prepared;

/// # Errors
///
/// If an output is an input, two outputs are one file, or one has no folder to be in. Devices and pipes may be both.
pub(super) fn distinct<'p>(
    outputs: impl IntoIterator<Item = &'p Path>,
    inputs: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<(), UsageError> {
    let mut outputs = outputs.into_iter().peekable();
    if outputs.peek().is_none() {
        return Ok(());
    }
    let inputs: Vec<PathBuf> = inputs
        .into_iter()
        .filter_map(|path| path.as_ref().canonicalize().ok())
        .collect();
    let mut before: Vec<PathBuf> = Vec::new();
    for output in outputs {
        let name = output.display();
        if output.as_os_str() == "-" {
            let message = "`-` is no file: name one, or /dev/stdout".to_owned();
            return Err(UsageError(message));
        }
        if output.is_dir() {
            return Err(UsageError(format!("cannot write {name}: it is a folder")));
        }
        let Some(file) = file_at(output) else { continue };
        let Ok(folder) = folder(&file).canonicalize() else {
            let message = format!(
                "cannot write {name}: the folder {} is not there",
                folder(&file).display()
            );
            return Err(UsageError(message));
        };
        let Some(place) = file.file_name().map(|name| folder.join(name)) else {
            continue;
        };
        if inputs.contains(&place) {
            let message = format!("{name} is an input, and inputs are never changed");
            return Err(UsageError(message));
        }
        if before.contains(&place) {
            let message = format!("{name} is named for two outputs");
            return Err(UsageError(message));
        }
        before.push(place);
    }
    Ok(())
}

impl Prepared {
    /// Every file that was read: data, evaluation data, benchmarks, the model's and what flags name.
    pub(super) fn read<'p>(&'p self, named: &'p [PathBuf]) -> impl Iterator<Item = PathBuf> + 'p {
        let data = self.inputs.iter().chain(&self.against).map(|input| &input.path);
        let named = self.named.iter().chain(named).filter(|path| path.is_file());
        let model = || self.kit.as_ref().and_then(|kit| model::files(kit.path()));
        let model = std::iter::once_with(model).flatten().flatten();
        data.chain(named).cloned().chain(model)
    }
}

impl OutArgs {
    /// The files that reports and lists go to.
    ///
    /// # Errors
    ///
    /// If a report is asked for in a format that there is not.
    pub(super) fn files(&self) -> Result<impl Iterator<Item = &Path>, UsageError> {
        self.output.iter().try_for_each(|(format, _)| named(format).map(drop))?;
        let reports = self.output.iter().map(|(_, path)| Path::new(path));
        Ok(reports.chain(self.list.as_deref()))
    }
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
