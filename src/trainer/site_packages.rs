//! Where Python packages are installed: files are read there, nothing is run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::version::Version;

/// The folders to look in, the first first.
#[derive(Clone, Debug, Default)]
pub struct SitePackages {
    folders: Vec<PathBuf>,
    /// What was asked for and is there: by whoever has a copy of this.
    given: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl SitePackages {
    /// The folder given, or those of the active environment (`VIRTUAL_ENV`, `CONDA_PREFIX`).
    pub fn of(given: Option<PathBuf>, environment: impl Fn(&str) -> Option<String>) -> Self {
        if let Some(folder) = given {
            return Self {
                folders: vec![folder],
                ..Self::default()
            };
        }
        let prefixes = ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| environment(name))
            .map(PathBuf::from);
        let folders = prefixes.flat_map(|prefix| {
            let mut found: Vec<PathBuf> = std::fs::read_dir(prefix.join("lib"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path().join("site-packages"))
                .filter(|folder| folder.is_dir())
                .collect();
            found.sort();
            found
        });
        Self {
            folders: folders.collect(),
            ..Self::default()
        }
    }

    /// A file or folder of a package.
    pub fn find(&self, path: &str) -> Option<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join(path))
            .find(|path| path.exists())
            .inspect(|path| {
                let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
                given.insert(path.clone());
            })
    }

    /// The files that were found so far, and those in folders that were, in order.
    pub fn given(&self) -> Vec<PathBuf> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let files = given.iter().flat_map(|path| {
            let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
            let inside = inside.map(|entry| entry.path()).filter(|path| path.is_file());
            inside.chain(Some(path.clone()).filter(|path| path.is_file()))
        });
        let mut files: Vec<PathBuf> = files.collect();
        files.sort();
        files
    }

    /// The installed version of a distribution, by its `dist-info`.
    pub fn version(&self, distribution: &str) -> Option<Version> {
        let wanted = distribution.to_ascii_lowercase().replace('-', "_");
        let entries = self
            .folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (package, version) = name.strip_suffix(".dist-info")?.split_once('-')?;
                (package.to_ascii_lowercase().replace('-', "_") == wanted)
                    .then(|| version.parse().ok())
                    .flatten()
            })
            .max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_version_is_read_from_its_dist_info() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let site = folder.path().join("lib/python3.11/site-packages");
        std::fs::create_dir_all(site.join("Trl-1.16.0.dist-info")).expect("made");
        let prefix = folder.path().display().to_string();
        let packages = SitePackages::of(None, |name| (name == "VIRTUAL_ENV").then(|| prefix.clone()));
        assert_eq!(packages.version("trl"), Some(Version::new(1, 16, 0)));
        assert_eq!(packages.version("axolotl"), None);
    }
}
