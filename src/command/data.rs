//! The data of a run: its files, and how the rows of each are laid out.

use serde_json::{Map, Value as Json};

use crate::model::example::Shape;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::settings::{Settings, UsageError};
use crate::shape::{Columns, Detection, Layout, detect, is_known, is_of};
use crate::source::{Input, Limits, Part, open};

use super::inputs::Inputs;
use super::swapped;

/// Rows by which the shape of a file is told.
const FIRST_ROWS: usize = 200;

/// Files, and how they are laid out.
#[derive(Default)]
pub struct Data {
    pub files: Inputs,
    /// What the first rows of each file say of the others.
    pub detected: Vec<Detection>,
}

impl Data {
    /// `compares` says whether the run is one that compares answers.
    ///
    /// # Errors
    ///
    /// If `--columns` names what is not there.
    pub(super) fn look(
        files: Inputs,
        settings: &Settings,
        limits: &Limits,
        compares: bool,
    ) -> Result<Self, UsageError> {
        let shape = settings.shape.as_ref().map(|shape| shape.value);
        let given = given(settings);
        let detected: Vec<Detection> = (0..)
            .zip(files.inputs.iter().zip(&files.set_of))
            .map(|(source, (input, set))| {
                let entry = files.entries.get(*set);
                let swapped = entry.map(swapped::columns).unwrap_or_default();
                if !swapped.is_empty() {
                    // As the trainer reads them, not as they are called.
                    let named = settings.columns.iter().cloned().chain(swapped);
                    return look(input, source, shape, &Columns::given(named), limits);
                }
                let detected = look(input, source, shape, &given, limits);
                let named = entry.filter(|_| compares);
                let named = named.and_then(|entry| of_pairs(entry, detected.layout.as_ref(), settings));
                named.map_or(detected, |named| look(input, source, shape, &named, limits))
            })
            .collect();
        columns_exist(settings, &detected)?;
        Ok(Self { files, detected })
    }

    /// The first layout that is known of training rows.
    pub(super) fn trained(&self) -> Option<&Layout> {
        let mut files = self.files.eval.iter().zip(&self.detected).filter(|(eval, _)| !**eval);
        files.find_map(|(_, detected)| detected.layout.as_ref())
    }

    /// By file; `None` where its rows have no shape known here.
    pub(super) fn layouts(&self) -> Vec<Option<Layout>> {
        self.detected.iter().map(|detection| detection.layout.clone()).collect()
    }

    /// Whether there are rows that a chat template is for.
    pub(super) fn has_chats(&self) -> bool {
        let mut layouts = self.detected.iter().filter_map(|detection| detection.layout.as_ref());
        layouts.any(|layout| matches!(layout.shape, Shape::Messages | Shape::Sharegpt))
    }
}

/// The columns of preference rows that an entry of axolotl's names, which a layout must read them from; `None` where it
/// names none, or the rows are no such.
fn of_pairs(entry: &Map<String, Json>, layout: Option<&Layout>, settings: &Settings) -> Option<Columns> {
    let named = |key: &str| entry.get(key).and_then(Json::as_str);
    let sides = [("chosen", named("field_chosen")), ("rejected", named("field_rejected"))];
    let are_pairs = layout.is_some_and(|layout| layout.shape == Shape::Preference);
    if !are_pairs && sides.iter().all(|(_, name)| name.is_none()) {
        return None;
    }
    let mut names = settings.columns.clone();
    for (column, name) in sides.into_iter().chain([("prompt", named("field_messages"))]) {
        let is_new = !names.iter().any(|(known, _)| known == column);
        names.extend(name.filter(|_| is_new).map(|name| (column.to_owned(), name.to_owned())));
    }
    (names.len() > settings.columns.len()).then(|| Columns::given(names))
}

/// The columns whose names are given.
pub(super) fn given(settings: &Settings) -> Columns {
    Columns::given(settings.columns.iter().cloned())
}

/// The shape of a file, from its first rows.
pub(super) fn look(input: &Input, source: u32, shape: Option<Shape>, given: &Columns, limits: &Limits) -> Detection {
    let mut first: Vec<Value<'static>> = Vec::new();
    let mut reader = open(input, source, Part::Whole, limits);
    while first.len() < FIRST_ROWS {
        let Some(batch) = reader.next() else { break };
        batch.rows(&mut |read| {
            if let (Ok(Record { value, .. }), true) = (read, first.len() < FIRST_ROWS) {
                first.push(value.into_owned());
            }
        });
    }
    detect(&first, shape, given)
}

/// # Errors
///
/// If `--columns` names a column that no shape has, or one that no row looked at has.
fn columns_exist(settings: &Settings, detected: &[Detection]) -> Result<(), UsageError> {
    for (column, name) in &settings.columns {
        let wrong = |why: String| Err(UsageError(format!("--columns {column}={name}: {why}")));
        if !is_known(column) {
            return wrong(format!(
                "no shape has a column `{column}`; it is the shape's name that stands first"
            ));
        }
        if !detected.is_empty() && detected.iter().all(|detection| detection.absent.contains(name)) {
            return wrong(format!("none of the first rows has a column `{name}`"));
        }
        let shapes = detected
            .iter()
            .filter_map(|detection| Some(detection.layout.as_ref()?.shape));
        let mut others = shapes.filter(|shape| !is_of(column, *shape));
        // A trainer may read columns that the shape does not.
        let own = settings.trainer.is_none();
        if let Some(shape) = others.next().filter(|_| own && 1 + others.count() == detected.len()) {
            return wrong(format!(
                "these are rows of {}, which are read from no such column: name their other columns too",
                shape.name()
            ));
        }
    }
    Ok(())
}
