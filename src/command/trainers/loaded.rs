//! The rows as the trainer's data loader gives them, and the trainer behind it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::command::inputs::Inputs;
use crate::loader::{Datasets, Extent, LoadError, Loader, Look, Schema};
use crate::model::batch::Sequence;
use crate::model::encoded::EncodeError;
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Marker, PackingFlaw};
use crate::model::value::Value;
use crate::source::{Format, Input, Limits, Part, open};
use crate::trainer::{Encode, Fate, Pool, Trainer};

use super::renames::Renames;

/// Files that are loaded together.
pub struct Set {
    /// Their numbers.
    pub sources: Vec<u32>,
    pub is_eval: bool,
    /// What the config says of it, under the trainer's own keys.
    pub entry: Map<String, Json>,
    pub schema: Schema,
    pub renames: Renames,
    /// The first row, as the trainer gets it.
    pub first: Value<'static>,
}

impl Set {
    /// Renames columns once the rows are loaded, as a script would.
    pub(super) fn rename(&mut self, renames: &Renames) {
        self.first = renames.row(&self.first).into_owned();
        self.renames = renames.clone();
    }

    /// Columns of the set, in order.
    pub fn columns(&self) -> Vec<String> {
        let columns = self.schema.columns().iter();
        columns.map(|(name, _)| self.renames.column(name).to_owned()).collect()
    }
}

/// The files of each set, as the loader gives their rows.
///
/// # Errors
///
/// What the loader raises.
pub(super) fn sets(gathered: &Inputs, datasets: Datasets, limits: &Limits) -> Result<Vec<Set>, LoadError> {
    let mut sets = Vec::new();
    for (at, entry) in gathered.entries.iter().enumerate() {
        let sources: Vec<u32> = (0u32..)
            .zip(&gathered.set_of)
            .filter(|(_, set)| **set == at)
            .map(|(source, _)| source)
            .collect();
        if let Some(first) = sources.first() {
            let is_eval = gathered.eval[*first as usize];
            sets.push(set(
                sources,
                is_eval,
                entry.clone(),
                &gathered.inputs,
                datasets,
                limits,
            )?);
        }
    }
    Ok(sets)
}

fn set(
    sources: Vec<u32>,
    is_eval: bool,
    entry: Map<String, Json>,
    inputs: &[Input],
    datasets: Datasets,
    limits: &Limits,
) -> Result<Set, LoadError> {
    let (mut look, mut first, mut columnar) = (Look::default(), None, false);
    for source in sources.iter().copied() {
        let input = &inputs[source as usize];
        columnar |= !matches!(input.format, Format::JsonLines | Format::JsonArray);
        let extent = if input.format == Format::JsonLines {
            Extent::JSON_LINES
        } else {
            Extent::Whole
        };
        let mut reader = open(input, source, Part::Whole, limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| {
                let Ok(record) = read else { return };
                look.add(&record, extent);
                if first.is_none() {
                    first = Some((record.place, record.value.into_owned()));
                }
            });
        }
    }
    let loader = if columnar {
        Loader::AsIs(datasets)
    } else {
        Loader::Json(datasets)
    };
    let schema = Schema::of(&look, loader)?;
    let first = match first {
        Some((place, row)) => schema.apply(&place, &row).into_owned().into_owned(),
        None => Value::Null,
    };
    Ok(Set {
        sources,
        is_eval,
        entry,
        schema,
        renames: Renames::default(),
        first,
    })
}

/// A trainer that is given each row as `datasets` would give it.
pub struct Loaded {
    trainers: Vec<Arc<dyn Trainer>>,
    sets: Vec<Set>,
    /// The set of each source.
    set_of: Vec<usize>,
}

impl Loaded {
    pub(super) fn new(trainers: Vec<Arc<dyn Trainer>>, sets: Vec<Set>) -> Self {
        let count = sets.iter().map(|set| set.sources.len()).sum();
        let mut set_of = vec![0; count];
        for (at, set) in sets.iter().enumerate() {
            for source in &set.sources {
                set_of[*source as usize] = at;
            }
        }
        Self { trainers, sets, set_of }
    }

    /// What the trainer's way of packing training rows does that is not meant.
    pub fn packing_flaws(&self) -> Vec<PackingFlaw> {
        self.trainers
            .first()
            .map_or_else(Vec::new, |trainer| trainer.packing_flaws())
    }

    /// What the trainer looks for in the tokens of training rows.
    pub fn markers(&self) -> Vec<Marker> {
        self.trainers.first().map_or_else(Vec::new, |trainer| trainer.markers())
    }
}

impl Encode for Loaded {
    fn reads_columns(&self) -> bool {
        true
    }

    fn cuts_up(&self) -> bool {
        self.trainers.iter().any(|trainer| trainer.cuts_up())
    }

    fn packs(&self) -> bool {
        true
    }

    fn pack(&self, rows: Vec<Sequence>) -> Result<Vec<Sequence>, EncodeError> {
        // Sets of training files are packed together, each trainer in the same way.
        let Some(trainer) = self.trainers.first() else {
            return Ok(rows);
        };
        let mut sequences = trainer.arrange(rows)?;
        for sequence in &mut sequences {
            trainer.mask(sequence);
        }
        Ok(sequences)
    }

    /// Sets of training files are one to their trainer.
    fn check_set(&self, sequences: &[Fate], rows: u64) -> Result<(), EncodeError> {
        let trainer = self.trainers.first();
        trainer.map_or(Ok(()), |trainer| trainer.check_set(sequences, rows))
    }

    fn encode(&self, record: &Record<'_>, example: &Example<'_>, out: &mut Pool) -> Result<(), EncodeError> {
        let at = self.set_of[record.place.source as usize];
        let (trainer, Set { schema, renames, .. }) = (&self.trainers[at], &self.sets[at]);
        if schema.is_identity() && renames.is_empty() {
            return trainer.encode(record, example, out);
        }
        let loaded = schema.apply(&record.place, &record.value);
        let value = renames.row(&loaded);
        let loaded = Record {
            place: record.place,
            value,
            bytes: record.bytes,
            quirks: record.quirks,
        };
        trainer.encode(&loaded, example, out)
    }
}
