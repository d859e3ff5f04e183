//! The data a dump was made of, encoded here and looked for in it.

use rayon::prelude::*;

use crate::dump::matching::{Matcher, Ours};
use crate::dump::{Dump, Known};
use crate::model::dumped::Compared;
use crate::model::example::Example;
use crate::report::batches::AgainstSection;
use crate::settings::UsageError;
use crate::settings::cli::{BatchesArgs, DataArgs};
use crate::settings::resolve::{Environment, Typed, resolve};
use crate::shape::Layout;
use crate::source::{Batch, Part, open};
use crate::trainer::{Encode, Pool};

use crate::command::prepare::{Prepared, prepare};

/// Stretches of the data encoded at a time.
const AT_ONCE: usize = 32;

/// The run the dump is compared with.
pub(super) struct Other {
    pub(super) prepared: Prepared,
    /// `trl@1.16.0`
    pub(super) trainer: String,
    name: String,
}

/// A row as it was encoded here.
struct Encoded {
    row: u64,
    line: u64,
    ids: Vec<u32>,
    labels: Vec<i32>,
}

/// What a stretch of rows became.
#[derive(Default)]
struct Done {
    rows: Vec<Encoded>,
    failed: u64,
}

impl Other {
    /// # Errors
    ///
    /// If data, tokenizer or trainer are not there.
    pub(super) fn prepare(args: &BatchesArgs, data: &DataArgs, environment: &Environment) -> anyhow::Result<Self> {
        // Without the rules, which are those of the dump.
        let typed = Typed::without_rules(data, &args.model, &args.train, &args.files);
        let settings = resolve(typed, environment)?;
        let prepared = prepare(settings, environment, None)?.made()?;
        if prepared.encoder.is_none() {
            return Err(UsageError("--against needs a tokenizer: give one with -m".to_owned()).into());
        }
        let Some(trainer) = prepared.header.setup.trainer.clone() else {
            let why = prepared
                .header
                .notes
                .iter()
                .rfind(|note| note.ends_with("the mask is the intended one"));
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            let message = format!("--against needs a trainer that is reproduced: a config, or --trainer NAME{why}");
            return Err(UsageError(message).into());
        };
        if prepared.inputs.is_empty() {
            let mut lacking = prepared
                .header
                .not_checked
                .iter()
                .map(|lacking| lacking.reason.as_str());
            let lacking = lacking.next_back().unwrap_or("it names none");
            return Err(UsageError(format!("--against found no data: {lacking}")).into());
        }
        let names: Vec<String> = args.against.iter().map(|path| path.display().to_string()).collect();
        Ok(Self {
            prepared,
            trainer,
            name: names.join(" "),
        })
    }

    /// What was found again of each row of the dump, in order.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub(super) fn compare(&self, dump: &Dump, known: Known) -> anyhow::Result<(Vec<Vec<Compared>>, AgainstSection)> {
        let encoder = self
            .prepared
            .encoder
            .as_deref()
            .expect("looked for when it was prepared");
        let kit = self.prepared.kit.as_deref().expect("an encoder has a tokenizer");
        let mut matcher = Matcher::default();
        for file in &dump.files {
            file.batches(known, &mut |batch| {
                for row in &batch.rows {
                    matcher.add(row, known.eos);
                }
                Ok(())
            })?;
        }
        let mut summary = AgainstSection {
            name: self.name.clone(),
            trainer: self.trainer.clone(),
            ..AgainstSection::default()
        };
        (summary.encoded, summary.failed) = self.each(encoder, &mut |ours| matcher.see(ours));
        let pieces = self.prepared.header.setup.packing.is_some() || packs(dump);
        if matcher.settle(pieces) {
            self.each(encoder, &mut |ours| matcher.see_again(ours));
        }
        let decode = |ids: &[i64]| {
            let ids: Vec<u32> = ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect();
            kit.decode(&ids).unwrap_or_default()
        };
        let found = matcher.finish(pieces, &decode);
        for compared in found.iter().flatten() {
            match (&compared.like, &compared.difference) {
                (None, _) => summary.unmatched += 1,
                (Some(_), Some(_)) => summary.otherwise += 1,
                (Some(_), None) => summary.alike += 1,
            }
        }
        Ok((found, summary))
    }

    /// Shows every row as it is encoded here, in order; how many there were, and how many could not be.
    fn each(&self, encoder: &dyn Encode, each: &mut dyn FnMut(Ours<'_>)) -> (u64, u64) {
        let (mut rows, mut failed) = (0, 0);
        let prepared = &self.prepared;
        let (eval, layouts) = (&prepared.header.setup, prepared.layouts.as_slice());
        for (source, input) in (0u32..)
            .zip(&prepared.inputs)
            .filter(|(source, _)| !eval.is_eval(*source))
        {
            let mut reader = open(input, source, Part::Whole, &prepared.limits);
            loop {
                let batches: Vec<Box<dyn Batch>> = std::iter::from_fn(|| reader.next()).take(AT_ONCE).collect();
                if batches.is_empty() {
                    break;
                }
                let done: Vec<Done> = batches
                    .into_par_iter()
                    .map(|batch| stretch(layouts, encoder, batch.as_ref()))
                    .collect();
                for done in done {
                    failed += done.failed;
                    rows += done.rows.len() as u64;
                    for Encoded { row, line, ids, labels } in &done.rows {
                        let name = || match line {
                            0 => format!("{} row {row}", input.name),
                            line => format!("{}:{line}", input.name),
                        };
                        each(Ours {
                            name: &name,
                            ids,
                            labels,
                        });
                    }
                }
            }
        }
        (rows, failed)
    }
}

/// Encodes some rows.
fn stretch(layouts: &[Option<Layout>], encoder: &dyn Encode, batch: &dyn Batch) -> Done {
    let mut done = Done::default();
    let mut pool = Pool::default();
    let unknown = Example::unknown();
    batch.rows(&mut |read| {
        pool.clear();
        let Ok(record) = read else {
            done.failed += 1;
            return;
        };
        let place = record.place;
        let layout = layouts.get(place.source as usize).and_then(Option::as_ref);
        let meant = layout.and_then(|layout| layout.read(&record).ok());
        let example = match &meant {
            Some(example) => example,
            None if encoder.reads_columns() => &unknown,
            None => {
                done.failed += 1;
                return;
            }
        };
        if encoder.encode(&record, example, &mut pool).is_err() {
            done.failed += 1;
            return;
        }
        for encoded in pool
            .sequences_mut()
            .iter_mut()
            .filter(|encoded| encoded.dropped.is_none())
        {
            done.rows.push(Encoded {
                row: place.row,
                line: place.line,
                ids: std::mem::take(&mut encoded.input_ids),
                labels: std::mem::take(&mut encoded.labels),
            });
        }
    });
    done
}

/// Whether the dump says that its rows are packed.
fn packs(dump: &Dump) -> bool {
    dump.about.get("packing").is_some_and(|packing| packing == "true")
}
