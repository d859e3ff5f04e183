//! What rules about texts are made of: the signs they go by.

pub(super) mod again;
pub(super) mod drawn;
pub(super) mod error_words;
pub(super) mod escapes;
pub(super) mod garbled;
pub(super) mod introduced;
pub(super) mod invisible;
pub(super) mod json;
pub(super) mod json_kinds;
pub(super) mod last_line;
pub(super) mod left_marks;
pub(super) mod noise;
pub(super) mod nothing;
pub(super) mod odd_words;
pub(super) mod other_slots;
pub(super) mod passwords;
pub(super) mod printed;
pub(super) mod prose;
pub(super) mod self_spoken;
pub(super) mod slot_names;
pub(super) mod slots;
pub(super) mod slots_of_calls;
pub(super) mod speakers;
pub(super) mod tongues;
