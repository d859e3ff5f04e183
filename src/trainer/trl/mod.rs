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
pub mod templated;
pub mod versions;

use crate::model::value::Value;

pub use preference::{Dpo, Kto, Reward};

/// What a set decides before its rows are looked at.
#[derive(Clone, Debug)]
pub struct First {
    /// Columns of the whole set, in order.
    pub columns: Vec<String>,
    /// The first row, as the loader gives it.
    pub row: Value<'static>,
    /// Columns of lists of `role` and `content`, both texts, and nothing else.
    pub chats: Vec<String>,
    /// The columns are `prompt` and `completion`, both texts, and no other.
    pub is_instruction: bool,
}

impl First {
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }
}
