use super::*;
use crate::model::run::Run;
use crate::model::setup::{Lengths, Origin, Regime, Setting};

fn set<T>(value: T) -> Setting<T> {
    Setting {
        value,
        origin: Origin::Default,
    }
}

fn setup(batch_size: usize, epochs: f64) -> Setup {
    serde_json::from_value(serde_json::json!({
        "lengths": Lengths::Exact,
        "tokenizer": null,
        "has_template": false,
        "trainer": null,
        "max_length": set(1024),
        "batch_size": set(batch_size),
        "grad_accum": set(2),
        "world_size": set(8),
        "epochs": set(epochs),
        "max_steps": null,
        "packing": null,
        "regime": Regime::default(),
        "run": Run::default(),
        "shapes": [],
        "eval": [],
        "config": null,
        "markers": [],
        "packing_flaws": [],
        "held_out": 0,
        "sets": [],
        "spill": null,
    }))
    .expect("a setup")
}

fn planned(setup: &Setup, tokens: &[u32], trained: &[u32]) -> (Budget, Planned) {
    let counted = true;
    let budget = outlook(
        setup,
        Fed {
            tokens,
            trained,
            counted,
        },
    );
    let plan = budget.plan.clone().expect("a plan");
    (budget, plan)
}

#[test]
fn packed_sequences_lie_in_batches_without_padding_and_rows_do_not_see_each_other() {
    let tokens: Vec<u32> = (0..5000).map(|row| 10 + row * 31 % 900).collect();
    let mut setup = setup(2, 1.0);
    setup.packing = Some(set("bfd".to_owned()));
    let (budget, plan) = planned(&setup, &tokens, &tokens);
    let packed = budget.packed.expect("packed");
    assert_eq!((packed.left_out, packed.tokens_cut), (0, 0));
    assert!(packed.efficiency > 0.95);
    assert_eq!(plan.never_seen(), Some(0));
    let load = plan.load.expect("tokens");
    assert!(load.padding.abs() < 1e-12 && load.exact, "{load:?}");
    // Sequences fed a second time to fill the last round count twice.
    let squares: f64 = tokens
        .iter()
        .map(|tokens| f64::from(*tokens) * f64::from(*tokens))
        .sum();
    assert!((load.pairs / squares - 1.0).abs() < 0.05);
    setup.packing = Some(set("wrapped".to_owned()));
    let (_, plan) = planned(&setup, &tokens, &tokens);
    assert!(plan.load.is_some_and(|load| !load.exact), "rows are divided");
}

#[test]
fn rows_left_out_are_fed_to_nothing() {
    let mut tokens = vec![5; 100];
    tokens[3] = DROPPED;
    tokens[50] = DROPPED;
    let setup = setup(1, 1.0);
    let (budget, plan) = planned(&setup, &tokens, &[1; 100]);
    assert_eq!((budget.rows, budget.dropped, plan.batches_per_rank), (100, 2, 13));
    let fed = Fed {
        tokens: &tokens,
        trained: &[1; 100],
        counted: true,
    };
    let times = times_seen(&setup, fed).expect("shuffled");
    assert_eq!((times[3], times[50]), (0, 0));
    // 98 rows fill 104 places: six of them twice.
    assert_eq!(times.iter().map(|times| u64::from(*times)).sum::<u64>(), 104);
}

#[test]
fn an_order_nobody_knows_is_not_guessed() {
    let mut setup = setup(1, 1.0);
    setup.run.drawn = set(Drawn::Grouped);
    setup.max_steps = Some(set(2));
    let fed = Fed {
        tokens: &[5; 100],
        trained: &[1; 100],
        counted: true,
    };
    let error = times_seen(&setup, fed).expect_err("unknown");
    assert!(error.contains("is not known beforehand"), "{error}");
}

/// A hundred million rows take some seconds and less than 1 GB: 8 bytes a row and little else.
#[test]
#[ignore = "takes 800 MB"]
fn a_hundred_million_rows_are_planned() {
    const ROWS: u32 = 100_000_000;
    let tokens: Vec<u32> = (0..ROWS)
        .map(|row| 20 + row.wrapping_mul(2_654_435_761) % 2000)
        .collect();
    let trained: Vec<u32> = tokens.iter().map(|tokens| tokens / 2).collect();
    let mut setup = setup(4, 2.5);
    let (_, plan) = planned(&setup, &tokens, &trained);
    assert_eq!(plan.steps_per_epoch, 1_562_500);
    let times: Vec<_> = plan
        .times_seen
        .as_ref()
        .expect("closed form")
        .iter()
        .map(|seen| seen.times)
        .collect();
    assert_eq!(times, [2, 3]);
    assert!(plan.load.is_some());
    setup.packing = Some(set("bfd".to_owned()));
    let (budget, plan) = planned(&setup, &tokens, &trained);
    assert!(budget.packed.is_some_and(|packed| packed.efficiency > 0.9));
    assert!(plan.steps > 1_000_000);
}
