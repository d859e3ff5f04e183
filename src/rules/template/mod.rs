//! What the chat template does to the messages.

pub(super) mod already_rendered;
pub(super) mod bos_missing;
pub(super) mod double_bos;
pub(super) mod double_eos;
pub(super) mod id_beyond_vocab;
pub(in crate::rules) mod markers;
pub(super) mod message_altered;
pub(super) mod message_doubled;
pub(super) mod message_lost;
pub(super) mod missing;
pub(super) mod not_reproduced;
pub(super) mod parts_printed;
pub(super) mod prompt_joined;
pub(super) mod prompt_unlike;
pub(super) mod render_error;
pub(super) mod role_unmapped;
mod round_trip;
pub(super) mod special_token_in_text;
mod spots;
pub(super) mod system_injected;
pub(super) mod thinking_lost;
pub(super) mod thinking_stripped;
pub(super) mod tool_call_lost;
pub(super) mod tools_lost;
pub(super) mod turns_merged;
pub(super) mod unclosed_thinking;
pub(super) mod unknown_tokens;
