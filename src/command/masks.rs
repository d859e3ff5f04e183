//! What makes the tokens and the mask of each row: the trainer that was asked for, else the intended mask, and
//! why.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::encode::kit::Kit;
use crate::model::setup::Setup;
use crate::settings::config::Run;
use crate::settings::{Settings, UsageError};
use crate::source::Limits;
use crate::trainer::Encode;
use crate::trainer::intended::Intended;

use super::data::Data;
use super::described;
use super::trainers::{Asked, Failed};

/// What decides about the mask.
pub(super) struct Given<'g> {
    pub settings: &'g Settings,
    pub kit: Option<&'g Arc<Kit>>,
    pub asked: Option<&'g Asked>,
    /// The run a config describes.
    pub described: Option<&'g Run>,
    pub data: &'g Data,
    pub limits: &'g Limits,
}

/// What makes tokens and mask.
#[derive(Default)]
pub(super) struct Masks {
    /// `None` without a tokenizer.
    pub encoder: Option<Box<dyn Encode>>,
    /// What the trainer was made of, and the same but for how long rows may be; empty without one.
    pub made_of: String,
    pub made_of_any_length: String,
    /// The trainer's options, under its own names.
    pub options: Map<String, Json>,
    /// Why a trainer that was asked for is not reproduced.
    pub unchecked: Option<String>,
    /// That the trainer of this run is not made, and the mask is another than the run's.
    pub unmade: Option<Unmade>,
}

/// A trainer that a flag or a config names and that is not made.
pub struct Unmade {
    pub why: String,
    /// Whether a flag names it: then no answer is the one that was asked for.
    pub flagged: bool,
    /// Whether it is known that the run stops, and how; else it is not known here what the trainer does.
    pub raises: bool,
}

/// Makes the trainer, puts what it settles into the setup, and what it assumes into the notes.
///
/// # Errors
///
/// A trainer that a flag names and that has no tokenizer, and options nobody knows.
pub(super) fn of(given: &Given<'_>, setup: &mut Setup, notes: &mut Vec<String>) -> Result<Masks, UsageError> {
    let mut masks = Masks::default();
    let beyond = given.described.and_then(|run| run.beyond.as_ref());
    let uncovered = given.asked.and_then(|asked| asked.uncovered.clone());
    match (given.kit, given.asked) {
        (Some(kit), Some(asked)) if beyond.is_none() && uncovered.is_none() => {
            trained(given, kit, asked, &mut masks, setup, notes)?;
        }
        (None, Some(_)) if given.described.is_none() => {
            return Err(UsageError("--trainer needs a tokenizer: give one with -m".to_owned()));
        }
        _ => (),
    }
    if let (Some(beyond), Some(run)) = (beyond, given.described) {
        masks.unchecked = Some(format!("{} with {beyond} is not reproduced", run.facts.program));
    }
    masks.unchecked = uncovered.clone().or(masks.unchecked);
    if let (None, Some(why)) = (&masks.unmade, &masks.unchecked) {
        masks.unmade = Some(Unmade {
            why: why.clone(),
            flagged: false,
            raises: false,
        });
    }
    if let Some(reason) = &masks.unchecked {
        notes.push(format!("{reason}: the mask is the intended one"));
    }
    if let (None, Some(kit)) = (&masks.encoder, given.kit) {
        let prepared = given
            .asked
            .zip(given.described)
            .filter(|_| beyond.is_some() && uncovered.is_none())
            .and_then(|(asked, run)| asked.tokenizer(kit, given.settings, run));
        if let Some((kit, facts)) = &prepared {
            setup.tokenizer = Some(facts.clone());
            setup.has_template = kit.has_template();
        }
        let kit = prepared.as_ref().map_or(kit, |(kit, _)| kit);
        // Packing that divides rows cuts none.
        let limit = setup.max_length.as_ref().filter(|_| !setup.splits_rows());
        let max_length = limit.map(|limit| limit.value);
        masks.made_of = format!("{max_length:?}");
        if let (Some(_), Some(run)) = (&prepared, given.described) {
            masks.made_of_any_length = Json::Object(run.options.clone()).to_string();
            masks.made_of.push_str(&masks.made_of_any_length);
        }
        masks.encoder = Some(Box::new(Intended::new(Arc::clone(kit), max_length)));
    }
    Ok(masks)
}

/// Makes the trainer. Where that fails there is no encoder yet.
fn trained(
    given: &Given<'_>,
    kit: &Arc<Kit>,
    asked: &Asked,
    masks: &mut Masks,
    setup: &mut Setup,
    notes: &mut Vec<String>,
) -> Result<(), UsageError> {
    let Given {
        settings,
        described,
        data,
        limits,
        ..
    } = given;
    let flagged = described.is_none();
    let mut unmade = |why: String, raises| masks.unmade = Some(Unmade { why, flagged, raises });
    match asked.make(kit, settings, *described, data, limits) {
        Ok(ready) => {
            setup.trainer = Some(ready.name);
            setup.max_length = ready.max_length;
            setup.has_template = ready.has_template;
            setup.markers = ready.encoder.markers();
            setup.packing_flaws = ready.encoder.packing_flaws();
            setup.tokenizer = ready.tokenizer.or(setup.tokenizer.take());
            notes.extend(ready.notes);
            masks.made_of = ready.identity;
            masks.made_of_any_length = ready.of_any_length;
            masks.options = ready.options;
            masks.encoder = Some(Box::new(ready.encoder));
        }
        Err(Failed::Load { why, raised }) => {
            setup.load_error = raised;
            unmade(why, setup.load_error.is_some());
        }
        // What it would say of data that are not here is nothing about the run.
        Err(Failed::Raises(_)) if described.is_some() && data.files.inputs.is_empty() => {
            unmade("none of the data is here".to_owned(), false);
        }
        Err(Failed::Raises(message)) if described.is_some() => {
            described::refused(setup, message.clone());
            unmade(message, true);
            return Ok(());
        }
        Err(Failed::Raises(message)) => {
            setup.refused = Some(message.clone());
            unmade(message, true);
        }
        Err(Failed::Unsupported(message)) => unmade(message, false),
        Err(Failed::Usage(error)) => return Err(error),
    }
    masks.unchecked = masks.unmade.as_ref().map(|unmade| unmade.why.clone());
    Ok(())
}
