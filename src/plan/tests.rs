//! Whole plans against recorded runs, and the examples of the documentation.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::coverage::Seen;
use super::load::Columns;
use super::sampler::Order;
use super::steps::Counting;
use super::warmup::Warmup;
use super::*;

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let file = format!("{}/fixtures/plan/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).expect("the cases")).expect("cases")
}

/// `fixtures/plan/schedule_transformers{4,5}.json`: `Trainer` run on a model of one layer.
#[derive(Deserialize)]
struct Recorded {
    transformers: String,
    cases: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    n: u64,
    args: Map<String, Value>,
    streamed: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    max_steps: u64,
    #[serde(default)]
    global_step: u64,
    #[serde(default)]
    final_epoch: f64,
    #[serde(default)]
    len_dataloader: Option<u64>,
    #[serde(default)]
    warmup_steps: u64,
    #[serde(default)]
    lrs: Vec<f64>,
    #[serde(default)]
    epochs: Vec<f64>,
}

impl Run {
    fn plan(&self, version: (u32, u32)) -> Result<Plan, String> {
        let number = |name: &str| self.args.get(name).and_then(Value::as_f64);
        let count = |name: &str, default| self.args.get(name).and_then(Value::as_u64).unwrap_or(default);
        let none = Map::new();
        let options = self
            .args
            .get("lr_scheduler_kwargs")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        let name = self
            .args
            .get("lr_scheduler_type")
            .and_then(Value::as_str)
            .unwrap_or("linear");
        let settings = PlanSettings {
            batch_size: count("per_device_train_batch_size", 8),
            grad_accum: count("gradient_accumulation_steps", 1),
            epochs: number("num_train_epochs").unwrap_or(3.0),
            max_steps: self.args.get("max_steps").and_then(Value::as_u64),
            drop_last: self.args.get("dataloader_drop_last") == Some(&Value::Bool(true)),
            streamed: self.streamed,
            warmup: Warmup::transformers(version, number("warmup_steps"), number("warmup_ratio"))
                .map_err(|error| error.to_string())?,
            schedule: Schedule::transformers(name, options, version).map_err(|error| error.to_string())?,
            learning_rate: number("learning_rate").unwrap_or(5e-5),
            ..PlanSettings::transformers(version)
        };
        Plan::new(self.n, &settings).map_err(|error| error.to_string())
    }
}

#[test]
fn plans_are_what_the_trainer_did() {
    let mut refused = 0;
    for name in ["schedule_transformers4.json", "schedule_transformers5.json"] {
        let recorded: Recorded = read(name);
        let version = if recorded.transformers.starts_with("4.53") {
            (4, 53)
        } else {
            (5, 23)
        };
        assert_eq!(recorded.cases.len(), 36);
        for run in &recorded.cases {
            let found = run.plan(version);
            if let Some(error) = &run.error {
                assert!(found.is_err(), "the trainer said: {error}");
                refused += 1;
                continue;
            }
            let plan = found.expect("a plan");
            let args = Value::Object(run.args.clone());
            assert_eq!(
                (plan.planned_steps, plan.steps, plan.warmup_steps),
                (run.max_steps, run.global_step, run.warmup_steps),
                "{args}"
            );
            if let Some(batches) = run.len_dataloader {
                assert_eq!(plan.feed.batches, batches, "{args}");
            }
            let epochs: Vec<f64> = (1..=plan.steps).map(|step| plan.epoch(step)).collect();
            for (found, expected) in epochs.iter().zip(&run.epochs) {
                assert!((found - expected).abs() < 1e-12, "{args}");
            }
            assert_eq!(epochs.len(), run.epochs.len(), "{args}");
            assert!((plan.epochs - run.final_epoch).abs() < 1e-12, "{args}");
            for (step, expected) in (1..).zip(&run.lrs) {
                let found = plan.logged_lr(step).expect("no metric");
                assert!(
                    (found - expected).abs() < 1e-15,
                    "{args} at {step}: {found}, not {expected}"
                );
            }
            assert_eq!(plan.steps, run.lrs.len() as u64);
        }
    }
    assert_eq!(refused, 10);
}

/// `fixtures/plan/dataloader.json`: the batches of TRL's own data loader, rows told apart by their tokens.
#[derive(Deserialize)]
struct Loader {
    name: String,
    rows: u32,
    batch: u64,
    drop_last: bool,
    lengths: Vec<u32>,
    batches: Vec<Vec<u32>>,
    /// Tokens that each batch is padded to.
    widths: Vec<u64>,
}

#[test]
fn batches_are_those_of_the_data_loader() {
    for loader in read::<Vec<Loader>>("dataloader.json") {
        let settings = PlanSettings {
            batch_size: loader.batch,
            drop_last: loader.drop_last,
            epochs: 1.0,
            ..PlanSettings::transformers((5, 23))
        };
        let plan = Plan::new(u64::from(loader.rows), &settings).expect("a plan");
        let order = Order::Shuffled { seed: 42 };
        let drawn = order.draw(loader.rows, 0, loader.rows);
        let batch = |batch| {
            plan.feed
                .batch(batch, 0)
                .map(|place| drawn[usize::try_from(place).expect("small")])
        };
        let batches: Vec<Vec<u32>> = (0..plan.feed.batches).map(|at| batch(at).collect()).collect();
        assert_eq!(batches, loader.batches, "{}", loader.name);
        let columns = Columns {
            both: None,
            flat: false,
            tokens: &loader.lengths,
            trained: &loader.lengths,
            multiple: 1,
        };
        let widths: Vec<u64> = plan
            .loads(order, columns, u64::MAX)
            .map(|load| load.padded / load.rows)
            .collect();
        assert_eq!(widths, loader.widths, "{}", loader.name);
        let seen = plan
            .seen()
            .or_else(|| plan.times_seen(&order).map(|times| Seen::of(&times)));
        let expected: usize = loader.batches.iter().map(Vec::len).sum();
        assert_eq!(seen.expect("few rows").rows(1), expected as u64);
    }
}

fn planned(batch_size: u64, grad_accum: u64, max_steps: u64, version: (u32, u32)) -> Plan {
    let settings = PlanSettings {
        batch_size,
        grad_accum,
        max_steps: Some(max_steps),
        ..PlanSettings::transformers(version)
    };
    Plan::new(45_000, &settings).expect("a plan")
}

fn told(plan: &Plan) -> String {
    let mut told = String::new();
    let (steps, rows, all) = (plan.steps, plan.nominal_rows(), plan.feed.rows);
    write!(told, "{steps} steps, {rows} of {all} rows, ").expect("a string");
    write!(
        told,
        "{:.1} %, {:.2} epochs",
        100.0 * float(rows) / float(all),
        plan.epochs
    )
    .expect("a string");
    told
}

#[test]
fn five_hundred_small_steps_see_a_twelfth_of_the_rows() {
    let plan = planned(1, 8, 500, (5, 23));
    assert_eq!(told(&plan), "500 steps, 4000 of 45000 rows, 8.9 %, 0.09 epochs");
    assert_eq!(plan.rows_seen, 4000);
    let seen = plan.seen().expect("less than an epoch");
    assert_eq!((seen.rows(0), seen.rows(1)), (41_000, 4000));
    assert!((plan.share() - 4.0 / 45.0).abs() < 1e-12);
    assert_eq!(plan.all_seen_at(&Order::Shuffled { seed: 42 }), None);
}

#[test]
fn more_steps_than_an_epoch_has_see_rows_again() {
    let plan = planned(2, 16, 2000, (5, 23));
    assert_eq!(told(&plan), "2000 steps, 64000 of 45000 rows, 142.2 %, 1.42 epochs");
    // The 1,407th step ends the first epoch with 8 rows instead of 32.
    assert_eq!(plan.rows_seen, 63_976);
    let seen = plan.seen().expect("each row once an epoch");
    assert_eq!((seen.rows(0), seen.rows(1), seen.rows(2)), (0, 26_024, 18_976));
    assert_eq!(plan.all_seen_at(&Order::Shuffled { seed: 42 }), Some(1407));

    let plan = planned(4, 16, 5000, (5, 23));
    assert_eq!(told(&plan), "5000 steps, 320000 of 45000 rows, 711.1 %, 7.10 epochs");
    assert_eq!((plan.rows_seen, plan.updates_per_epoch), (319_608, 704));
    // Before 4.47 accumulation went through the ends of epochs, and every step was full.
    let plan = planned(4, 16, 5000, (4, 45));
    assert_eq!(told(&plan), "5000 steps, 320000 of 45000 rows, 711.1 %, 7.11 epochs");
    assert_eq!(plan.rows_seen, 320_000);
}

#[test]
fn versions_plan_three_epochs_three_steps_apart() {
    // 3,921 accumulations of 8 in an epoch, the last of 1 batch.
    let settings = |version| PlanSettings {
        batch_size: 4,
        grad_accum: 8,
        ..PlanSettings::transformers(version)
    };
    let steps = |rows, version| {
        let plan = Plan::new(rows, &settings(version)).expect("a plan");
        (plan.planned_steps, plan.steps)
    };
    assert_eq!(steps(125_444, (5, 23)), (11_763, 11_763));
    assert_eq!(steps(125_444, (4, 51)), (11_760, 11_760));
    assert_eq!(steps(125_444, (4, 45)), (11_760, 11_760));
    // In 4.51 an epoch has a 3,921st step nonetheless, so the run stops before its third epoch ends.
    let plan = Plan::new(125_444, &settings((4, 51))).expect("a plan");
    assert_eq!(plan.reached(plan.steps), (2, 31_344));
    assert!(plan.epochs < 3.0);
}

#[test]
fn a_rest_that_is_not_fetched_leaves_no_step_at_all() {
    // 3 batches of 4 to be accumulated; 9 rows leave a remainder of 1, so a single batch is fetched.
    let settings = PlanSettings {
        batch_size: 3,
        grad_accum: 4,
        ..PlanSettings::transformers((4, 51))
    };
    assert_eq!(
        Plan::new(9, &settings),
        Err(PlanError::NoUpdates { batches: 3, accum: 4 })
    );
    assert_eq!(Counting::transformers((4, 51)), Counting::Rest);
}

#[test]
fn axolotl_counts_its_own_steps() {
    use super::axolotl::Basis;
    let settings = |basis| PlanSettings {
        batch_size: 2,
        grad_accum: 4,
        epochs: 2.0,
        ..PlanSettings::axolotl((5, 23), basis)
    };
    // 22 rows of 8 are 2.75 steps; transformers would make 2 an epoch.
    let plan = Plan::new(11, &settings(Basis::Rows)).expect("a plan");
    assert_eq!((plan.planned_steps, plan.steps, plan.updates_per_epoch), (3, 3, 2));
    assert!(plan.epochs < 2.0);
    // 103 bins are a batch each; 25 accumulations of 4, and 3 bins left over.
    let bins = PlanSettings {
        batch_size: 1,
        ..settings(Basis::Bins { drop_last: false })
    };
    let plan = Plan::new(103, &bins).expect("a plan");
    assert_eq!((plan.planned_steps, plan.warmup_steps), (50, 2));
    let dropping = PlanSettings {
        trainer: Trainer::Axolotl {
            transformers: (5, 23),
            basis: Basis::Bins { drop_last: true },
        },
        ..bins.clone()
    };
    assert_eq!(Plan::new(103, &dropping).expect("a plan").planned_steps, 48);
    // More steps than it counted are made, but its warmup is that of those it counted.
    let longer = PlanSettings {
        max_steps: Some(10_000),
        ..bins
    };
    let plan = Plan::new(4000, &longer).expect("a plan");
    assert_eq!((plan.steps, plan.warmup_steps), (10_000, 60));
}

#[test]
fn torchtune_floors_and_drops() {
    let settings = PlanSettings {
        epochs: 2.0,
        ..PlanSettings::torchtune()
    };
    let plan = Plan::new(103, &settings).expect("a plan");
    // 51 batches of 2, 6 accumulations of 8 and 3 batches that go over into the next epoch.
    assert_eq!((plan.feed.batches, plan.steps, plan.feed.fed), (51, 12, 102));
    assert_eq!(
        plan.batches_of(6).map(|part| part.batches).collect::<Vec<_>>(),
        [48..51, 0..8]
    );
    let short = PlanSettings {
        trainer: Trainer::Torchtune {
            max_steps_per_epoch: Some(5),
        },
        ..settings.clone()
    };
    let plan = Plan::new(103, &short).expect("a plan");
    assert_eq!((plan.steps, plan.rows_seen), (10, 160));
    let part = PlanSettings {
        epochs: 1.5,
        ..settings
    };
    assert_eq!(Plan::new(103, &part), Err(PlanError::PartOfAnEpoch(1.5)));
}

#[test]
fn what_cannot_be_planned_is_said() {
    let settings = PlanSettings::transformers((5, 23));
    let plan = |change: fn(&mut PlanSettings)| {
        let mut changed = settings.clone();
        change(&mut changed);
        Plan::new(10, &changed).expect_err("no plan").to_string()
    };
    assert_eq!(plan(|settings| settings.grad_accum = 0), "gradient accumulation is 0");
    assert_eq!(plan(|settings| settings.epochs = 0.0), "0 epochs make no step");
    assert_eq!(
        plan(|settings| settings.epochs = f64::NAN),
        "the number of epochs is NaN"
    );
    assert_eq!(plan(|settings| settings.epochs = -1.0), "-1 epochs make no step");
    assert_eq!(
        plan(|settings| settings.epochs = 1e300),
        "the number of steps is 18446744073709551615, more than can be planned here (1099511627776)"
    );
    assert_eq!(
        plan(|settings| settings.batch_size = u64::MAX),
        "the rows of a step is 18446744073709551615, more than can be planned here (4194304)"
    );
    assert_eq!(
        plan(|settings| settings.streamed = true),
        "a streamed set has no length, so max_steps has to be set"
    );
    assert_eq!(Plan::new(0, &settings), Err(PlanError::NoRows));
}

#[test]
fn dropped_rows_are_seen_in_later_epochs() {
    let settings = PlanSettings {
        batch_size: 4,
        drop_last: true,
        ..PlanSettings::transformers((5, 23))
    };
    let plan = Plan::new(11, &settings).expect("a plan");
    assert_eq!(plan.seen(), None);
    let order = Order::Shuffled { seed: 42 };
    let times = plan.times_seen(&order).expect("few rows");
    assert_eq!(times.iter().sum::<u32>(), 24);
    // The first epoch leaves out 3, 5 and 4, the second 1, 5 and 0, the third 0, 10 and 1.
    assert_eq!(plan.all_seen_at(&order), Some(6));
    assert_eq!(plan.all_seen_at(&Order::AsTheyStand), None);
    let standing = plan.times_seen(&Order::AsTheyStand).expect("few rows");
    assert_eq!(standing, [3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0]);
}

#[test]
fn a_short_last_batch_is_a_short_last_step() {
    let lengths = [10, 20, 30, 40, 50];
    let trained = [1, 2, 3, 4, 5];
    let settings = PlanSettings {
        batch_size: 2,
        epochs: 1.0,
        ..PlanSettings::transformers((5, 23))
    };
    let plan = Plan::new(5, &settings).expect("a plan");
    let columns = Columns {
        both: None,
        flat: false,
        tokens: &lengths,
        trained: &trained,
        multiple: 8,
    };
    let loads: Vec<_> = plan
        .loads(Order::AsTheyStand, columns, u64::MAX)
        .map(|load| (load.step, load.rows, load.tokens, load.trained, load.padded))
        .collect();
    assert_eq!(loads, [(1, 2, 30, 3, 48), (2, 2, 70, 7, 80), (3, 1, 50, 5, 56)]);
    // Two ranks share them evenly, and feed the first row twice.
    let plan = Plan::new(
        5,
        &PlanSettings {
            world_size: 2,
            ..settings
        },
    )
    .expect("a plan");
    assert_eq!((plan.steps, plan.rows_seen, plan.feed.fed), (2, 8, 8));
    let times = plan.times_seen(&Order::AsTheyStand).expect("few rows");
    assert_eq!(times, [2, 2, 2, 1, 1]);
}

fn anything() -> impl Strategy<Value = (u64, PlanSettings)> {
    let sizes = (1u64..200, 1u64..9, 1u64..9, 1u64..5);
    let length = (proptest::option::of(1u64..300), 0.1f64..4.0);
    let flags = (
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just((4, 45)), Just((4, 46)), Just((4, 51)), Just((5, 23))],
    );
    (sizes, length, flags).prop_map(
        |((rows, batch_size, grad_accum, world_size), (max_steps, epochs), flags)| {
            let (drop_last, even_batches, version) = flags;
            let settings = PlanSettings {
                batch_size,
                grad_accum,
                world_size,
                epochs,
                max_steps,
                drop_last,
                even_batches,
                ..PlanSettings::transformers(version)
            };
            (rows, settings)
        },
    )
}

proptest! {
    #[test]
    fn loads_counts_and_closed_forms_agree((rows, settings) in anything(), seed in 0u64..1000) {
        let Ok(plan) = Plan::new(rows, &settings) else { return Ok(()) };
        let order = Order::Shuffled { seed };
        let ones = vec![1; usize::try_from(rows).expect("small")];
        let columns = Columns { tokens: &ones, trained: &ones, both: None, flat: false, multiple: 1 };
        let loads: Vec<_> = plan.loads(order, columns, u64::MAX).collect();
        prop_assert_eq!(loads.len() as u64, plan.steps);
        let fed: u64 = loads.iter().map(|load| load.rows).sum();
        prop_assert_eq!(fed, plan.rows_seen);
        prop_assert!(plan.rows_seen <= plan.nominal_rows() + plan.effective_batch * plan.steps);
        let times = plan.times_seen(&order).expect("few rows");
        prop_assert_eq!(times.iter().map(|times| u64::from(*times)).sum::<u64>(), fed);
        let seen = Seen::of(&times);
        if let Some(closed) = plan.seen() {
            prop_assert_eq!(&closed, &seen);
        }
        prop_assert!(seen.share() >= plan.share() - 1e-12);
        // The step by which all rows have been seen, by marking rows step by step.
        let mut missing: std::collections::BTreeSet<u32> = (0..u32::try_from(rows).expect("small")).collect();
        let mut all_seen_at = None;
        for update in 0..plan.steps {
            for part in plan.batches_of(update) {
                let drawn = order.draw(u32::try_from(rows).expect("small"), part.epoch, u32::MAX);
                for place in plan.feed.places(&part.batches) {
                    missing.remove(&drawn[usize::try_from(place % rows).expect("small")]);
                }
            }
            if missing.is_empty() {
                all_seen_at = Some(update + 1);
                break;
            }
        }
        prop_assert_eq!(plan.all_seen_at(&order), all_seen_at);
    }
}
