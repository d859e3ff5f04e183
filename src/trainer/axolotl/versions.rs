//! The releases covered.

use crate::trainer::version::Version;

/// The release read, and the first whose data code is the same.
pub const NEWEST: Version = Version::new(0, 19, 0);

/// Whether a release is covered.
pub fn covers(version: Version) -> bool {
    version == NEWEST
}

/// The templates that come with a release (`utils/chat_templates/templates/*.jinja`), by name.
pub(super) const BUNDLED: &[&str] = &[
    "alpaca",
    "aya",
    "chatml",
    "cohere",
    "command_a",
    "command_a_rag",
    "command_a_tool_use",
    "deepseek_v2",
    "deepseek_v3",
    "exaone",
    "exaone4",
    "falcon_h1",
    "gemma",
    "gemma3",
    "gemma3n",
    "gemma4",
    "gemma4_unified",
    "jamba",
    "llama3",
    "llama3_2_vision",
    "llama4",
    "llava",
    "metharme",
    "mistral_v1",
    "mistral_v2v3",
    "mistral_v3_tekken",
    "mistral_v7_tekken",
    "nemotron_h",
    "phi_3",
    "phi_35",
    "phi_4",
    "pixtral",
    "qwen2_vl",
    "qwen3",
    "qwen3_5",
    "qwen_25",
];
