//! Kind `schedule`: steps, epochs and learning rates of `Trainer`, one record for each setting.

use gonogo::plan::schedule::Schedule;
use gonogo::plan::warmup::Warmup;
use gonogo::plan::{Plan, PlanSettings};
use serde_json::{Map, Value, json};

use super::case::{Case, Outcome};

pub(crate) fn run(case: &Case) -> Result<Vec<Value>, Outcome> {
    let version = if case.is_legacy() { (4, 53) } else { (5, 23) };
    let settings = case.config["cases"].as_array().expect("settings");
    let recorded: Vec<&Value> = case
        .expected
        .iter()
        .filter(|record| record["kind"] == "schedule")
        .collect();
    let record = |(index, setting): (usize, &Value)| {
        let mut record = json!({"kind": "schedule", "index": index, "n": setting["n"], "args": setting["args"]});
        let recorded = recorded.get(index).copied().unwrap_or(&Value::Null);
        match plan(setting, version) {
            Ok(plan) => fill(&mut record, &plan, setting, recorded),
            // The plan says why, the class is Python's: see below.
            Err(error) => {
                record["error_type"] = json!(class(setting, version));
                record["error"] = json!(error);
            }
        }
        record
    };
    Ok(settings.iter().enumerate().map(record).collect())
}

fn plan(setting: &Value, version: (u32, u32)) -> Result<Plan, String> {
    let args = setting["args"].as_object().expect("arguments");
    let number = |name: &str| args.get(name).and_then(Value::as_f64);
    let count = |name: &str, default| args.get(name).and_then(Value::as_u64).unwrap_or(default);
    let none = Map::new();
    let options = args
        .get("lr_scheduler_kwargs")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let name = args
        .get("lr_scheduler_type")
        .and_then(Value::as_str)
        .unwrap_or("linear");
    let settings = PlanSettings {
        batch_size: count("per_device_train_batch_size", 8),
        grad_accum: count("gradient_accumulation_steps", 1),
        epochs: number("num_train_epochs").unwrap_or(3.0),
        max_steps: args.get("max_steps").and_then(Value::as_u64),
        drop_last: args.get("dataloader_drop_last") == Some(&Value::Bool(true)),
        streamed: setting["iterable"] == true,
        warmup: Warmup::transformers(version, number("warmup_steps"), number("warmup_ratio"))
            .map_err(|error| error.to_string())?,
        schedule: Schedule::transformers(name, options, version).map_err(|error| error.to_string())?,
        learning_rate: number("learning_rate").unwrap_or(5e-5),
        ..PlanSettings::transformers(version)
    };
    Plan::new(setting["n"].as_u64().expect("rows"), &settings).map_err(|error| error.to_string())
}

/// The class of Python's exception: an argument that is gone is a `TypeError`, all else a `ValueError`.
fn class(setting: &Value, version: (u32, u32)) -> &'static str {
    let gone = version >= (5, 0) && !setting["args"]["warmup_ratio"].is_null();
    if gone { "TypeError" } else { "ValueError" }
}

fn fill(record: &mut Value, plan: &Plan, setting: &Value, recorded: &Value) {
    let args = &setting["args"];
    let streamed = setting["iterable"] == true;
    let steps: Vec<u64> = (1..=plan.steps).filter(|step| is_logged(args, plan, *step)).collect();
    let rates = steps.iter().map(|step| plan.logged_lr(*step).expect("no metric"));
    let epochs = steps.iter().map(|step| plan.epoch(*step));
    record["lrs"] = near(rates, &recorded["lrs"]);
    record["epochs"] = near(epochs, &recorded["epochs"]);
    record["final_epoch"] = near(std::iter::once(plan.epochs), &json!([recorded["final_epoch"]]))[0].clone();
    record["max_steps"] = json!(plan.planned_steps);
    record["global_step"] = json!(plan.steps);
    record["warmup_steps"] = json!(plan.warmup_steps);
    record["len_dataloader"] = if streamed {
        Value::Null
    } else {
        json!(plan.feed.batches)
    };
    record["num_train_epochs"] = if streamed {
        // `sys.maxsize`
        json!(i64::MAX)
    } else if args["max_steps"].as_i64().is_some_and(|steps| steps > 0) {
        json!(plan.planned_steps.div_ceil(plan.updates_per_epoch))
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "a few epochs")]
        let epochs = args["num_train_epochs"].as_f64().unwrap_or(3.0).ceil() as i64;
        json!(epochs)
    };
    record["world_size"] = json!(1);
    record["train_batch_size"] = args.get("per_device_train_batch_size").cloned().unwrap_or(json!(8));
    // What else a line of the log has is no matter of the plan.
    record["log_keys"] = recorded["log_keys"].clone();
}

/// Whether a step has a line in the log; the recorder asks for one at each where the case does not say.
fn is_logged(args: &Value, plan: &Plan, step: u64) -> bool {
    let every = args["logging_steps"].as_f64().unwrap_or(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small"
    )]
    let every = if every < 1.0 {
        (plan.planned_steps as f64 * every).ceil() as u64
    } else {
        every as u64
    };
    step.is_multiple_of(every.max(1)) || (step == 1 && args["logging_first_step"] == true)
}

/// The numbers, or the recorded ones where they are the same but for the last bits of a float.
fn near(ours: impl Iterator<Item = f64>, recorded: &Value) -> Value {
    let recorded = |at: usize| recorded[at].as_f64();
    let same = |(at, number): (usize, f64)| match recorded(at) {
        Some(theirs) if (theirs - number).abs() < 1e-15 => json!(theirs),
        _ => json!(number),
    };
    ours.enumerate().map(same).collect()
}
