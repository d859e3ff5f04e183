//! Which shape a file has, from its first rows.

use std::collections::BTreeMap;

use crate::model::example::Shape;
use crate::model::value::{Object, Value};

use super::Layout;
use super::columns::{COMPLETION, Columns, LABEL, MESSAGES, OUTPUT, PREFERENCE, PROMPT, TEXT};
use super::label::Labels;
use super::usual::{Holds, Usual};

/// What the first rows of a file look like.
#[derive(Clone, Debug, Default)]
pub struct Detection {
    /// The layout of most of them; `None` where no shape fits any.
    pub layout: Option<Layout>,
    /// Rows looked at, by shape.
    pub votes: BTreeMap<Shape, usize>,
    /// Column names of the first row, for saying what was there when nothing fits.
    pub columns: Vec<String>,
    /// Names given for columns that none of the rows has.
    pub absent: Vec<String>,
}

/// Settles the layout of a file from its first rows. A shape given by the user is taken as it is,
/// and only the names of its columns are looked for.
pub fn detect<'v>(rows: impl IntoIterator<Item = &'v Value<'v>>, shape: Option<Shape>, given: &Columns) -> Detection {
    let mut detection = Detection::default();
    let mut layouts: Vec<(Layout, Vec<Holds>)> = Vec::new();
    let rows: Vec<&Object<'_>> = rows.into_iter().filter_map(Value::as_object).collect();
    if !rows.is_empty() {
        let has = |name: &str| rows.iter().any(|row| row.get(name).is_some());
        let absent = given.renamed().map(|(_, name)| name).filter(|name| !has(name));
        detection.absent = absent.map(str::to_owned).collect();
    }
    let all = rows.len();
    let labels = match shape {
        Some(_) => Labels::Any,
        None => Labels::of(&rows, given),
    };
    for object in rows {
        if detection.columns.is_empty() {
            detection.columns = object.keys().map(str::to_owned).collect();
        }
        let row = Finder { object, given, labels };
        let found = match shape {
            Some(shape) => as_shape(shape, &row),
            None => classified(&row),
        };
        let Some(layout) = found else { continue };
        *detection.votes.entry(layout.shape).or_default() += 1;
        let holds = Holds::of(object, layout.shape, &layout.columns);
        match layouts.iter_mut().find(|(known, _)| *known == layout) {
            Some((_, rows)) => rows.push(holds),
            None => layouts.push((layout, vec![holds])),
        }
    }
    // What only some rows have, under a name that no shape knows, says nothing of the others.
    layouts.retain(|(layout, rows)| {
        let name = layout.columns.actual("messages");
        let known = MESSAGES.contains(&name) || given.is_given("messages");
        known || rows.len() * 2 > all
    });
    // The first of equals: a file's first row is what most loaders go by.
    detection.layout = layouts
        .into_iter()
        .rev()
        .max_by_key(|(_, rows)| rows.len())
        .map(|(layout, rows)| Layout {
            usual: Usual::of(&rows),
            ..layout
        });
    if let (None, Some(shape)) = (&detection.layout, shape) {
        detection.layout = Some(Layout {
            shape,
            columns: given.clone(),
            usual: Usual::default(),
        });
    }
    detection
}

/// The layout of one row, if it has a shape known here.
pub fn classify(object: &Object<'_>, given: &Columns) -> Option<Layout> {
    classified(&Finder {
        object,
        given,
        labels: Labels::Booleans,
    })
}

fn classified(row: &Finder<'_>) -> Option<Layout> {
    const ORDER: &[Shape] = &[
        Shape::Tokenised,
        Shape::Preference,
        Shape::Kto,
        Shape::Messages,
        Shape::Sharegpt,
        Shape::Alpaca,
        Shape::PromptCompletion,
        Shape::Text,
    ];
    ORDER.iter().find_map(|shape| as_shape(*shape, row))
}

/// The layout of a row if it is of this shape.
fn as_shape(shape: Shape, row: &Finder<'_>) -> Option<Layout> {
    let Finder { object, given, labels } = *row;
    let mut columns = given.clone();
    match shape {
        Shape::Tokenised => {
            row.find("input_ids", &["input_ids"], is_list)?;
        }
        Shape::Preference => {
            let (chosen, rejected) = if given.is_given("chosen") || given.is_given("rejected") {
                (given.actual("chosen"), given.actual("rejected"))
            } else {
                *PREFERENCE
                    .iter()
                    .find(|(chosen, rejected)| object.contains_key(chosen) && object.contains_key(rejected))?
            };
            columns.rename("chosen", chosen);
            columns.rename("rejected", rejected);
            let prompt = row.find(
                "prompt",
                &[
                    "prompt",
                    "question",
                    "instruction",
                    "conversations",
                    "messages",
                    "query",
                ],
                said,
            );
            columns.rename("prompt", prompt.unwrap_or("prompt"));
        }
        Shape::Kto => {
            row.find("label", LABEL, |value| labels.take(value))
                .map(|name| columns.rename("label", name))?;
            if let (Some(prompt), Some(completion)) = (
                row.find("prompt", &["prompt"], said),
                row.find("completion", &["completion"], said),
            ) {
                columns.rename("prompt", prompt);
                columns.rename("completion", completion);
            } else {
                columns.rename("messages", row.find("messages", MESSAGES, is_messages)?);
            }
        }
        Shape::Messages => {
            let name = row
                .find("messages", MESSAGES, |value| has_key(value, "role"))
                .or_else(|| row.alone(|value| has_key(value, "role") && has_key(value, "content")))?;
            columns.rename("messages", name);
        }
        Shape::Sharegpt => {
            let name = row
                .find("messages", MESSAGES, |value| has_key(value, "from"))
                .or_else(|| row.alone(|value| has_key(value, "from") && has_key(value, "value")))?;
            columns.rename("messages", name);
        }
        Shape::Alpaca => {
            row.find("instruction", &["instruction"], is_text)?;
            columns.rename("output", row.find("output", OUTPUT, is_text_or_null)?);
        }
        Shape::PromptCompletion => {
            columns.rename("prompt", row.find("prompt", PROMPT, said)?);
            columns.rename("completion", row.find("completion", COMPLETION, said_or_null)?);
        }
        Shape::Text => columns.rename("text", row.find("text", TEXT, is_text)?),
    }
    Some(Layout {
        shape,
        columns,
        usual: Usual::default(),
    })
}

#[derive(Clone, Copy)]
struct Finder<'o> {
    object: &'o Object<'o>,
    given: &'o Columns,
    /// What a label of KTO may be.
    labels: Labels,
}

impl<'o> Finder<'o> {
    /// The first of the names under which a fitting value stands. A name the user gave is the only one.
    fn find(&self, column: &'static str, names: &[&'static str], fits: impl Fn(&Value<'_>) -> bool) -> Option<&'o str> {
        let fits = |name: &'o str| self.object.get(name).is_some_and(&fits).then_some(name);
        if self.given.is_given(column) {
            return fits(self.given.actual(column));
        }
        names.iter().find_map(|name| fits(name))
    }

    /// The first column, under whatever name, that holds a fitting value, unless another holds the
    /// answer to it: `input` and `ideal` of OpenAI's evals.
    fn alone(&self, fits: impl Fn(&Value<'_>) -> bool) -> Option<&'o str> {
        // OpenAI's preference rows, of which the answers would be taken for conversations.
        let preference = self.object.contains_key("non_preferred_output");
        if preference || self.given.is_given("messages") || as_shape(Shape::PromptCompletion, self).is_some() {
            return None;
        }
        self.object.iter().find(|(_, value)| fits(value)).map(|(name, _)| name)
    }
}

fn is_list(value: &Value<'_>) -> bool {
    value.as_array().is_some()
}

fn is_text(value: &Value<'_>) -> bool {
    value.as_str().is_some()
}

fn is_text_or_null(value: &Value<'_>) -> bool {
    is_text(value) || value.is_null()
}

/// A list of messages of any kind.
fn is_messages(value: &Value<'_>) -> bool {
    has_key(value, "role") || has_key(value, "from")
}

/// A text, or a list of messages.
fn said(value: &Value<'_>) -> bool {
    is_text(value) || is_messages(value)
}

fn said_or_null(value: &Value<'_>) -> bool {
    said(value) || value.is_null()
}

/// A list whose first object has the key.
fn has_key(value: &Value<'_>, key: &str) -> bool {
    value
        .as_array()
        .and_then(|items| items.iter().find_map(Value::as_object))
        .is_some_and(|first| first.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rows: &[&str]) -> Option<Shape> {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| Value::from_json(row).expect("a row of JSON").into_owned())
            .collect();
        detect(&rows, None, &Columns::default())
            .layout
            .map(|layout| layout.shape)
    }

    #[test]
    fn labels_of_kto_are_told_from_classes() {
        let kto = [
            r#"{"prompt": "a", "completion": "one answer", "label": 1}"#,
            r#"{"prompt": "b", "completion": "another", "label": 0}"#,
            r#"{"prompt": "c", "completion": "a third", "label": 1}"#,
        ];
        assert_eq!(shape(&kto), Some(Shape::Kto));
        assert_eq!(
            shape(
                &kto.map(|row| row.replace('1', "\"True\"").replace('0', "\"false\""))
                    .each_ref()
                    .map(String::as_str)
            ),
            Some(Shape::Kto)
        );
        // A third class.
        let classes = kto.map(|row| row.replace("third\", \"label\": 1", "third\", \"label\": 2"));
        let classes = classes.each_ref().map(String::as_str);
        assert_eq!(shape(&classes), Some(Shape::PromptCompletion));
        let names = [
            r#"{"prompt": "a", "completion": "good", "label": 1}"#,
            r#"{"prompt": "b", "completion": "bad", "label": 0}"#,
            r#"{"prompt": "c", "completion": "good", "label": 1}"#,
            r#"{"prompt": "d", "completion": "bad", "label": 0}"#,
        ];
        assert_eq!(shape(&names), Some(Shape::PromptCompletion));
    }

    #[test]
    fn answers_of_openai_are_no_conversations() {
        let row = r#"{"input": {"messages": [{"role": "user", "content": "a"}]}, "preferred_output": [{"role": "assistant", "content": "b"}], "non_preferred_output": [{"role": "assistant", "content": "c"}]}"#;
        assert_eq!(shape(&[row]), None);
    }
}
