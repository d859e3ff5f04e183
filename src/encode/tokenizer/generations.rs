//! Whether the next generation of transformers would give other ids.

use std::path::Path;

use super::{Detail, EncodeError, Folder, LoadError, Tokenizer, Tokens};

/// A text that two generations encode differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherIds {
    pub text: String,
    /// Whether the tokenizer's own special tokens were added.
    pub special: bool,
    pub ids: Vec<u32>,
    pub other: Vec<u32>,
}

/// Texts on which the known differences show: spaces at the start and in rows, line breaks, case,
/// accents, digits, and what is not in every vocabulary.
const PROBES: &[&str] = &[
    "Hello world",
    " Hello  world \n\n\tagain ",
    "hello\r\nWORLD's 12345 (x+y)=z?!",
    "naïve café ÉCOLE ﬁ ① ２",
    "日本語 текст 한국어 🎉👩‍👩‍👧",
    "<s>hi</s> a <unk> b",
];

/// The first probe on which a model's tokens depend on the generation; `None` where none does.
///
/// # Errors
///
/// If the model cannot be loaded, or an engine fails.
pub fn other_ids(path: &Path, hub_id: Option<&str>, ours: &Tokenizer) -> Result<Option<OtherIds>, LoadError> {
    if !ours.facts.differs {
        return Ok(None);
    }
    let theirs = Tokenizer::from_folder(Folder::read(path)?, hub_id, ours.facts.generation.other(), &[])?;
    let named = ours.facts.named.iter().map(|(_, token)| format!("a {} b", token.text));
    let probes: Vec<String> = PROBES.iter().map(|probe| (*probe).to_owned()).chain(named).collect();
    let encode = |tokenizer: &Tokenizer, text: &str, special: bool| -> Result<Vec<u32>, EncodeError> {
        let mut tokens = Tokens::new();
        tokenizer.encode(text, special, Detail::Ids, &mut tokens)?;
        Ok(tokens.ids)
    };
    for text in probes {
        for special in [false, true] {
            let (Ok(ids), Ok(other)) = (encode(ours, &text, special), encode(&theirs, &text, special)) else {
                continue;
            };
            if ids != other {
                return Ok(Some(OtherIds {
                    text,
                    special,
                    ids,
                    other,
                }));
            }
        }
    }
    Ok(None)
}
