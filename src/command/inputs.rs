//! The files of a run: those named on the command line, else the sets its config names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::command::holdout::not_stdin;
use crate::model::budget::PartTaken;
use crate::model::config::{Fault, FaultKind};
use crate::model::setup::Origin;
use crate::report::{NotChecked, ROWS_OF};
use crate::settings::Settings;
use crate::settings::config::{Data, Run, Source};
use crate::settings::resolve::Environment;
use crate::source::{Discovered, Input, Limits, Part, Slice, open};

use super::prepared::{Cached, cached};
use super::sets::{self, Place};
use super::splits::{self, Loader};
use super::{shards, swapped};

/// Training data first, then evaluation data.
#[derive(Default)]
pub struct Inputs {
    pub inputs: Vec<Input>,
    /// Whether each is evaluation data.
    pub eval: Vec<bool>,
    /// The set each belongs to.
    pub set_of: Vec<usize>,
    /// What the config says of each set, under its program's own keys.
    pub entries: Vec<Map<String, Json>>,
    pub notes: Vec<String>,
    /// Parts of splits that training data are.
    pub slices: Vec<PartTaken>,
    /// Sets that are named and could not be looked at.
    pub missing: Vec<NotChecked>,
    pub faults: Vec<Fault>,
    /// Shards that are missing among those of a folder, in words.
    pub absent: Vec<String>,
    /// Who loads the sets that a config names.
    loader: Loader,
}

/// # Errors
///
/// If what was named on the command line cannot be found or read.
pub fn gather(settings: &Settings, run: Option<&Run>, environment: &Environment) -> anyhow::Result<Inputs> {
    let mut gathered = Inputs {
        loader: run.map_or(Loader::Other, Loader::of),
        ..Inputs::default()
    };
    let beside = settings.config.as_ref().and_then(|config| config.path.parent());
    let beside = beside.unwrap_or(Path::new("")).to_owned();
    if !settings.data.is_empty() || run.is_none() {
        let first = run.and_then(|run| run.train.first());
        gathered.faults.extend(first.and_then(swapped::fault));
        let entry = first.map(|data| data.entry.clone());
        gathered.add(&settings.data, &mut std::io::stdin(), false, entry.unwrap_or_default())?;
        gathered.by_split();
    } else {
        for data in run.iter().flat_map(|run| &run.train) {
            gathered.named(data, false, &beside, environment)?;
        }
    }
    if !settings.eval.is_empty() {
        not_stdin(&settings.eval, "--eval")?;
        let first = gathered.inputs.len();
        let entry = run.and_then(|run| Some(run.eval.first().or(run.train.first())?.entry.clone()));
        gathered.add(&settings.eval, &mut std::io::empty(), true, entry.unwrap_or_default())?;
        gathered.keep_apart(first, &settings.data);
    } else if settings.data.is_empty() {
        for data in run.iter().flat_map(|run| &run.eval) {
            gathered.named(data, true, &beside, environment)?;
        }
    }
    Ok(gathered)
}

impl Inputs {
    /// Takes files of a split for evaluation, beside those of one for training, for evaluation data.
    fn by_split(&mut self) {
        let is = |input: &Input, splits: &[&str]| input.split.as_deref().is_some_and(|split| splits.contains(&split));
        if !self.inputs.iter().any(|input| is(input, &["train"])) {
            return;
        }
        let mut names = Vec::new();
        for (input, eval) in self.inputs.iter().zip(&mut self.eval) {
            if !*eval && is(input, &["validation", "test"]) {
                *eval = true;
                names.push(input.name.as_str());
            }
        }
        if let Some(first) = names.first() {
            let more = match names.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            self.notes
                .push(format!("taken for evaluation data by its split: {first}{more}"));
        }
    }

    /// Takes files named for evaluation out of the folders and patterns that the first inputs, so many, were found by.
    fn keep_apart(&mut self, first: usize, named: &[PathBuf]) {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let held_out: HashSet<PathBuf> = self.inputs[first..].iter().map(|input| real(&input.path)).collect();
        let named: HashSet<PathBuf> = named.iter().map(|path| real(path)).collect();
        let both = |input: &Input| {
            let path = real(&input.path);
            held_out.contains(&path) && !named.contains(&path)
        };
        let found_twice: Vec<usize> = (0..first).filter(|at| both(&self.inputs[*at])).collect();
        for at in found_twice.into_iter().rev() {
            self.inputs.remove(at);
            self.eval.remove(at);
            self.set_of.remove(at);
        }
    }

    fn add(
        &mut self,
        paths: &[PathBuf],
        stdin: &mut dyn std::io::Read,
        eval: bool,
        entry: Map<String, Json>,
    ) -> anyhow::Result<()> {
        let found = sets::typed(paths, stdin, &mut self.notes)?;
        self.leave_out(&found);
        let refused = found.refused.iter();
        self.notes
            .extend(refused.map(|why| format!("{why}: all its data are read")));
        self.absent.extend(shards::absent(paths, &found.inputs));
        self.take(found.inputs, eval, entry);
        Ok(())
    }

    fn leave_out(&mut self, found: &Discovered) {
        let skipped = found.skipped.iter();
        self.notes
            .extend(skipped.map(|file| format!("left out {}: {}", file.name, file.reason)));
    }

    fn take(&mut self, inputs: Vec<Input>, eval: bool, entry: Map<String, Json>) {
        let set = self.entries.len();
        self.entries.push(entry);
        self.eval.extend(inputs.iter().map(|_| eval));
        self.set_of.extend(inputs.iter().map(|_| set));
        self.inputs.extend(inputs);
    }

    /// A set the config names.
    fn named(&mut self, data: &Data, eval: bool, beside: &Path, environment: &Environment) -> anyhow::Result<()> {
        let place = match self.place(data, beside, environment) {
            Ok(Some(place)) if !place.is_empty() => place,
            Ok(_) => return Ok(()),
            Err(raised) => {
                self.refuse(data, raised);
                return Ok(());
            }
        };
        let found = match place.discover() {
            Ok(found) => found,
            Err(error) if matches!(place, Place::Splits(_)) => {
                self.refuse(data, format!("datasets would raise FileNotFoundError: {error}"));
                return Ok(());
            }
            Err(error) => {
                self.lacks(data, error.to_string());
                return Ok(());
            }
        };
        self.leave_out(&found);
        found
            .refused
            .iter()
            .for_each(|raised| self.refuse(data, raised.clone()));
        let mut inputs = found.inputs;
        self.absent.extend(shards::absent(place.paths(), &inputs));
        let wanted = match self.loader.wanted(data, eval, &place, &inputs) {
            Ok(wanted) => wanted,
            Err(raised) => {
                self.refuse(data, raised);
                return Ok(());
            }
        };
        if let Some(split) = wanted {
            match self.sliced(data, &split, &inputs, !matches!(place, Place::Files(_))) {
                Ok((sliced, part)) => {
                    inputs = sliced;
                    self.slices.extend(part.filter(|_| !eval));
                }
                Err(why) => {
                    self.lacks(data, why);
                    return Ok(());
                }
            }
        }
        self.faults.extend(swapped::fault(data));
        self.take(inputs, eval, data.entry.clone());
        Ok(())
    }

    /// Where the rows of a set are; `None` where that is not here, which is said.
    ///
    /// # Errors
    ///
    /// What loading it raises.
    fn place(&mut self, data: &Data, beside: &Path, environment: &Environment) -> Result<Option<Place>, String> {
        let (name, config, files) = match &data.source {
            Source::Local(files) => return Ok(Some(Place::Files(self.local(data, files, beside)))),
            Source::Elsewhere(why) => {
                self.lacks(data, why.clone());
                return Ok(None);
            }
            Source::LocalOrHub { name, config, files } => (name, config.as_deref(), files),
        };
        match self.here(name, beside) {
            Some(path) if path.is_dir() && !files.is_empty() => {
                let files = self.loader.under(&path, files);
                Ok(Some(Place::Files(self.local(data, &files, beside))))
            }
            Some(path) if path.is_dir() => self.loader.folder(&path, config).map(Some),
            Some(path) => self.loader.file(name, path).map(Some),
            None if is_path(name) => Ok(Some(Place::Files(self.local(data, std::slice::from_ref(name), beside)))),
            None => match cached(name, config, environment) {
                Some(Cached::Prepared(splits)) => Ok(Some(Place::Splits(splits))),
                Some(Cached::Snapshot(folder)) if !files.is_empty() => {
                    let files = files.iter().map(|file| folder.join(file));
                    Ok(Some(Place::Files(files.collect())))
                }
                Some(Cached::Snapshot(folder)) => {
                    let inner = config.map(|config| folder.join(config)).filter(|inner| inner.is_dir());
                    match (self.loader.folder(&folder, config), inner) {
                        (Err(_), Some(inner)) => Ok(Some(Place::Folder(inner))),
                        (place, _) => place.map(Some),
                    }
                }
                None => {
                    self.lacks(data, "a set of the hub that is not in the local cache".to_owned());
                    Ok(None)
                }
            },
        }
    }

    /// A set that is not loaded, and what is raised.
    fn refuse(&mut self, data: &Data, message: String) {
        self.faults.push(Fault {
            kind: FaultKind::Refused,
            key: data.name.clone(),
            at: data.origin.to_string(),
            message,
        });
    }

    /// The files of a split, all where none has splits, and of each the rows that are taken, where it is a part of the
    /// split; and how many those are.
    fn sliced(
        &mut self,
        data: &Data,
        split: &str,
        inputs: &[Input],
        have_splits: bool,
    ) -> Result<(Vec<Input>, Option<PartTaken>), String> {
        let mut sliced = Vec::new();
        let mut part_taken: Option<PartTaken> = None;
        for part in Slice::read(split)? {
            let of_split = |input: &&Input| !have_splits || splits::of(input) == part.split;
            let own: Vec<&Input> = inputs.iter().filter(of_split).collect();
            if part.is_whole() {
                sliced.extend(own.into_iter().cloned());
                continue;
            }
            let counts: Vec<u64> = own.iter().map(|input| rows(input)).collect();
            let count: u64 = counts.iter().sum();
            let taken = part.rows(count)?;
            self.notes.push(format!(
                "{} takes {split} of {}: rows {} to {} of {count}",
                data.origin,
                data.name,
                taken.start,
                taken.end.saturating_sub(1)
            ));
            let setting = || format!("split {split} ({}) of {}", data.origin, data.name);
            let whole = part_taken.get_or_insert_with(|| PartTaken {
                setting: setting(),
                rows: 0,
                of: count,
            });
            whole.rows += taken.end.saturating_sub(taken.start);
            let mut before = 0;
            for (input, count) in own.into_iter().zip(counts) {
                let from = taken.start.clamp(before, before + count) - before;
                let to = taken.end.clamp(before, before + count) - before;
                before += count;
                if from < to {
                    let mut input = input.clone();
                    input.rows = Some(from..to);
                    sliced.push(input);
                }
            }
        }
        Ok((sliced, part_taken.filter(|part| part.rows < part.of)))
    }

    /// Files that must be on this machine.
    fn local(&mut self, data: &Data, files: &[String], beside: &Path) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for file in files {
            match self.here(file, beside) {
                Some(path) => paths.push(path),
                None => self.faults.push(Fault {
                    kind: FaultKind::MissingData,
                    key: data.name.clone(),
                    at: data.origin.to_string(),
                    message: format!("there is no {file}, neither from the working folder nor from the config's"),
                }),
            }
        }
        paths
    }

    /// A path as the program finds it from the folder it is started in; else from the config's folder or one
    /// above, from where it may be started.
    fn here(&mut self, path: &str, beside: &Path) -> Option<PathBuf> {
        let own = Path::new(path);
        let there = |path: &Path| {
            let text = path.to_string_lossy();
            path.exists() || text.contains('*') && path.parent().is_some_and(Path::is_dir)
        };
        if there(own) {
            return Some(own.to_owned());
        }
        if own.is_absolute() {
            return None;
        }
        let found = beside
            .ancestors()
            .map(|folder| folder.join(own))
            .find(|path| there(path))?;
        self.notes.push(format!(
            "{path} was found as {}; the trainer looks for it from the folder it is started in",
            found.display()
        ));
        Some(found)
    }

    fn lacks(&mut self, data: &Data, why: String) {
        let origin = match &data.origin {
            Origin::Default => String::new(),
            origin => format!(" ({origin})"),
        };
        self.missing.push(NotChecked {
            rules: vec![format!("{ROWS_OF}{}", data.name)],
            reason: format!("{why}{origin}"),
        });
    }
}

/// Rows of a file, readable or not.
fn rows(input: &Input) -> u64 {
    let mut reader = open(input, 0, Part::Whole, &Limits::default());
    let mut count = 0;
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            count += u64::from(
                read.as_ref()
                    .map_or_else(|unreadable| unreadable.fault.is_of_a_row(), |_| true),
            );
        });
    }
    count
}

/// Whether a name can only be a path: an id has one slash and no ending of a data file.
fn is_path(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "json", "jsonl", "ndjson", "parquet", "arrow", "csv", "tsv", "txt", "gz", "zst",
    ];
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    name.starts_with(['.', '/', '~'])
        || name.matches('/').count() > 1
        || ending.is_some_and(|ending| ENDINGS.contains(&ending))
}
