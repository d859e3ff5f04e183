//! Shows every row to every rule and measure, on all cores.
//!
//! Workers take turns at the readers, one batch at a time, and each has lanes of its own: a set per
//! worker, not per task, because whole-set state is large. At the end the sets are merged, which
//! does not depend on who saw what, so the report is the same for any number of workers.

pub mod partial;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::prelude::*;

use crate::finding::{Findings, Settled};
use crate::holdout::{Hits, Holdout, Lookup};
use crate::measure::{Measures, Rows, Sections};
use crate::model::example::Example;
use crate::model::record::{Record, Unreadable};
use crate::model::setup::Setup;
use crate::model::stretch::lacks_answer;
use crate::rule::lane::{Lane, Options, RuleEntry};
use crate::rule::row::{Chars, system_hash};
use crate::rule::{Row, RuleMeta};
use crate::shape::Layout;
use crate::sketch::Merge;
use crate::sketch::lines::Lines;
use crate::source::{Batch, Reader};
use crate::text::{Forms, Words};
use crate::trainer::{Encode, Pool};

/// What a scan needs besides the readers.
pub struct Scan<'s> {
    pub setup: &'s Setup,
    /// The layout of each source; `None` where its rows have no shape known here.
    pub layouts: &'s [Option<Layout>],
    pub encoder: Option<&'s dyn Encode>,
    /// The rows held out from training, if there are any and a rule asks for them.
    pub holdout: Option<&'s Holdout>,
    pub progress: &'s Progress,
    pub workers: usize,
    /// Stop after this many rows of each source (`--sample`).
    pub limit: Option<u64>,
}

/// How far a scan is, for whoever draws a bar.
#[derive(Debug, Default)]
pub struct Progress {
    pub bytes: AtomicU64,
    pub rows: AtomicU64,
}

/// What a worker keeps from row to row: buffers, and its view of the held-out rows.
pub struct Worker<'h> {
    pool: Pool,
    words: Words,
    forms: Forms,
    held: Option<Lookup<'h>>,
    setup_of_data: Setup,
}

/// Everything gathered, by one worker or by all.
pub struct Gathered {
    pub lanes: Vec<Box<dyn Lane>>,
    /// Those of them that look at rows.
    looking: Vec<usize>,
    pub measures: Measures,
    /// The line each row stands on, for findings about rows that are remembered by number.
    pub lines: Lines,
    /// Whether a lane looks at words.
    words: bool,
    /// Whether a lane looks at normal forms.
    forms: bool,
    /// Whether a lane looks at what of the held-out rows a row gives away.
    holdout: bool,
}

/// What a worker does with the rows it is shown.
pub trait Gather: Send {
    /// Whether it looks at a row's words.
    fn words(&self) -> bool {
        false
    }

    /// Whether it looks at the normal forms of a row's turns.
    fn forms(&self) -> bool {
        false
    }

    /// Whether it looks at what of the held-out rows a row gives away.
    fn holdout(&self) -> bool {
        false
    }

    fn see(&mut self, row: &Row<'_>);
    /// Adds what another worker gathered, which does not depend on who saw what.
    fn absorb(&mut self, other: Self);
}

impl Gather for Gathered {
    fn words(&self) -> bool {
        self.words
    }

    fn forms(&self) -> bool {
        self.forms
    }

    fn holdout(&self) -> bool {
        self.holdout
    }

    fn see(&mut self, row: &Row<'_>) {
        if row.read.is_ok() {
            self.lines.push(&row.place);
        }
        let of_data = row.of_data();
        for lane in &self.looking {
            self.lanes[*lane].check(row, &of_data);
        }
        self.measures.see(row);
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }
}

impl Gather for Rows {
    fn see(&mut self, row: &Row<'_>) {
        Self::see(self, row);
    }

    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }
}

/// What each rule found, in the order of the table, and the sections.
pub struct Finished {
    pub found: Vec<(&'static RuleMeta, Findings)>,
    pub sections: Sections,
}

impl Finished {
    /// Why there is no result, where there is none: a rule and what stopped it.
    pub fn failure(&self) -> Option<(&'static str, &str)> {
        self.found
            .iter()
            .find_map(|(meta, findings)| Some((meta.name, findings.failure.as_deref()?)))
    }
}

impl Gathered {
    /// Nothing yet, for the given rules.
    ///
    /// # Errors
    ///
    /// If a rule does not accept the options it was given; the rule's name and what it said.
    pub fn new(rules: &[&'static RuleEntry], options: &Options) -> Result<Self, (&'static str, serde_json::Error)> {
        Self::of(rules, |entry| entry.lane(options))
    }

    /// As [`Self::new`], and every finding will be kept.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn of_every(
        rules: &[&'static RuleEntry],
        options: &Options,
    ) -> Result<Self, (&'static str, serde_json::Error)> {
        Self::of(rules, |entry| entry.lane_of_every(options))
    }

    fn of(
        rules: &[&'static RuleEntry],
        lane: impl Fn(&RuleEntry) -> serde_json::Result<Box<dyn Lane>>,
    ) -> Result<Self, (&'static str, serde_json::Error)> {
        let lanes: Vec<_> = rules
            .iter()
            .map(|entry| lane(entry).map_err(|error| (entry.meta.name, error)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            words: lanes.iter().any(|lane| lane.words()),
            forms: lanes.iter().any(|lane| lane.forms()),
            holdout: lanes.iter().any(|lane| lane.holdout()),
            looking: (0..lanes.len()).filter(|lane| lanes[*lane].rows()).collect(),
            lanes,
            measures: Measures::default(),
            lines: Lines::default(),
        })
    }

    /// Adds what was gathered for the same rules, or for some of them, in the same order.
    pub fn merge(&mut self, other: Self) {
        let mut others = other.lanes.into_iter().peekable();
        for lane in &mut self.lanes {
            let name = lane.meta().name;
            if let Some(theirs) = others.next_if(|theirs| theirs.meta().name == name) {
                lane.merge(theirs);
            }
        }
        assert!(others.next().is_none(), "there are no other rules");
        self.measures.merge(other.measures);
        self.lines.merge(other.lines);
    }

    /// Ends the rules that look at the data alone: what each found, by name. `None` where one has no result.
    pub fn settle(&mut self, setup: &Setup) -> Option<Vec<(String, Settled)>> {
        let lanes = self.lanes.iter_mut().filter(|lane| lane.data_only());
        let settle = |lane: &mut Box<dyn Lane>| Some((lane.meta().name.to_owned(), lane.settle(setup)?));
        lanes.map(settle).collect()
    }

    /// Takes what [`Self::settle`] gave for the same rules in place of rows; false where it was for others.
    #[must_use]
    pub fn resume(&mut self, settled: Vec<(String, Settled)>) -> bool {
        let mut settled = settled.into_iter();
        for lane in self.lanes.iter_mut().filter(|lane| lane.data_only()) {
            match settled.next() {
                Some((name, found)) if name == lane.meta().name => lane.resume(found),
                _ => return false,
            }
        }
        settled.next().is_none()
    }

    pub fn finish(mut self, setup: &Setup) -> Finished {
        self.lines.sort();
        let sections = self.measures.finish(setup);
        let budget = sections.budget.as_ref();
        let finish = |lane: Box<dyn Lane>| {
            let meta = lane.meta();
            let mut findings = lane.finish(setup, budget);
            findings.set_lines(|source, row| self.lines.of(source, row));
            (meta, findings)
        };
        let found = self.lanes.into_par_iter().map(finish).collect();
        Finished { found, sections }
    }
}

impl Scan<'_> {
    /// Reads every row. The readers are in the order of the sources.
    ///
    /// # Errors
    ///
    /// If a rule does not accept the options it was given.
    pub fn run(
        &self,
        readers: Vec<Box<dyn Reader>>,
        rules: &[&'static RuleEntry],
        options: &Options,
    ) -> Result<Gathered, (&'static str, serde_json::Error)> {
        self.run_with(readers, &|| Gathered::new(rules, options))
    }

    /// Reads every row into what `empty` makes for each worker.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_with(
        &self,
        readers: Vec<Box<dyn Reader>>,
        empty: &dyn Fn() -> Result<Gathered, (&'static str, serde_json::Error)>,
    ) -> Result<Gathered, (&'static str, serde_json::Error)> {
        let sets = (0..self.workers.max(1))
            .map(|_| empty())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.gather(readers, sets))
    }

    /// Shows every row to one of the sets, a set for each worker, and returns what they gathered together.
    ///
    /// # Panics
    ///
    /// If there is no set.
    pub fn gather<G: Gather>(&self, readers: Vec<Box<dyn Reader>>, mut sets: Vec<G>) -> G {
        let queue = Mutex::new(Queue {
            readers: readers.into_iter().rev().collect(),
        });
        let (own, others) = sets.split_first_mut().expect("there is at least one worker");
        thread::scope(|scope| {
            for set in others {
                let worker = thread::Builder::new().spawn_scoped(scope, || self.work(&queue, set));
                // Where the system has no more threads, those there are do the work.
                if worker.is_err() {
                    break;
                }
            }
            self.work(&queue, own);
        });
        let mut sets = sets.into_iter();
        let mut all = sets.next().expect("there is at least one worker");
        sets.for_each(|set| all.absorb(set));
        all
    }

    fn work<G: Gather>(&self, queue: &Mutex<Queue>, set: &mut G) {
        let mut worker = self.worker();
        let queue = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let next = queue().next();
            let Some((reader, batch)) = next else { break };
            let (mut rows, mut beyond) = (0, false);
            batch.rows(&mut |read| {
                rows += 1;
                if self.limit.is_none_or(|limit| place(&read).row < limit) {
                    self.row(&read, &mut worker, set);
                } else {
                    beyond = true;
                }
            });
            if beyond {
                queue().end(reader);
            }
            self.progress.rows.fetch_add(rows, Ordering::Relaxed);
            self.progress.bytes.fetch_add(batch.bytes(), Ordering::Relaxed);
        }
    }

    /// A worker's buffers.
    pub fn worker(&self) -> Worker<'_> {
        Worker {
            pool: Pool::default(),
            words: Words::default(),
            forms: Forms::default(),
            held: self.holdout.map(Lookup::new),
            setup_of_data: self.setup.of_data(),
        }
    }

    /// Takes one row as far as it goes and shows it.
    pub fn row<G: Gather>(&self, read: &Result<Record<'_>, Unreadable>, worker: &mut Worker<'_>, set: &mut G) {
        let Worker {
            pool,
            words,
            forms,
            held,
            setup_of_data,
        } = worker;
        pool.clear();
        words.clear();
        forms.clear();
        let mut row = Row {
            place: place(read),
            setup: self.setup,
            setup_of_data,
            read: read.as_ref(),
            example: None,
            misfit: None,
            encoded: &[],
            encode_error: None,
            chars: Chars::default(),
            system: None,
            words: &Words::default(),
            forms: &Forms::default(),
            hits: None,
            dumped: None,
        };
        let Ok(record) = read else {
            return set.see(&row);
        };
        let layout = self.layouts.get(row.place.source as usize).and_then(Option::as_ref);
        let hits: Hits;
        let meant = layout.map(|layout| layout.read(record));
        let unknown = Example::unknown();
        let example = match &meant {
            Some(Ok(example)) => {
                row.chars = example
                    .turns
                    .iter()
                    .fold(Chars::default(), |chars, turn| chars.and(Chars::of(&turn.text)));
                row.system = system_hash(example);
                let held = held
                    .as_mut()
                    .filter(|_| set.holdout() && !self.setup.is_eval(row.place.source));
                for turn in &example.turns {
                    if set.words() {
                        words.push(&turn.text);
                    }
                    if set.forms() || held.is_some() {
                        forms.push(&turn.text);
                    }
                }
                row.words = words;
                row.forms = forms;
                if let Some(held) = held {
                    hits = held.look(example, words, forms);
                    row.hits = Some(&hits);
                }
                row.example = Some(example);
                example
            }
            Some(Err(misfit)) => {
                row.misfit = Some(misfit);
                &unknown
            }
            None => &unknown,
        };
        let encoder = self
            .encoder
            .filter(|encoder| row.example.is_some() || encoder.reads_columns());
        let encoded = encoder.map(|encoder| encoder.encode(record, example, pool));
        match &encoded {
            Some(Ok(())) => {
                for encoded in pool.sequences_mut().iter_mut().filter(|encoded| encoded.cut() > 0) {
                    encoded.answer_lost |= lacks_answer(example, encoded);
                }
                row.encoded = pool.sequences();
            }
            Some(Err(error)) => row.encode_error = Some(error),
            None => {}
        }
        set.see(&row);
    }
}

fn place(read: &Result<Record<'_>, Unreadable>) -> crate::place::Place {
    match read {
        Ok(record) => record.place,
        Err(unreadable) => unreadable.place,
    }
}

/// The readers not yet at their end, the next one last.
struct Queue {
    readers: Vec<Box<dyn Reader>>,
}

impl Queue {
    /// The next batch, and the number of its reader, counted from the last.
    fn next(&mut self) -> Option<(usize, Box<dyn Batch>)> {
        while let Some(reader) = self.readers.last_mut() {
            if let Some(batch) = reader.next() {
                return Some((self.readers.len(), batch));
            }
            self.readers.pop();
        }
        None
    }

    /// Reads no more from a reader.
    fn end(&mut self, reader: usize) {
        if self.readers.len() == reader {
            self.readers.pop();
        }
    }
}
