//! `gonogo init`: a gonogo.toml from what is found in a folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::settings::UsageError;
use crate::settings::cli::InitArgs;
use crate::settings::config::{Config, Opened, Run};
use crate::settings::file::File;
use crate::settings::resolve::Environment;
use crate::source::discover;
use crate::whole::{Draft, For};

use super::{Outcome, described};

/// Folders a config often stands in.
const FOLDERS: &[&str] = &[".", "config", "configs", "recipes", "examples"];

/// What a folder holds.
#[derive(Default)]
struct Found {
    configs: Vec<Config>,
    /// A folder with a tokenizer.
    model: Option<PathBuf>,
    /// Files of rows, training and evaluation.
    train: Vec<String>,
    eval: Vec<String>,
}

pub fn run(args: &InitArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    if !args.folder.is_dir() {
        return Err(UsageError(format!("{} is no folder", args.folder.display())).into());
    }
    let target = args.folder.join("gonogo.toml");
    if target.exists() && !args.force {
        return Err(UsageError(format!("{} is there already (--force to replace it)", target.display())).into());
    }
    let found = look(&args.folder, environment)?;
    let text = written(&found, &args.folder, environment)?;
    let mut draft = Draft::new(&target, For::Everyone)?;
    draft.write_all(text.as_bytes())?;
    // What was written is what the next run reads.
    File::read(draft.path())?;
    draft.put()?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "wrote {}", target.display())?;
    let configs: Vec<String> = found
        .configs
        .iter()
        .map(|config| config.path.display().to_string())
        .collect();
    let next = match (&configs[..], &found.train[..]) {
        ([config], _) => config.clone(),
        (_, data) if !data.is_empty() => data.join(" "),
        _ => "DATA".to_owned(),
    };
    // It is found from its own folder and those below it.
    let start = match (&configs[..], args.folder == Path::new(".")) {
        ([_], _) | (_, true) => String::new(),
        _ => format!("cd {} && ", args.folder.display()),
    };
    writeln!(out, "next: {start}gonogo {next}")?;
    for config in configs.iter().filter(|_| configs.len() > 1) {
        writeln!(out, "a training config: {config}")?;
    }
    Ok(Outcome::Go)
}

fn look(folder: &Path, environment: &Environment) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for name in FOLDERS {
        let inner = if *name == "." {
            folder.to_owned()
        } else {
            folder.join(name)
        };
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&inner)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        paths.sort();
        for path in paths {
            let path = path.strip_prefix("./").map_or(path.clone(), Path::to_owned);
            // A file that cannot be read is no config of this folder.
            if let Ok(Opened::Config(config)) = Config::open(&path, &|name| environment.get(name).cloned()) {
                found.configs.push(*config);
            }
        }
    }
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    found.model = std::iter::once(folder.to_owned())
        .chain(folders.iter().cloned())
        .find(|folder| folder.join("tokenizer.json").is_file());
    let data: Vec<PathBuf> = std::iter::once(folder.to_owned())
        .chain(
            folders
                .into_iter()
                .filter(|path| path.ends_with("data") || path.ends_with("dataset")),
        )
        .collect();
    let start = folder;
    for folder in data {
        let paths = rows(&folder);
        if paths.is_empty() {
            continue;
        }
        for input in discover(&paths, &mut std::io::empty())?.inputs {
            // Paths in a settings file are beside it.
            let inside = input.path.strip_prefix(start).unwrap_or(&input.path);
            let name = inside.display().to_string();
            let held_out = matches!(
                input.split.as_deref(),
                Some("test" | "validation" | "eval" | "dev" | "valid")
            );
            if held_out { &mut found.eval } else { &mut found.train }.push(name);
        }
    }
    Ok(found)
}

/// Files of a folder that hold rows by their names.
fn rows(folder: &Path) -> Vec<PathBuf> {
    const ENDINGS: &[&str] = &[".jsonl", ".ndjson", ".parquet", ".jsonl.gz", ".jsonl.zst", ".csv"];
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
            name.is_some_and(|name| ENDINGS.iter().any(|ending| name.ends_with(ending)))
        })
        .collect();
    paths.sort();
    paths
}

fn written(found: &Found, folder: &Path, environment: &Environment) -> anyhow::Result<String> {
    let mut text = String::from(
        "# Written by `gonogo init`. A training config named on the command line gives way to what stands here.\n",
    );
    let config = if found.configs.len() == 1 {
        found.configs.first()
    } else {
        None
    };
    let run: Option<Run> = config.map(|config| {
        let given = described::Given::default();
        config.at(described::versions(config.program, &given, None, environment), &[])
    });
    let mut add = |key: &str, value: toml::Value, comment: &str| {
        let comment = if comment.is_empty() {
            String::new()
        } else {
            format!("  # {comment}")
        };
        text.push_str(&format!("{key} = {value}{comment}\n"));
    };
    match (run.as_ref().and_then(|run| run.model.as_ref()), &found.model) {
        (Some(_), _) => {}
        (None, Some(model)) => {
            let model = model
                .strip_prefix(folder)
                .ok()
                .filter(|path| !path.as_os_str().is_empty());
            let model = model.map_or(".".to_owned(), |path| path.display().to_string());
            add("model", model.into(), "a tokenizer.json is there");
        }
        (None, None) => {}
    }
    if run.as_ref().is_none_or(|run| run.eval.is_empty()) && !found.eval.is_empty() {
        let eval: Vec<toml::Value> = found.eval.iter().map(|name| name.as_str().into()).collect();
        add("eval", eval.into(), "by their names");
    }
    add("fail-on", "error".into(), "error, warning or never");
    if let Some(run) = &run {
        text.push_str(&format!(
            "\n# {} is a config of {} {}. It says, or leaves to that program's defaults:\n",
            run.facts.path, run.facts.program, run.facts.version
        ));
        for (name, value, origin) in settled(run) {
            text.push_str(&format!("# {name} = {value}  # {origin}\n"));
        }
    }
    text.push_str("\n# [rules.\"length/too-long\"]   each rule's own options: gonogo explain length/too-long\n");
    Ok(text)
}

/// What a run has settled, as keys of a gonogo.toml.
fn settled(run: &Run) -> Vec<(&'static str, String, String)> {
    fn line<T: ToString>(
        name: &'static str,
        setting: Option<&crate::model::setup::Setting<T>>,
    ) -> Option<(&'static str, String, String)> {
        setting.map(|setting| (name, setting.value.to_string(), setting.origin.to_string()))
    }
    let quoted = |mut line: (&'static str, String, String)| {
        line.1 = format!("{:?}", line.1);
        line
    };
    [
        line("model", run.model.as_ref()).map(quoted),
        line("max-length", run.max_length.as_ref()),
        line("packing", run.packing.as_ref()).map(quoted),
        line("batch-size", run.batch_size.as_ref()),
        line("grad-accum", run.grad_accum.as_ref()),
        line("world-size", run.world_size.as_ref()),
        line("epochs", run.epochs.as_ref()),
        line("max-steps", run.max_steps.as_ref()),
        line("scheduler", run.regime.scheduler.as_ref()).map(quoted),
        line("learning-rate", run.regime.learning_rate.as_ref()),
        line("seed", run.regime.seed.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
