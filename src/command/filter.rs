//! `gonogo filter`: writes the data without the rows some rules find, and those rows with their reasons.

mod fates;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::report::style::{count, counted};
use crate::rewrite::{self, Counts};
use crate::scan::{Gathered, Progress};
use crate::settings::UsageError;
use crate::settings::cli::{DropFrom, FilterArgs, RuleArgs};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::source::{Compression, Format, Input};

use super::Outcome;
use super::distinct::distinct;
use super::handles::as_many_as_allowed;
use super::prepare::{Prepared, prepare};
use super::unnamed::Unnamed;

use fates::Fates;

/// Rules about files, which have no rows to leave out.
const OF_FILES: &[&str] = &[
    "schema/damaged-file",
    "schema/decompression-bomb",
    "schema/empty-file",
    "schema/html-page",
    "schema/lfs-pointer",
    "schema/mixed-files",
    "schema/truncated-file",
];

pub fn run(args: &FilterArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let rules = RuleArgs {
        select: args.drop.clone(),
        ..RuleArgs::default()
    };
    let settings = resolve(
        Typed {
            data: &args.data,
            model: &args.model,
            train: &args.train,
            rules: Some(&rules),
            fail: None,
            files: &args.files,
            strict: true,
        },
        environment,
    )?;
    if let Some(rule) = args.drop.iter().find(|rule| OF_FILES.contains(&rule.as_str())) {
        return Err(UsageError(format!("{rule} is about whole files: there are no rows to drop")).into());
    }
    let mut prepared = prepare(settings, environment, None)?.made_as_flagged()?;
    for lacking in &prepared.header.not_checked {
        let rules = lacking.rules.join(", ");
        // Of a category what can be checked is dropped; a rule that was named must be.
        if lacking.rules.iter().any(|rule| args.drop.contains(rule)) {
            return Err(UsageError(format!("{rules} cannot be checked: {}", lacking.reason)).into());
        }
        if !args.quiet {
            let _ = writeln!(anstream::stderr(), "not dropped by {rules}: {}", lacking.reason);
        }
    }
    prepared.rules.retain(|entry| !OF_FILES.contains(&entry.meta.name));
    prepared.spill_to(args.tmp_dir.as_deref())?;
    let fates = judge(&mut prepared, args)?;
    let ours = |source: u32| prepared.header.setup.is_eval(source) == (args.drop_from == DropFrom::Eval);
    let inputs: Vec<(u32, &Input)> = (0..)
        .zip(&prepared.inputs)
        .filter(|(source, _)| ours(*source))
        .collect();
    if inputs.is_empty() {
        let message = match args.drop_from {
            DropFrom::Train => "there is no training data to drop rows from",
            DropFrom::Eval => "there is no evaluation data to drop rows from: give it with --eval",
        };
        return Err(UsageError(message.to_owned()).into());
    }
    let written = write(&prepared, &inputs, &fates, args)?;
    if !args.quiet {
        tell(&written, &fates, args)?;
    }
    Ok(Outcome::Go)
}

/// Asks the rules, and settles which rows go.
fn judge(prepared: &mut Prepared, args: &FilterArgs) -> anyhow::Result<Fates> {
    let readers = std::mem::take(&mut prepared.readers);
    let gathered = prepared
        .scan(&Progress::default(), args.jobs)
        .run_with(readers, &|| {
            Gathered::of_every(&prepared.rules, &prepared.header.options)
        })
        .map_err(|(rule, error)| UsageError(format!("options of rule {rule}: {error}")))?;
    let finished = gathered.finish(&prepared.header.setup);
    if let Some((rule, failure)) = finished.failure() {
        anyhow::bail!("{rule}: {failure}");
    }
    Ok(fates::settle(prepared, finished, args.keep, args.drop_from))
}

/// Where one input goes, and what became of its rows.
struct Written {
    path: PathBuf,
    counts: Counts,
}

/// Writes every output and the removed rows to files without a name, which are gone however the run ends, and copies
/// them to where they belong when all is well.
fn write(
    prepared: &Prepared,
    inputs: &[(u32, &Input)],
    fates: &Fates,
    args: &FilterArgs,
) -> anyhow::Result<Vec<Written>> {
    let folder = matches!(&args.data.data[..], [data] if data.is_dir());
    let paths = outputs(inputs, &args.output, folder)?;
    let removed = removed_path(args);
    distinct(
        paths.iter().chain([&removed]).map(|path| &**path),
        prepared.read(&args.data.data),
    )?;
    as_many_as_allowed();
    let gone = Unnamed::new(&removed)?;
    let mut files = Vec::new();
    let mut written = Vec::new();
    let mut told = std::io::BufWriter::new(gone.handle()?);
    for ((source, input), path) in inputs.iter().zip(&paths) {
        let file = Unnamed::new(path)?;
        let (_, compression) = Compression::of_name(path);
        let removals = fates.of(*source);
        let counts = rewrite::copy(
            input,
            &removals,
            file.handle()?,
            compression,
            &mut told,
            &prepared.limits,
        )?;
        files.push(file);
        written.push(Written {
            path: path.clone(),
            counts,
        });
    }
    told.flush()?;
    // Which rows go was told of the data as they were.
    prepared.marks.hold()?;
    // The outputs last: where one stands, what is missing from it is told.
    gone.place()?;
    for file in files {
        file.place()?;
    }
    if folder && args.output.is_dir() {
        describe(inputs, &args.output)?;
    }
    Ok(written)
}

/// Copies what `save_to_disk` keeps beside its files, without which `load_from_disk` takes the folder for none of its own.
fn describe(inputs: &[(u32, &Input)], output: &Path) -> anyhow::Result<()> {
    let Some(folder) = inputs.first().and_then(|(_, input)| input.path.parent()) else {
        return Ok(());
    };
    for name in ["dataset_info.json", "state.json"] {
        let path = folder.join(name);
        if path.is_file() {
            std::fs::copy(&path, output.join(name))?;
        }
    }
    Ok(())
}

/// The file itself for one input; for several, and for those of a folder, a folder with files of their names.
fn outputs(inputs: &[(u32, &Input)], output: &Path, of_folder: bool) -> anyhow::Result<Vec<PathBuf>> {
    let file = !is_folder(output) && (!of_folder || Format::of_name(output).is_some());
    if let ([(_, input)], true) = (inputs, file) {
        let other = Format::of_name(output).filter(|format| format.family() != input.format.family());
        if let Some(other) = other {
            let message = format!(
                "{} is named like {other}, and {} is {}: rows are written in the format they are in",
                output.display(),
                input.name,
                input.format
            );
            return Err(UsageError(message).into());
        }
        return Ok(vec![output.to_owned()]);
    }
    std::fs::create_dir_all(output)
        .map_err(|error| UsageError(format!("cannot write to {}: {error}", output.display())))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for (_, input) in inputs {
        let name = Path::new(&input.name).file_name().unwrap_or("data.jsonl".as_ref());
        let path = output.join(name);
        if paths.contains(&path) {
            let name = name.to_string_lossy();
            return Err(UsageError(format!("two inputs are called {name}: filter them one by one")).into());
        }
        paths.push(path);
    }
    Ok(paths)
}

fn is_folder(output: &Path) -> bool {
    output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/")
}

fn removed_path(args: &FilterArgs) -> PathBuf {
    args.removed.clone().unwrap_or_else(|| {
        // Without a slash at its end, so that the rows of a folder are told beside it.
        let mut name = args.output.components().collect::<PathBuf>().into_os_string();
        name.push(".removed.jsonl");
        name.into()
    })
}

fn tell(written: &[Written], fates: &Fates, args: &FilterArgs) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    for Written { path, counts } in written {
        let all = counts.kept + counts.removed;
        let (kept, path) = (count(counts.kept), path.display());
        writeln!(out, "{path}: kept {kept} of {}", counted(all, "row"))?;
    }
    let removed = removed_path(args);
    writeln!(out, "{}: {} removed", removed.display(), counted(fates.len(), "row"))?;
    for (rule, rows) in fates.by_rule() {
        writeln!(out, "  {rule:<28} {}", counted(rows, "row"))?;
    }
    Ok(())
}
