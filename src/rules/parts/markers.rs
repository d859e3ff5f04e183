//! The marks by which chat formats tell turns apart, and whether a text holds a whole chat of them.

use std::sync::LazyLock;

use memchr::memmem;

/// What headers of formats in plain text begin with.
static HEADING: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("### "));

/// A text with marks of more than one turn, or one mark that only a template writes.
///
/// Returns what gives it away.
pub(in crate::rules) fn rendered(text: &str) -> Option<&'static str> {
    // One of these alone: the name of a role follows the mark.
    const ALONE: [&str; 12] = [
        "<|im_start|>user",
        "<|im_start|>assistant",
        "<|im_start|>system",
        "<|start_header_id|>user",
        "<|start_header_id|>assistant",
        "<|start_header_id|>system",
        "<start_of_turn>user",
        "<start_of_turn>model",
        "<|im_user|>user",
        "<|start|>assistant<|",
        "<|START_OF_TURN_TOKEN|><|",
        "<<SYS>>\n",
    ];
    // Both of a pair: each alone may be spoken of.
    const PAIRS: [(&str, &str); 3] = [
        ("[INST]", "[/INST]"),
        ("<|user|>", "<|assistant|>"),
        ("<｜User｜>", "<｜Assistant｜>"),
    ];
    let bytes = text.as_bytes();
    let mut halves = [(false, false); PAIRS.len()];
    for at in memchr::memchr2_iter(b'<', b'[', bytes) {
        let rest = &bytes[at..];
        // What follows tells most brackets of code and markup from marks.
        if !matches!(rest.get(1), Some(b'|' | b's' | b'<' | b'I' | b'/' | 0xEF)) {
            continue;
        }
        if let Some(mark) = ALONE.iter().find(|mark| rest.starts_with(mark.as_bytes())) {
            return Some(mark.trim_end());
        }
        for ((open, close), (opened, closed)) in PAIRS.iter().zip(&mut halves) {
            *opened |= rest.starts_with(open.as_bytes());
            *closed |= rest.starts_with(close.as_bytes());
        }
    }
    let pair = PAIRS.iter().zip(halves).find(|(_, both)| *both == (true, true));
    pair.map(|((open, _), _)| *open)
        .or_else(|| headed(text))
        .or_else(|| spoken(text))
}

/// The names of a plain text in which two speak, where it ends with that of the answer to come; or where they stand on
/// lines of their own, as is left of a chat whose special tokens were not written.
fn spoken(text: &str) -> Option<&'static str> {
    // Messages as JSON, in the place of what they say.
    if let Some(mark) = ["[{\"role\":", "[{'role':"]
        .into_iter()
        .find(|mark| text.starts_with(mark))
    {
        return Some(mark);
    }
    let start = text.trim_start();
    let first = ["user\n", "system\n"].into_iter().find(|name| start.starts_with(name));
    if let Some(name) = first.filter(|_| text.contains("\nassistant\n")) {
        return Some(name.trim_end());
    }
    const PAIRS: [(&str, &str); 3] = [
        ("Human:", "\nAssistant:"),
        ("USER:", " ASSISTANT:"),
        ("GPT4 Correct User:", "GPT4 Correct Assistant:"),
    ];
    let end = text.trim_end();
    let pair = PAIRS
        .iter()
        .find(|(open, close)| end.ends_with(close) && end.contains(open));
    pair.map(|(_, close)| close.trim_start())
}

/// The same for formats whose marks are headings.
fn headed(text: &str) -> Option<&'static str> {
    const PAIRS: [(&str, &str); 2] = [("### Instruction:", "### Response:"), ("### Human:", "### Assistant:")];
    // A prompt that ends where the answer is to begin was made for a model without a template.
    const CUES: [&str; 2] = ["### Response:", "### Assistant:"];
    let bytes = text.as_bytes();
    let first = HEADING.find(bytes)?;
    let has = |mark: &str| memmem::find(&bytes[first..], mark.as_bytes()).is_some();
    let pair = PAIRS.iter().find(|(open, close)| has(open) && has(close));
    let end = text.trim_end();
    let cue = || CUES.into_iter().find(|cue| end.ends_with(cue) && end.len() > cue.len());
    pair.map(|(open, _)| *open).or_else(cue)
}

/// Special tokens that are known by their look, for runs without a tokenizer; in order of name.
pub(in super::super) const WELL_KNOWN: [&str; 57] = [
    "<</SYS>",
    "<<SYS>",
    "<BOS>",
    "<EOS>",
    "<PAD>",
    "<UNK>",
    "<bos>",
    "<end_of_turn>",
    "<eoc>",
    "<eod>",
    "<eos>",
    "<extra_id_0>",
    "<pad>",
    "<start_of_turn>",
    "<unk>",
    "<|END_OF_TURN_TOKEN|>",
    "<|START_OF_TURN_TOKEN|>",
    "<|assistant|>",
    "<|begin_of_text|>",
    "<|call|>",
    "<|channel|>",
    "<|constrain|>",
    "<|end_header_id|>",
    "<|end_of_text|>",
    "<|endofprompt|>",
    "<|endoftext|>",
    "<|end|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|fim_middle|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|im_start|>",
    "<|message|>",
    "<|observation|>",
    "<|pad|>",
    "<|python_tag|>",
    "<|return|>",
    "<|start_header_id|>",
    "<|start|>",
    "<|system|>",
    "<|user|>",
    "<｜Assistant｜>",
    "<｜User｜>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "[/INST]",
    "[BOS]",
    "[CLS]",
    "[EOS]",
    "[INST]",
    "[PAD]",
    "[SEP]",
    "[UNK]",
    "[gMASK]",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_in_order() {
        assert!(WELL_KNOWN.is_sorted());
    }

    #[test]
    fn a_text_about_marks_is_no_chat() {
        assert_eq!(rendered("what does [INST] mean, and <|im_start|>?"), None);
        assert_eq!(rendered("## Response\nall of ### Response: is a heading"), None);
        assert!(rendered("[INST] hi [/INST] hello").is_some());
        assert!(rendered("Name a prime.\n\n### Response:\n").is_some());
    }
}
