//! Schedules against the trainers' own functions, run with options at random.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::*;

/// `fixtures/plan/schedule_functions.json`.
#[derive(Deserialize)]
struct Case {
    source: String,
    schedule: String,
    options: Map<String, Value>,
    steps: u64,
    warmup: u64,
    peak: f64,
    at: Vec<u64>,
    /// `None` where the function divides by 0.
    factors: Option<Vec<f64>>,
}

impl Case {
    fn schedule(&self) -> Schedule {
        let number = |option: &str| self.options[option].as_f64().expect("a number");
        match self.schedule.as_str() {
            "quadratic" => Schedule::axolotl_cosine(true, None, None),
            "min_ratio" => Schedule::axolotl_cosine(false, Some(number("min_ratio")), None),
            "constant_ratio" => {
                Schedule::axolotl_cosine(false, Some(number("min_ratio")), Some(number("constant_ratio")))
            }
            "rex" => Schedule::Rex {
                min_ratio: number("min_ratio"),
            },
            "thirds" => Schedule::llama_factory("warmup_stable_decay", &self.options, (5, 8)).expect("a schedule"),
            name => {
                let version = if self.source.contains(" 4.") { (4, 48) } else { (5, 23) };
                Schedule::transformers(name, &self.options, version).expect("a schedule")
            }
        }
    }
}

fn options(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn rates_are_those_of_the_trainers() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/plan/schedule_functions.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(file).expect("the cases")).expect("cases");
    assert!(cases.len() > 80);
    for case in &cases {
        let (schedule, name) = (case.schedule(), &case.schedule);
        let span = Span {
            steps: case.steps,
            warmup: case.warmup,
            peak: case.peak,
        };
        let Some(factors) = &case.factors else {
            assert_eq!(
                schedule.check(&span),
                Err(ScheduleError::AllWarmup(case.steps)),
                "{name}"
            );
            continue;
        };
        assert_eq!(schedule.check(&span), Ok(()), "{name}");
        for (step, factor) in case.at.iter().zip(factors) {
            let found = schedule.factor(&span, *step).expect("no metric");
            let apart = (found - factor).abs();
            assert!(
                apart < 1e-12,
                "{} {name} {span:?} at {step}: {found}, not {factor}",
                case.source
            );
        }
    }
}

#[test]
fn one_cycle_rises_from_a_25th_to_the_peak_and_falls_far_below() {
    let span = Span {
        steps: 101,
        warmup: 0,
        peak: 1e-3,
    };
    let schedule = Schedule::OneCycle(OneCycle {
        // The peak is at step 0.3 * 101 - 1.
        rising: Some(31.0 / 101.0),
        ..OneCycle::default()
    });
    let at = |step| schedule.factor(&span, step).expect("no metric");
    assert!((at(0) - 0.04).abs() < 1e-12);
    assert!((at(15) - 0.52).abs() < 1e-12);
    assert!((at(30) - 1.0).abs() < 1e-12);
    assert!((at(65) - f64::midpoint(1.0, 4e-6)).abs() < 1e-12);
    assert!((at(100) - 4e-6).abs() < 1e-12);
    let warmed = |warmup| Schedule::OneCycle(OneCycle::default()).check(&Span { warmup, ..span });
    assert_eq!(warmed(1), Err(ScheduleError::WarmupOfOne));
    assert_eq!(
        warmed(102),
        Err(ScheduleError::WarmupBeyondEnd {
            warmup: 102,
            steps: 101
        })
    );
    assert_eq!(warmed(2), Ok(()));
}

#[test]
fn what_the_trainer_refuses_is_refused() {
    let of = |name, given: Value, version| Schedule::transformers(name, &options(&given), version);
    assert_eq!(
        of("cosin", json!({}), (5, 23)),
        Err(ScheduleError::Unknown("cosin".into()))
    );
    assert_eq!(
        of("linear", json!({"num_cycles": 1}), (5, 23)),
        Err(ScheduleError::NoOption {
            schedule: "linear",
            option: "num_cycles".into()
        })
    );
    assert_eq!(
        of("warmup_stable_decay", json!({}), (5, 23)),
        Err(ScheduleError::Missing {
            schedule: "warmup_stable_decay",
            option: "num_decay_steps"
        })
    );
    assert_eq!(
        of(
            "cosine_with_min_lr",
            json!({"min_lr": 1e-6, "min_lr_rate": 0.1}),
            (5, 23)
        ),
        Err(ScheduleError::TwoMinima)
    );
    assert!(
        of(
            "warmup_stable_decay",
            json!({"num_decay_steps": 4, "decay_type": "exp"}),
            (5, 0)
        )
        .is_err()
    );
    assert!(of("cosine_warmup_with_min_lr", json!({"min_lr": 0}), (4, 53)).is_err());
    assert_eq!(
        of("constant", json!({"num_cycles": 1}), (5, 23)),
        Ok(Schedule::Constant)
    );
    assert_eq!(
        of("inverse_sqrt", json!({"timescale": 3}), (5, 3)),
        Ok(Schedule::InverseSqrt { timescale: None })
    );
    let polynomial = of("polynomial", json!({"lr_end": 1e-3}), (5, 23)).expect("a schedule");
    let span = Span {
        steps: 10,
        warmup: 0,
        peak: 1e-3,
    };
    assert_eq!(
        polynomial.check(&span),
        Err(ScheduleError::EndAbovePeak { end: 1e-3, peak: 1e-3 })
    );
}
