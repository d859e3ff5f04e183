//! What rules about texts are made of: the signs they go by.

pub(super) mod again;
pub(super) mod chat_marks;
pub(super) mod chat_order;
pub(super) mod error_words;
pub(super) mod garbled;
pub(super) mod invisible;
pub(super) mod last_line;
pub(super) mod last_signs;
pub(super) mod noise;
pub(super) mod odd_words;
pub(super) mod other_slots;
pub(super) mod printed;
pub(super) mod prose;
pub(super) mod query;
pub(super) mod query_code;
pub(super) mod query_end;
pub(super) mod slot_names;
pub(super) mod slots;
