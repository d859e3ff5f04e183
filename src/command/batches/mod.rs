//! `gonogo batches`: what the user's own DataLoader yields, audited.
//!
//! The dump is read twice: for what holds of it as a whole, and then row by row for the rules. With `--against` the
//! rows of the data are encoded in between, and looked for in it.

mod against;
mod facts;
mod show;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::dump::{Batch, Dump, DumpError, Known};
use crate::encode::tokenizer::Generation;
use crate::model::dumped::{Compared, DumpedRow};
use crate::model::encoded::Encoded;
use crate::model::record::{Quirks, Record};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::place::Place;
use crate::report::batches::BatchSection;
use crate::report::{Report, Trainer};
use crate::rule::Row;
use crate::rule::lane::RuleEntry;
use crate::rule::row::Chars;
use crate::scan::{Finished, Gathered};
use crate::settings::UsageError;
use crate::settings::cli::{BatchesArgs, DataArgs};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::text::{Forms, Words};

use super::data::Data;
use super::distinct::distinct;
use super::header::Header;
use super::model::LocalModel;
use super::{Outcome, assemble, output, prepare};

use facts::Survey;

/// A dump, ready to be audited.
pub struct Ready {
    dump: Dump,
    known: Known,
    pub header: Header,
    pub rules: Vec<&'static RuleEntry>,
    section: BatchSection,
    /// What was found again of each row, in order; empty without `--against`.
    compared: Vec<Vec<Compared>>,
    strict: bool,
}

pub fn run(args: &BatchesArgs, environment: &Environment) -> anyhow::Result<Outcome> {
    let ready = ready(args, environment)?;
    let read: Vec<PathBuf> = args
        .dump
        .iter()
        .chain(&args.against)
        .flat_map(|path| files(path))
        .collect();
    distinct(args.out.files()?, read.iter().map(|path| &**path))?;
    if ready.strict {
        ready.header.all_checked()?;
    }
    let gathered = ready.gather(args.out.list.is_some())?;
    let finished = gathered.finish(&ready.header.setup);
    if let Some(path) = &args.out.list {
        super::list::write(path, &finished, &ready.header.sources)?;
    }
    let fails = ready.header.fail_on.is_some();
    let report = ready.report(finished);
    output::write(&report, &args.out)?;
    Ok(Outcome::of(&report.verdict, fails))
}

/// The file itself, or the files of a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return vec![path.to_owned()];
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Reads settings, tokenizer and dump, and encodes what is to be compared with it.
///
/// # Errors
///
/// If the dump cannot be read, or what it is to be compared with.
pub fn ready(args: &BatchesArgs, environment: &Environment) -> anyhow::Result<Ready> {
    let data = DataArgs {
        data: args.against.clone(),
        ..DataArgs::default()
    };
    let settings = resolve(
        Typed {
            data: &data,
            model: &args.model,
            train: &args.train,
            rules: Some(&args.rules),
            fail: Some(&args.fail),
            files: &args.files,
            strict: args.strict,
        },
        environment,
    )?;
    let dump = Dump::find(&args.dump)?;
    let other = match args.against.as_slice() {
        [] => None,
        _ => Some(against::Other::prepare(args, &data, environment)?),
    };
    let kit = match &other {
        Some(_) => None,
        None => match LocalModel::look(&settings, &[], environment)? {
            Some(found) => Some((found.load(&settings, Generation::V5)?, found.asked)),
            None => None,
        },
    };
    let mut setup = prepare::setup(&settings, kit.as_ref().map(|(kit, _)| kit), &Data::default());
    if let Some(other) = &other {
        setup.tokenizer.clone_from(&other.prepared.header.setup.tokenizer);
    }
    let mut notes = facts::tokens(&mut setup, &dump.about);
    let known = facts::known(&setup);
    let mut survey = Survey::default();
    for (file, number) in dump.files.iter().zip(0u64..) {
        file.batches(known, &mut |batch| {
            survey.add(file, number, &batch);
            Ok(())
        })?;
    }
    let (section, sources, facts) = survey.finish(&dump, &setup, &settings, other.as_ref());
    if section.rows == 0 {
        return Err(UsageError(format!("there is no row in {}", section.name)).into());
    }
    setup.dump = Some(facts);
    let (mut section, mut compared) = (section, Vec::new());
    if let Some(other) = &other {
        let (found, summary) = other.compare(&dump, known)?;
        section.against = Some(summary);
        compared = found;
        notes.extend(other.prepared.header.notes.iter().cloned());
    }
    let (rules, lacking) = facts::rules(&settings, &setup)?;
    let tokenizer = match (&other, kit) {
        (Some(other), _) => other.prepared.header.tokenizer.clone(),
        (None, Some((kit, asked))) => Some(show::tokenizer(&kit, &asked)),
        (None, None) => None,
    };
    let header = Header {
        sources,
        tokenizer,
        trainer: Trainer {
            name: other.as_ref().map(|other| other.trainer.clone()),
            mask: "as the batches have it".to_owned(),
        },
        settings: show::settings(&setup),
        not_checked: lacking,
        missing: false,
        notes,
        next: show::next(&settings, &section, &setup),
        warn_if: settings.warn_if,
        error_if: settings.error_if,
        fail_on: settings.fail_on,
        options: settings.options,
        sample: None,
        content: BTreeMap::new(),
        setup,
    };
    Ok(Ready {
        dump,
        known,
        header,
        rules,
        section,
        compared,
        strict: settings.strict,
    })
}

impl Ready {
    /// Shows every row to every rule, in order.
    ///
    /// # Errors
    ///
    /// If the dump changed since it was read, or a rule does not accept its options.
    pub fn gather(&self, every: bool) -> anyhow::Result<Gathered> {
        let options = &self.header.options;
        let made = if every {
            Gathered::of_every(&self.rules, options)
        } else {
            Gathered::new(&self.rules, options)
        };
        let mut gathered = made.map_err(|(rule, error)| UsageError(format!("options of rule {rule}: {error}")))?;
        let mut compared = self.compared.iter();
        let (setup, of_data) = (&self.header.setup, self.header.setup.of_data());
        self.each(&mut |mut row, place| {
            row.compared = compared.next().cloned().unwrap_or_default();
            show_row(&row, place, (setup, &of_data), &mut gathered);
        })?;
        Ok(gathered)
    }

    /// Every row with its place, in order.
    fn each(&self, each: &mut dyn FnMut(DumpedRow, Place)) -> Result<(), DumpError> {
        let mut places = Places::default();
        for file in &self.dump.files {
            places.file();
            file.batches(self.known, &mut |batch| {
                places.batch(batch, each);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// # Panics
    ///
    /// Never: a place is one of a source.
    pub fn report(self, finished: Finished) -> Report {
        let mut report = assemble::report(self.header, finished);
        for found in report.findings.iter_mut().flat_map(|group| &mut group.places) {
            // A rule looks at a row; in the dump it is a row of a matrix.
            if let (Some(at), Some(pointer)) = (found.at.filter(|at| at.line.is_none()), &mut found.pointer)
                && let Some((column, rest)) = pointer.strip_prefix('/').and_then(|rest| rest.split_once('/'))
            {
                *pointer = format!("/{column}/{}/{rest}", at.row);
            }
        }
        report.batches = Some(self.section);
        report
    }
}

/// Numbers batches and rows as the report's sources have them.
#[derive(Default)]
struct Places {
    batches: u64,
    source: u32,
    /// Sources before the file's first.
    next: u32,
    /// Rows before, in a file with a row on each line.
    rows: u64,
}

impl Places {
    fn file(&mut self) {
        self.source = self.next;
        self.rows = 0;
    }

    fn batch(&mut self, batch: Batch, each: &mut dyn FnMut(DumpedRow, Place)) {
        let is_flat = batch.is_flat;
        if !is_flat {
            self.source = self.next;
        }
        self.next = self.source + 1;
        for mut row in batch.rows {
            row.batch = self.batches;
            let place = Place {
                source: self.source,
                row: if is_flat { self.rows } else { row.row },
                line: if is_flat { batch.line + row.row } else { 0 },
                offset: 0,
            };
            self.rows += 1;
            each(row, place);
        }
        self.batches += 1;
    }
}

/// Shows one row to every rule, with the setup and what of it is about the data.
fn show_row(row: &DumpedRow, place: Place, (setup, setup_of_data): (&Setup, &Setup), gathered: &mut Gathered) {
    let record = Record {
        place,
        value: Value::Null,
        bytes: None,
        quirks: Quirks::default(),
    };
    // What no embedding has is beyond any, whichever way.
    let id = |id: &i64| u32::try_from(*id).unwrap_or(u32::MAX);
    let label = |label: &i64| i32::try_from(*label).unwrap_or(i32::MAX);
    let encoded = row.labels.as_ref().map(|labels| Encoded {
        input_ids: row.ids.iter().map(id).collect(),
        labels: labels.iter().map(label).collect(),
        full_len: row.ids.len(),
        ..Encoded::default()
    });
    let shown = Row {
        place,
        setup,
        setup_of_data,
        read: Ok(&record),
        example: None,
        misfit: None,
        encoded: encoded.as_slice(),
        encode_error: None,
        chars: Chars::default(),
        system: None,
        words: &Words::default(),
        forms: &Forms::default(),
        hits: None,
        dumped: Some(row),
    };
    let of_data = shown.of_data();
    for lane in &mut gathered.lanes {
        lane.check(&shown, &of_data);
    }
}
