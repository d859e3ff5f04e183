//! What the chat template does to the messages.

pub(super) mod render_error;
