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
        "slices": [],
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
            ..Fed::default()
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
    // What lies in a batch is padded to a multiple of so many tokens as a whole.
    setup.run.pad_to_multiple_of = 64;
    let (_, plan) = planned(&setup, &tokens, &tokens);
    let padded = plan.load.expect("tokens");
    assert!(padded.positions.is_multiple_of(64) && padded.positions > load.positions);
    let batches = padded.steps * plan.grad_accum * plan.world_size;
    assert!(padded.positions < load.positions + 64 * batches);
    setup.run.pad_to_multiple_of = 1;
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
        ..Fed::default()
    };
    let times = times_seen(&setup, fed).expect("shuffled").times;
    assert_eq!((times[3], times[50]), (0, 0));
    // 98 rows fill 104 places: six of them twice.
    assert_eq!(times.iter().map(|times| u64::from(*times)).sum::<u64>(), 104);
}

#[test]
fn both_sides_of_a_preference_row_lie_in_its_batch() {
    // Of each pair the longer side has 5 tokens, the other 3.
    let setup = setup(2, 1.0);
    let fed = Fed {
        tokens: &[5; 64],
        trained: &[6; 64],
        both: Some(&[8; 64]),
        counted: true,
        ..Fed::default()
    };
    let load = outlook(&setup, fed).plan.and_then(|plan| plan.load).expect("tokens");
    // 2 steps of 2 pairs, accumulated twice, on 8 ranks.
    assert_eq!((load.steps, load.tokens.most, load.trained.most), (2, 32 * 8, 32 * 6));
    assert_eq!(load.positions, 2 * 64 * 5);
    assert!((load.padding - 0.2).abs() < 1e-12 && (load.pairs - 2.0 * 64.0 * 25.0).abs() < 1e-9);
}

#[test]
fn figures_of_an_order_nobody_knows_are_left_out() {
    let mut setup = setup(1, 3.0);
    setup.run.drop_last = set(true);
    let budget = |setup: &Setup| {
        let fed = Fed {
            tokens: &[5; 27],
            trained: &[1; 27],
            counted: true,
            ..Fed::default()
        };
        outlook(setup, fed).plan.expect("a plan")
    };
    let plan = budget(&setup);
    assert!(plan.times_seen.is_some() && plan.load.expect("tokens").exact);
    // Each epoch leaves out 3 of the rows, and which they are follows from the order.
    setup.run.dealt.unseeded = Some(Origin::Default);
    let plan = budget(&setup);
    assert!(plan.times_seen.is_none() && plan.all_seen_at.is_none() && !plan.load.expect("tokens").exact);
    setup.run.drop_last = set(false);
    setup.run.dealt.even_batches = false;
    assert_eq!(budget(&setup).times_seen.expect("each as often").len(), 1);
}

#[test]
fn a_streamed_set_drops_no_rows() {
    let mut setup = setup(4, 1.0);
    setup.world_size = set(1);
    setup.grad_accum = set(1);
    setup.max_steps = Some(set(6));
    setup.run.streamed = set(true);
    setup.run.drop_last = set(true);
    let fed = Fed {
        tokens: &[5; 11],
        trained: &[1; 11],
        ..Fed::default()
    };
    // Batches of 4, 4 and 3, twice.
    assert_eq!(outlook(&setup, fed).plan.expect("a plan").rows_fed, 22);
}

#[test]
fn a_split_batch_is_that_of_all_ranks() {
    let mut setup = setup(8, 1.0);
    setup.run.dealt.split_batches = Some(Origin::Default);
    let fed = Fed {
        tokens: &[5; 64],
        trained: &[1; 64],
        ..Fed::default()
    };
    let plan = outlook(&setup, fed).plan.expect("a plan");
    assert_eq!((plan.batch_size, plan.effective_batch, plan.steps), (1, 16, 4));
    setup.batch_size = set(6);
    let refused = outlook(&setup, fed).refused.expect("not divisible");
    assert!(refused.contains("multiple of 8 ranks"), "{refused}");
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
        ..Fed::default()
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
