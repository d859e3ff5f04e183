//! Kind `unsloth_responses`: rows as `train_on_responses_only` labels them.

use gonogo::model::encoded::EncodeError;
use gonogo::trainer::transformers::feature::{Column, Features};
use gonogo::trainer::unsloth::Responses;
use gonogo::trainer::unsloth::options::Options;
use serde_json::{Value, json};

use super::case::{Case, Outcome};
use super::transformers::{ended, features};

pub(crate) fn run(case: &Case) -> Result<Vec<Value>, Outcome> {
    let kit = super::kit::load(case)?;
    let rows = match features(case, &kit)? {
        Ok(rows) => rows,
        Err(error) => return ended(Err(error)),
    };
    let options: Options = match &case.config["responses_args"] {
        Value::Null => Options::default(),
        given => serde_json::from_value(given.clone()).map_err(|error| Outcome::Unsupported(error.to_string()))?,
    };
    ended(Responses::new(&kit, &options).and_then(|responses| records(&responses, &rows)))
}

fn records(responses: &Responses, rows: &[Features]) -> Result<Vec<Value>, EncodeError> {
    let labelled = !rows.is_empty() && rows.iter().all(|row| row.get("labels").is_some());
    let mut trained = Vec::new();
    let mut records = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let ids = ints(row, "input_ids");
        let narrow = |id: &i64| u32::try_from(*id).expect("an id");
        responses.mark(&ids.iter().map(narrow).collect::<Vec<_>>(), &mut trained);
        let given = if labelled { ints(row, "labels") } else { ids };
        let label = |(label, trained): (&i64, &bool)| if *trained { *label } else { -100 };
        let labels: Vec<i64> = given.iter().zip(&trained).map(label).collect();
        records.push(
            json!({"kind": "row", "index": index, "src": index, "input_ids": ids, "labels": labels,
            "all_masked": labels.iter().all(|label| *label == -100)}),
        );
    }
    Ok(records)
}

fn ints<'r>(row: &'r Features, name: &str) -> &'r [i64] {
    match row.get(name) {
        Some(Column::Ints(ints)) => ints,
        _ => panic!("{name} is a list of integers"),
    }
}
