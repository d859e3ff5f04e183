//! A packed run, planned.

use super::coverage::{Seen, of_packed_rows};
use super::sampler::Order;
use super::{Plan, PlanSettings};
use crate::encode::pack::{Batches, BestFit, Knapsack};

#[test]
fn packing_feeds_a_plan() {
    let lengths: Vec<u32> = (0..2500).map(|row| 100 + row * 7 % 400).collect();
    let packed = BestFit::new(1024).pack(&lengths).expect("packed");
    let plan = Plan::new(packed.len() as u64, &PlanSettings::transformers((5, 23))).expect("a plan");
    let times = plan.times_seen(&Order::Shuffled { seed: 42 }).expect("few");
    let rows = of_packed_rows(&packed, &times, lengths.len());
    assert!(rows.iter().all(|times| *times == 3));
}

#[test]
fn a_packed_row_is_seen_as_often_as_its_sequence() {
    let lengths = [60, 50, 40, 30, 20, 200, 10];
    let packed = Knapsack {
        capacity: 100,
        batches: Batches::default(),
    }
    .pack(&lengths)
    .expect("packed");
    // 60 + 40, 50 + 30 + 20, 10; the row of 200 is dropped.
    assert_eq!(packed.len(), 3);
    let settings = PlanSettings {
        batch_size: 1,
        max_steps: Some(4),
        ..PlanSettings::transformers((5, 23))
    };
    let plan = Plan::new(packed.len() as u64, &settings).expect("a plan");
    let times = plan.times_seen(&Order::AsTheyStand).expect("few rows");
    assert_eq!(times, [2, 1, 1]);
    let rows = of_packed_rows(&packed, &times, lengths.len());
    assert_eq!(rows, [2, 1, 2, 1, 1, 0, 1]);
    let seen = Seen::of(&rows);
    assert_eq!(seen.iter().collect::<Vec<_>>(), [(0, 1), (1, 4), (2, 2)]);
    assert!((seen.share() - 6.0 / 7.0).abs() < 1e-12);
}
