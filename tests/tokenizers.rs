//! Both engines on every tokenizer of the fixtures and on texts chosen to be hard: equal in ids and places, and
//! equal to what transformers gave, recorded in `fixtures/tokenizers/expected.json`.
//!
//! `GONOGO_TOKENIZERS_DIR` names another folder of tokenizers, with an `expected.json` of its own.

use std::path::{Path, PathBuf};

use gonogo::encode::tokenizer::{Detail, Generation, Tokenizer, Tokens};
use serde_json::Value;

/// What `record.py` wrote: texts, and for each tokenizer what it made of them.
fn recorded() -> (PathBuf, Value) {
    let given = std::env::var_os("GONOGO_TOKENIZERS_DIR").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| PathBuf::from("fixtures/tokenizers"));
    let file = folder.join("expected.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    (folder, serde_json::from_str(&text).expect("the recordings are JSON"))
}

fn load(path: &Path) -> Tokenizer {
    Tokenizer::load(path, Generation::V5).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(recorded: &Value) -> Vec<&str> {
    let texts = recorded["texts"].as_array().expect("texts");
    texts.iter().map(|text| text.as_str().expect("a text")).collect()
}

/// Byte places as places of characters, as Python counts.
fn in_chars(text: &str, places: &[(u32, u32)]) -> Vec<(usize, usize)> {
    let at = |byte: u32| text[..byte as usize].chars().count();
    places.iter().map(|(start, end)| (at(*start), at(*end))).collect()
}

#[test]
fn ids_and_offsets_are_those_of_transformers() {
    let (folder, recorded) = recorded();
    let texts = texts(&recorded);
    let tokenizers = recorded["tokenizers"].as_object().expect("tokenizers");
    assert!(!tokenizers.is_empty() && texts.len() > 50);
    let mut wrong = Vec::new();
    for (name, rows) in tokenizers {
        let tokenizer = load(&folder.join(name));
        let mut tokens = Tokens::new();
        for (text, row) in texts.iter().zip(rows.as_array().expect("rows")) {
            for (special, key) in [(false, "plain"), (true, "special")] {
                let done = tokenizer.encode(text, special, Detail::Offsets, &mut tokens);
                done.unwrap_or_else(|error| panic!("{name} {text:?}: {error}"));
                let ids: Vec<Value> = tokens.ids.iter().map(|id| Value::from(*id)).collect();
                if row[key] != Value::from(ids) {
                    wrong.push(format!("{name} {text:?} {key}: {:?}, not {}", tokens.ids, row[key]));
                }
                if special {
                    continue;
                }
                let places = in_chars(text, &tokens.offsets);
                let places: Vec<Value> = places
                    .iter()
                    .map(|(start, end)| serde_json::json!([start, end]))
                    .collect();
                if row["offsets"] != Value::from(places.clone()) {
                    let ours = Value::from(places);
                    wrong.push(format!("{name} {text:?} offsets: {ours}, not {}", row["offsets"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn both_engines_agree() {
    let (folder, recorded) = recorded();
    let texts = texts(&recorded);
    let mut fast = 0;
    for name in recorded["tokenizers"].as_object().expect("tokenizers").keys() {
        let tokenizer = load(&folder.join(name));
        fast += usize::from(tokenizer.is_fast());
        for special in [false, true] {
            for text in &texts {
                let differs = tokenizer.verify(text, special).expect("the library encodes it");
                assert_eq!(differs, None, "{name} {text:?}");
            }
            // Joined, so that texts meet at every kind of edge.
            for pair in texts.windows(2) {
                let text = pair.concat();
                let differs = tokenizer.verify(&text, special).expect("the library encodes it");
                assert_eq!(differs, None, "{name} {text:?}");
            }
        }
    }
    assert!(fast > 0, "no tokenizer has the fast engine");
}
