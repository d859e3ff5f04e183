//! What rules about lengths are made of: rows beyond the positions of a model.

use crate::model::setup::{Positions, Setup};
use crate::rule::Row;

/// The positions of the model that is trained, where the run leaves them as they are.
fn positions(setup: &Setup) -> Option<&Positions> {
    let trainer = setup.trainer.as_deref().unwrap_or_default();
    // These give a model as many as are asked for, or have a number of their own for it.
    if trainer.starts_with("unsloth") || trainer.starts_with("torchtune") {
        return None;
    }
    let stretched = setup.config.as_ref().is_some_and(|config| {
        let of_other = config.on("tokenizer_config").is_some() || config.program == "torchtune";
        let words = ["rope", "max_position", "n_positions", "shift_attn"];
        of_other
            || config
                .values
                .iter()
                .any(|given| words.iter().any(|word| given.key.contains(word)) && config.on(&given.key).is_some())
    });
    setup.tokenizer.as_ref()?.positions.as_ref().filter(|_| !stretched)
}

/// The length of the longest sequence of a row that is fed and goes beyond the model's positions, with these.
pub(super) fn beyond<'r>(row: &Row<'r>) -> Option<(usize, &'r Positions)> {
    let positions = positions(row.setup)?;
    // What goes on in the next sequence is never longer than one.
    let most = row.setup.max_length.as_ref().filter(|_| row.setup.splits_rows());
    let fed = row.encoded.iter().filter(|encoded| encoded.dropped.is_none());
    let length = fed
        .map(|encoded| most.map_or(encoded.len(), |most| encoded.len().min(most.value)))
        .max()?;
    (length > positions.count).then_some((length, positions))
}
