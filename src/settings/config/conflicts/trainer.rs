//! transformers 5.23's `TrainingArguments` (`training_args.py`, `__post_init__` and `_validate_args`), which TRL and
//! LLaMA-Factory build on, and TRL's `SFTTrainer`.

use crate::model::config::Fault;
use crate::model::setup::{Origin, Setting};

use super::When::{AtMost, Is, On, Set};
use super::{Conflict, Reader, check, fault, in_force};

const TABLE: &[Conflict] = &[
    Conflict {
        when: &[On("fp16"), On("bf16")],
        says: "at most one of fp16 and bf16 can be True",
    },
    Conflict {
        when: &[On("fp16_full_eval"), On("bf16_full_eval")],
        says: "at most one of fp16 and bf16 can be True for full eval",
    },
    Conflict {
        when: &[
            Is("logging_strategy", "steps"),
            Set("logging_steps"),
            AtMost("logging_steps", 0.0),
        ],
        says: "the logging strategy steps requires logging_steps other than 0",
    },
    Conflict {
        when: &[
            Is("eval_strategy", "no"),
            Is("lr_scheduler_type", "reduce_lr_on_plateau"),
        ],
        says: "lr_scheduler_type reduce_lr_on_plateau requires an eval strategy",
    },
    Conflict {
        when: &[Is("eval_strategy", "no"), Is("lr_scheduler_type", "greedy")],
        says: "lr_scheduler_type greedy requires an eval strategy",
    },
    Conflict {
        when: &[AtMost("warmup_steps", -f64::MIN_POSITIVE)],
        says: "warmup_steps must be 0 or more",
    },
    Conflict {
        when: &[AtMost("dataloader_num_workers", 0.0), Set("dataloader_prefetch_factor")],
        says: "dataloader_prefetch_factor needs dataloader_num_workers above 0",
    },
    Conflict {
        when: &[Set("torch_empty_cache_steps"), AtMost("torch_empty_cache_steps", 0.0)],
        says: "torch_empty_cache_steps must be an integer above 0",
    },
];

/// What `TrainingArguments` raises.
pub(in crate::settings::config) fn training_arguments(reader: &mut Reader<'_>) {
    check(reader, TABLE, &in_force);
    let mut faults = Vec::new();
    for (strategy, steps) in [
        ("logging_strategy", "logging_steps"),
        ("eval_strategy", "eval_steps"),
        ("save_strategy", "save_steps"),
    ] {
        let by_steps = in_force(reader, strategy).is_some_and(|found| super::text(&found.value) == "steps");
        let number = in_force(reader, steps).filter(|_| by_steps);
        let Some((number, found)) = number.and_then(|found| Some((found.value.as_f64()?, found))) else {
            continue;
        };
        if number > 1.0 && number.fract() != 0.0 {
            let says = format!("{steps} must be an integer if it is above 1, not {number}");
            faults.push(fault(reader, &[(steps, found.origin)], &says));
        }
    }
    faults.extend(best_model(reader));
    reader.faults.extend(faults);
}

/// `load_best_model_at_end`: checkpoints must be made where there is an evaluation.
fn best_model(reader: &Reader<'_>) -> Option<Fault> {
    let best = in_force(reader, "load_best_model_at_end").filter(|found| super::is_on(&found.value))?;
    let named = |key: &str, default: &str| {
        in_force(reader, key)
            .filter(|found| !found.value.is_null())
            .map_or_else(
                || (default.to_owned(), Origin::Default),
                |found| (super::text(&found.value), found.origin),
            )
    };
    let (save, save_at) = named("save_strategy", "steps");
    let (eval, eval_at) = named("eval_strategy", "no");
    if save == "best" {
        return None;
    }
    let all = |key: &'static str, other: Setting<f64>| {
        vec![(key, other.origin), ("load_best_model_at_end", best.origin.clone())]
    };
    if save != eval {
        let written = [
            ("save_strategy", save_at),
            ("eval_strategy", eval_at),
            ("load_best_model_at_end", best.origin.clone()),
        ];
        let written: Vec<_> = written
            .into_iter()
            .filter(|(_, origin)| matches!(origin, Origin::File(_) | Origin::Flag(_)))
            .collect();
        let says = format!("it needs the save and eval strategy to match, and they are {save} and {eval}");
        return Some(fault(reader, &written, &says));
    }
    if eval != "steps" {
        return None;
    }
    let number = |key: &str| reader.get::<f64>(key).filter(|steps| steps.value > 0.0);
    let save = number("save_steps")?;
    // Where it is not set, evaluation is as often as logging.
    let eval = number("eval_steps").or_else(|| number("logging_steps"))?;
    let (a, b) = (save.value, eval.value);
    if (a < 1.0) != (b < 1.0) && a % b != 0.0 {
        let says = format!("save_steps {a} and eval_steps {b} must both be a share of the steps, or neither");
        return Some(fault(reader, &all("save_steps", save), &says));
    }
    const LARGE: f64 = 1_000_000.0;
    let rest = if a < 1.0 { (a * LARGE) % (b * LARGE) } else { a % b };
    (rest != 0.0).then(|| {
        let says = format!("save_steps must be a round multiple of eval_steps, and {a} is none of {b}");
        fault(reader, &all("save_steps", save), &says)
    })
}

/// What `SFTTrainer` raises of its arguments alone; the clash of padding_free and max_length is a rule's.
pub(in crate::settings::config) fn sft(reader: &mut Reader<'_>) {
    let packing = in_force(reader, "packing").filter(|found| super::is_on(&found.value));
    let unlimited = reader.given("max_length").filter(|found| found.value.is_null());
    if let (Some(packing), Some(unlimited)) = (packing, unlimited) {
        let both = [("packing", packing.origin), ("max_length", unlimited.origin)];
        let found = fault(reader, &both, "when packing is enabled, `max_length` can't be `None`");
        reader.faults.push(found);
    }
}
