//! Answers that stand in what the model is given.

pub(super) mod answer_in_prompt;
