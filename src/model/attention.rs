//! The attention that axolotl's switches turn on.

/// The older switches, and the attention each turns on; the first that is on wins (`enums.py` of 0.19.0,
/// `LEGACY_ATTN_FLAG_TO_IMPL`).
pub const SWITCHES: [(&str, &str); 6] = [
    ("xformers_attention", "xformers"),
    ("sage_attention", "sage"),
    ("flex_attention", "flex_attention"),
    ("flash_attention", "flash_attention_2"),
    ("sdp_attention", "sdpa"),
    ("eager_attention", "eager"),
];
