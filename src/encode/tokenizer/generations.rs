//! Whether the next generation of transformers would give other ids.

use std::path::Path;

use super::{Detail, EncodeError, Engine, Folder, LoadError, Tokenizer, Tokens};

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
    if ours.other.is_none() {
        return Ok(None);
    }
    let named = ours.facts.named.iter().map(|(_, token)| format!("a {} b", token.text));
    let probes: Vec<String> = PROBES.iter().map(|probe| (*probe).to_owned()).chain(named).collect();
    let fast = ours.fast_of_other();
    let found = fast.and_then(|fast| {
        first_other(&probes, ours, &|text, special, out| {
            fast.encode(text, special, Detail::Ids, out)
        })
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let theirs = Tokenizer::from_folder(Folder::read(path)?, hub_id, ours.facts.generation.other(), &[])?;
    let found = first_other(&probes, ours, &|text, special, out| {
        theirs.encode(text, special, Detail::Ids, out).map(|()| true)
    });
    Ok(found.flatten())
}

/// The first of some texts that others encode differently; `None` where they say of a text that it is not theirs.
fn first_other(
    texts: &[String],
    ours: &Tokenizer,
    theirs: &dyn Fn(&str, bool, &mut Tokens) -> Result<bool, EncodeError>,
) -> Option<Option<OtherIds>> {
    let (mut own, mut others) = (Tokens::new(), Tokens::new());
    for text in texts {
        for special in [false, true] {
            // What either fails on says nothing.
            if ours.encode(text, special, Detail::Ids, &mut own).is_err() {
                continue;
            }
            match theirs(text, special, &mut others) {
                Ok(true) if own.ids != others.ids => {
                    return Some(Some(OtherIds {
                        text: text.clone(),
                        special,
                        ids: own.ids,
                        other: others.ids,
                    }));
                }
                Ok(true) | Err(_) => {}
                Ok(false) => return None,
            }
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::tokenizer::Generation;

    /// Whose class has a split of its own in transformers 5, where 4 takes the one of the file: letter by letter here.
    #[test]
    fn the_same_tables_give_what_loading_again_gives() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizers/qwen-chatml");
        let written = std::fs::read_to_string(fixture.join("tokenizer.json")).expect("the fixture");
        let letters = written.replace(r"[^\\r\\n\\p{L}\\p{N}]?\\p{L}+", r"\\p{L}");
        assert_ne!(letters, written);
        std::fs::write(folder.path().join("tokenizer.json"), letters).expect("written");
        let config = "tokenizer_config.json";
        std::fs::copy(fixture.join(config), folder.path().join(config)).expect("copied");
        let load = |generation| Tokenizer::load(folder.path(), generation).expect("loads");
        let (four, five) = (load(Generation::V4), load(Generation::V5));
        for (ours, theirs) in [(&five, &four), (&four, &five)] {
            let fast = ours.fast_of_other().expect("the same tables");
            let (mut shared, mut loaded) = (Tokens::new(), Tokens::new());
            for probe in PROBES {
                assert!(fast.encode(probe, false, Detail::Ids, &mut shared).expect("encodes"));
                theirs.encode(probe, false, Detail::Ids, &mut loaded).expect("encodes");
                assert_eq!(shared.ids, loaded.ids, "{probe}");
            }
            let found = other_ids(folder.path(), None, ours)
                .expect("loads")
                .expect("a difference");
            assert_ne!(found.ids, found.other);
        }
    }
}
