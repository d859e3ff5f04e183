//! What nobody can tell beforehand of a run, or is not reproduced here, by the trainer's names.

use crate::model::example::Shape;
use crate::model::run::{Drawn, Family};
use crate::model::setup::Setup;

use super::Fed;

/// Why the order of an epoch is not known, where it is not.
pub(super) fn order(setup: &Setup, packed: bool) -> Option<String> {
    let run = &setup.run;
    if run.drawn.value == Drawn::Grouped {
        return Some(format!(
            "what rows are grouped from ({}) is not known beforehand",
            run.drawn.origin
        ));
    }
    if run.streamed.value {
        return None;
    }
    if packed && run.family == Family::Axolotl {
        return Some("how axolotl draws its bins is not known beforehand".to_owned());
    }
    let unseeded = run
        .dealt
        .unseeded
        .as_ref()
        .filter(|_| run.drawn.value == Drawn::Shuffled);
    unseeded.map(|origin| {
        format!(
            "without use_seedable_sampler ({origin}) the order is drawn from torch's global generator, which is not \
             known beforehand"
        )
    })
}

/// Why it is not known which rows come to the sampler, or in which order; the order alone does not always `matter`.
pub(super) fn rows(setup: &Setup, fed: Fed<'_>, matters: bool) -> Option<String> {
    let unknown = setup.run.arrival.unknown.clone().filter(|_| matters);
    let name = uncounted(setup, fed).next().or(unknown)?;
    Some(format!("{name} is not reproduced"))
}

/// What changes the number of rows in a way not known here. Which rows are the same to the trainer is known of its own
/// tokens alone.
fn uncounted(setup: &Setup, fed: Fed<'_>) -> impl Iterator<Item = String> {
    let arrival = &setup.run.arrival;
    let same = arrival.deduplicated.as_ref().filter(|_| fed.keys.is_none());
    let same = same.map(|origin| format!("dataset_exact_deduplication ({origin})"));
    arrival.uncounted.iter().cloned().chain(same)
}

/// Whether prompts and answers of preference rows are padded apart: TRL before 0.29.
pub(super) fn sides_apart(setup: &Setup, preference: bool) -> bool {
    let is_trl = setup.trainer.as_deref().is_some_and(|name| name.starts_with("trl@"));
    preference && is_trl && setup.run.trainer.is_some_and(|version| version < (0, 29))
}

/// What of the figures does not hold, and why.
pub(super) fn notes(setup: &Setup, fed: Fed<'_>) -> Vec<String> {
    let arrival = &setup.run.arrival;
    let mut notes: Vec<String> = uncounted(setup, fed)
        .map(|name| format!("{name} is not reproduced: the plan counts the rows as if it were not there"))
        .collect();
    notes.extend(
        arrival
            .unknown
            .as_ref()
            .map(|name| format!("{name} is not reproduced: which rows a step has is not known")),
    );
    let made_of = (setup.batch_size.value * setup.grad_accum.value) as u64;
    let counted = setup.run.counted_batch.as_ref().filter(|_| setup.max_steps.is_none());
    if let Some(counted) = counted.filter(|counted| counted.value != made_of) {
        notes.push(format!(
            "axolotl counts the steps by batch_size {} ({}) and makes each of {made_of} rows a rank: set \
             gradient_accumulation_steps instead",
            counted.value, counted.origin
        ));
    }
    let is_kto = setup.shapes.contains(&Some(Shape::Kto)) && setup.run.family == Family::Transformers;
    if is_kto && setup.trainer.is_some() {
        notes.push("a step's tokens are those trained on: KTO's pass over mismatched answers comes on top".to_owned());
    }
    notes
}
