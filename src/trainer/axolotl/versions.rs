//! The releases covered.

use crate::model::encoded::EncodeError;

use super::failure::unsupported;

/// Releases whose data code was read, and that do the same.
pub const COVERED: &[&str] = &["0.19.0"];

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

/// # Errors
///
/// If the release is not covered.
pub(super) fn check(version: &str) -> Result<&'static str, EncodeError> {
    COVERED
        .iter()
        .find(|covered| **covered == version)
        .copied()
        .ok_or_else(|| unsupported(format!("axolotl {version} (covered: {})", COVERED.join(", "))))
}
