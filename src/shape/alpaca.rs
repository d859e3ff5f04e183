//! `instruction`, `input`, `output`, and where present `system` and `history`.
//!
//! The user's turn is the instruction and, on the next line, the input, as LLaMA-Factory joins
//! them (`data/converter.py`, `AlpacaDatasetConverter`); Alpaca's own prompt keeps them apart and
//! its trainers build it from the record.

use std::borrow::Cow;

use crate::model::example::{Branch, Example, Misfit, Role, Shape};
use crate::model::value::Value;

use super::Fields;
use super::conversation::plain;

pub(super) fn read(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let mut example = row.example(Shape::Alpaca, false);
    let turns = &mut example.turns;
    if let Some(system) = row.text("system")? {
        turns.push(plain(Role::System, "system", system, row.name("system"), Branch::Main));
    }
    if let Some(history) = row.get("history") {
        let pairs = history
            .as_array()
            .ok_or_else(|| row.wrong("history", history, "a list of pairs"))?;
        for (index, pair) in pairs.iter().enumerate() {
            let Some([Value::Str(asked), Value::Str(answered)]) = pair.as_array() else {
                return Err(row.wrong("history", pair, "a list of [instruction, response] pairs"));
            };
            for (role, name, text) in [(Role::User, "user", asked), (Role::Assistant, "assistant", answered)] {
                let mut turn = plain(role, name, text, row.name("history"), Branch::Main);
                turn.index = Some(index);
                turns.push(turn);
            }
        }
    }
    let mut asked = plain(
        Role::User,
        "user",
        row.need_text("instruction")?,
        row.name("instruction"),
        Branch::Main,
    );
    if let Some(input) = row.text("input")?.filter(|input| !input.is_empty()) {
        asked.text = Cow::Owned(format!("{}\n{input}", asked.text));
    }
    turns.push(asked);
    let answer = row.need_text("output")?;
    turns.push(plain(
        Role::Assistant,
        "assistant",
        answer,
        row.name("output"),
        Branch::Main,
    ));
    Ok(example)
}
