//! Marks of chat formats that the tokenizer at hand splits in pieces.

use crate::model::encoded::Encoded;
use crate::model::setup::TokenizerFacts;
use crate::rules::parts::markers::WELL_KNOWN;

/// Those that formats write which have no tokens for them, or that stand for other things.
const OF_NO_FAMILY: &[&str] = &[
    "<BOS>",
    "<EOS>",
    "<PAD>",
    "<UNK>",
    "<bos>",
    "<eoc>",
    "<eod>",
    "<eos>",
    "<extra_id_0>",
    "<pad>",
    "<unk>",
    "<|assistant|>",
    "<|endoftext|>",
    "<|pad|>",
    "<|system|>",
    "<|user|>",
    "[BOS]",
    "[CLS]",
    "[EOS]",
    "[PAD]",
    "[SEP]",
    "[UNK]",
];

/// The marks of Llama 2 and Mistral, which were no tokens of theirs at first.
const OF_LLAMA_2: &[&str] = &["<</SYS>", "<<SYS>", "[/INST]", "[INST]"];

/// Whether a mark is a token of a family of models, and nothing a tokenizer with these facts should split.
pub(in super::super) fn is_foreign(mark: &str, facts: &TokenizerFacts) -> bool {
    let is_own = || {
        let by_design = OF_LLAMA_2.contains(&mark) && facts.eos.as_ref().is_some_and(|eos| eos.text == "</s>");
        by_design
            || facts
                .template_marks
                .binary_search_by(|own| own.as_str().cmp(mark))
                .is_ok()
            || facts.specials.iter().any(|(text, _)| text == mark)
    };
    WELL_KNOWN.binary_search(&mark).is_ok() && !OF_NO_FAMILY.contains(&mark) && !is_own()
}

/// The marks in stretches of a text, each with the byte it starts at, that no single token covers; each once.
pub(in super::super) fn split<'e>(
    encoded: &'e Encoded,
    facts: &TokenizerFacts,
    stretches: Vec<(&'e str, usize)>,
) -> Vec<&'e str> {
    const LONGEST: usize = 48;
    let mut split: Vec<&str> = Vec::new();
    for (text, start) in stretches {
        let bytes = text.as_bytes();
        for at in memchr::memchr2_iter(b'<', b'[', bytes) {
            let close = if bytes[at] == b'<' { b'>' } else { b']' };
            let end = memchr::memchr(close, &bytes[at..bytes.len().min(at + LONGEST)]);
            let Some(mark) = end.and_then(|end| text.get(at..=at + end)) else {
                continue;
            };
            if !split.contains(&mark) && is_foreign(mark, facts) && is_split(encoded, start + at, mark.len()) {
                split.push(mark);
            }
        }
    }
    split
}

/// Whether the first token of a stretch is there, and ends inside it.
fn is_split(encoded: &Encoded, start: usize, length: usize) -> bool {
    let token = encoded.offsets.iter().find(|(_, end)| *end as usize > start);
    token.is_some_and(|(from, to)| *from as usize <= start && (*to as usize) < start + length)
}
