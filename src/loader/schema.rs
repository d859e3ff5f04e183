//! What a loader makes of the rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::value::Value;
use crate::place::Place;

use super::arrow::{self, Inferred};
use super::change::Change;
use super::error::LoadError;
use super::look::{Extent, Look, Table};
use super::plan::{Plan, Planner};
use super::seen::Seen;
use super::step::Step;
use super::types::Type;
use super::ujson::Wash;
use super::{Datasets, Loader, brought, python, traces};

/// The types of a data set, and what they do to each row.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    columns: Vec<(Box<str>, Type)>,
    changes: Vec<Change>,
    /// The different things that are done to rows, and which is done to the rows of a table; a table
    /// that is not listed gets the first.
    steps: Vec<Step>,
    tables: BTreeMap<Table, usize>,
    extents: BTreeMap<u32, Extent>,
    /// `datasets` from 4.0 on, where the type of a list is an object of its own.
    lists_are_objects: bool,
}

impl Schema {
    /// What the loader makes of all rows that were looked at.
    ///
    /// # Errors
    ///
    /// If Python raises, or if what it does is not known here.
    pub fn of(look: &Look, loader: Loader) -> Result<Self, LoadError> {
        match loader {
            Loader::AsIs(datasets) => Ok(Self::as_is(&look.all(), datasets)),
            Loader::FromList => Self::from_list(&look.all()),
            Loader::Json(datasets) => Self::json(look, datasets),
        }
    }

    fn as_is(seen: &Seen, datasets: Datasets) -> Self {
        let mut schema = Self {
            lists_are_objects: datasets.lists_are_objects(),
            ..Self::default()
        };
        schema.finish(brought::columns(seen));
        schema
    }

    fn from_list(seen: &Seen) -> Result<Self, LoadError> {
        let row = python::from_list(seen)?;
        let planner = Planner {
            reads: Wash::default(),
            stores: Wash::default(),
            typed: false,
            drops: true,
        };
        let mut schema = Self::default();
        let plan = planner.plan(seen, &row, &row)?;
        schema.take(None, plan);
        schema.finish(row);
        Ok(schema)
    }

    fn json(look: &Look, datasets: Datasets) -> Result<Self, LoadError> {
        let mut schema = Self::default();
        let mut first: Option<Type> = None;
        for (table, rows, blank) in look.tables() {
            let inferred = arrow::infer(rows, blank, datasets, first.as_ref())?;
            if first.is_none() && datasets.has_json() && rows.extent != Extent::Whole {
                traces::refuse(&inferred.row, datasets)?;
            }
            let to = first.as_ref().unwrap_or(&inferred.row);
            let plan = planner(&inferred, datasets).plan(&rows.seen, &inferred.row, to)?;
            schema.extents.insert(table.source, rows.extent);
            schema.take(Some(table), plan);
            first.get_or_insert(inferred.row);
        }
        if let Some(first) = first {
            schema.finish(first);
        }
        schema.lists_are_objects = datasets.lists_are_objects();
        Ok(schema)
    }

    fn take(&mut self, table: Option<Table>, plan: Plan) {
        let known = self.steps.iter().position(|step| *step == plan.step);
        let at = known.unwrap_or_else(|| {
            self.steps.push(plan.step);
            self.steps.len() - 1
        });
        if let (Some(table), true) = (table, at > 0) {
            self.tables.insert(table, at);
        }
        self.changes.extend(plan.changes);
    }

    fn finish(&mut self, row: Type) {
        // The same thing in many tables is one change, and the first row of all shows it.
        self.changes.sort();
        self.changes
            .dedup_by(|later, earlier| (&later.path, &later.what) == (&earlier.path, &earlier.what));
        if let Type::Struct(columns) = row {
            self.columns = columns;
        }
    }

    /// The row as the trainer gets it: borrowed where that is as it was read.
    pub fn apply<'v>(&self, place: &Place, row: &'v Value<'_>) -> Cow<'v, Value<'v>> {
        let changed = match &self.steps[..] {
            [] => None,
            [only] => only.apply(row),
            steps => {
                let extent = self.extents.get(&place.source);
                let step = extent.and_then(|extent| self.tables.get(&extent.table(place)));
                steps[step.copied().unwrap_or(0)].apply(row)
            }
        };
        changed.map_or(Cow::Borrowed(row), Cow::Owned)
    }

    /// Whether no row of all that were looked at changes.
    pub fn is_identity(&self) -> bool {
        self.steps.iter().all(Step::is_keep)
    }

    /// What changes in the data, in order of path.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Columns whose type equals `[{"content": Value("string"), "role": Value("string")}]` in Python.
    pub fn chats(&self) -> Vec<String> {
        if self.lists_are_objects {
            return Vec::new();
        }
        let columns = self.columns.iter().filter(|(_, of)| is_chat(of));
        columns.map(|(name, _)| name.to_string()).collect()
    }

    /// Whether the columns are `prompt` and `completion`, both of texts, and no other.
    pub fn is_instruction(&self) -> bool {
        let named = |name: &str| matches!(name, "prompt" | "completion");
        self.columns.len() == 2 && self.columns.iter().all(|(name, of)| named(name) && *of == Type::Text)
    }

    /// The columns of the data set and their types, in order.
    pub fn columns(&self) -> &[(Box<str>, Type)] {
        &self.columns
    }
}

/// A list of `role` and `content`, both texts, and nothing else.
fn is_chat(of: &Type) -> bool {
    let Some(Type::Struct(fields)) = of.item() else {
        return false;
    };
    fields.len() == 2
        && ["role", "content"]
            .iter()
            .all(|name| of.item().and_then(|item| item.field(name)) == Some(&Type::Text))
}

fn planner(inferred: &Inferred, datasets: Datasets) -> Planner {
    let reads = Wash {
        rounds: inferred.rounds,
        reads_last: inferred.by_pandas,
    };
    Planner {
        reads,
        stores: Wash {
            reads_last: true,
            ..reads
        },
        typed: datasets.has_json(),
        drops: false,
    }
}
