//! The program run in a folder of files, as from a shell that sets nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// One token a byte, and a ChatML template.
pub(crate) const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");

/// A folder of these files, and of the folders they stand in.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

/// The program with these words, which asks no hub.
pub(crate) fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    command.current_dir(folder).env_clear().env("HF_HUB_OFFLINE", "1");
    command.args(words);
    command
}

pub(crate) fn gonogo(folder: &Path, words: &[&str]) -> Output {
    command(folder, words).output().expect("run")
}

/// The exit code, and all that is said.
pub(crate) fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}
