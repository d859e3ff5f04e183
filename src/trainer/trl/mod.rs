//! TRL: `SFTTrainer`, and the trainers on preferences: `DPOTrainer`, `KTOTrainer`, `RewardTrainer`.
//!
//! What is fed is decided by the columns of the whole set and by its first row, so a trainer is
//! made for a set and then takes it row by row. Sources: `trainer/*_trainer.py`, `data_utils.py`
//! and `chat_template_utils.py` of the versions in [`versions`].

mod arguments;
pub mod options;
pub mod preference;
mod row;
pub mod sft;
pub mod versions;

use crate::model::value::Value;

pub use preference::{Dpo, Kto, Reward};
pub use sft::Sft;

/// What a set decides before its rows are looked at.
#[derive(Clone, Debug)]
pub struct First {
    /// Columns of the whole set, in order.
    pub columns: Vec<String>,
    /// The first row, as the loader gives it.
    pub row: Value<'static>,
    /// Columns the loader made datetimes of.
    pub datetimes: Vec<String>,
}
