//! A packed run, planned.

use super::coverage::of_packed_rows;
use super::sampler::Order;
use super::{Plan, PlanSettings};
use crate::encode::pack::BestFit;

#[test]
fn packing_feeds_a_plan() {
    let lengths: Vec<u32> = (0..2500).map(|row| 100 + row * 7 % 400).collect();
    let packed = BestFit::new(1024).pack(&lengths).expect("packed");
    let plan = Plan::new(packed.len() as u64, &PlanSettings::transformers((5, 23))).expect("a plan");
    let times = plan.times_seen(&Order::Shuffled { seed: 42 }).expect("few");
    let rows = of_packed_rows(&packed, &times, lengths.len());
    assert!(rows.iter().all(|times| *times == 3));
}
