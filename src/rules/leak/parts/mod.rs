//! What rules about leaks are made of: the answers, where they are looked for, and what gives them away.

pub(super) mod answers;
pub(super) mod cues;
pub(super) mod escaped;
pub(super) mod feature;
pub(super) mod labels;
pub(super) mod reached;
pub(super) mod rewriting;
pub(super) mod spans;
pub(super) mod taken_up;
