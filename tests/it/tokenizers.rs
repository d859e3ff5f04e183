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

/// Llama 3 takes a word that is a token as it stands, and has tokens that no merges lead to. Such a token inside a longer
/// word is merged like anything else, also where the word is cut before it, and whichever of the two came first.
#[test]
fn tokens_that_no_merges_lead_to_are_found_as_whole_words_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokenizer.json");
    let text = std::fs::read_to_string("fixtures/tokenizers/llama3/tokenizer.json").expect("the fixture");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    let unreachable = ["しない", "ありがとうございます", "에게", "zq"];
    file["model"]["ignore_merges"] = true.into();
    let added = file["added_tokens"].as_array().expect("added tokens");
    let added = added
        .iter()
        .filter_map(|token| token["id"].as_u64())
        .max()
        .expect("one at least");
    let next = u32::try_from(added).expect("an id") + 1;
    let vocabulary = file["model"]["vocab"].as_object_mut().expect("a vocabulary");
    for (id, word) in (next..).zip(unreachable) {
        // As byte-level BPE spells them: each byte as a character.
        let printed = |byte: u8| match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
            0..=b' ' => char::from_u32(256 + u32::from(byte)).expect("a letter"),
            0x7F..=0xA0 => char::from_u32(256 + 33 + u32::from(byte) - 0x7F).expect("a letter"),
            0xAD => '\u{143}',
        };
        vocabulary.insert(word.bytes().map(printed).collect(), id.into());
    }
    std::fs::write(&path, file.to_string()).expect("written");
    let tokenizer = load(&path);
    assert!(tokenizer.is_fast());
    let mut tokens = Tokens::new();
    for (id, word) in (next..).zip(unreachable) {
        let done = tokenizer.encode(word, false, Detail::Ids, &mut tokens);
        done.expect("it encodes");
        assert_eq!(tokens.ids, [id], "{word}");
    }
    // One worker's cache, in both orders.
    for around in ["存在{}", "{}存在", "데이터{}서", "{}", "x{}y", "存在{} {} 存在{}"] {
        for word in unreachable {
            let text = around.replace("{}", word);
            for text in [text.clone(), format!("{text} {word} {text}"), format!("{word} {text}")] {
                let differs = tokenizer.verify(&text, false).expect("the library encodes it");
                assert_eq!(differs, None, "{text}");
                tokenizer
                    .encode(&text, false, Detail::Ids, &mut tokens)
                    .expect("it encodes");
            }
        }
    }
}

/// Qwen's tokenizers compose their texts (NFC) between the added tokens, and look for some of those only afterwards.
#[test]
fn texts_that_are_not_composed_are_encoded_as_the_library_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokenizer.json");
    let text = std::fs::read_to_string("fixtures/tokenizers/qwen-chatml/tokenizer.json").expect("the fixture");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    let added = file["added_tokens"].as_array_mut().expect("added tokens");
    let next = added
        .iter()
        .filter_map(|token| token["id"].as_u64())
        .max()
        .expect("one")
        + 1;
    // Composed ones, which decomposed texts spell as well once they are normalized.
    for (id, content) in (next..).zip(["é é", "ñ", "~"]) {
        added.push(serde_json::json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": true,
            "special": false,
        }));
    }
    for (trim, prefix, strips) in [
        (false, false, false),
        (true, false, false),
        (true, true, false),
        (true, true, true),
    ] {
        let added = file["added_tokens"].as_array_mut().expect("added tokens");
        added.last_mut().expect("one")["lstrip"] = strips.into();
        file["post_processor"] = serde_json::json!({
            "type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": false,
        });
        std::fs::write(&path, file.to_string()).expect("written");
        let tokenizer = load(&path);
        assert!(tokenizer.is_fast());
        let parts = [
            "e\u{301}",
            "n\u{303}",
            "a\u{323}\u{302}",
            "a\u{302}\u{323}",
            "\u{1112}\u{1161}\u{11ab}",
            "\u{958}",
            "\u{2126}",
            "\u{212b}",
            "\u{2000}",
            "\u{338}",
            "\u{301}",
            "\u{fb1d}",
            "が",
            "か\u{3099}",
            "中",
            " ",
            "  ",
            "\n",
            "a",
            "word",
            " the",
            "1",
            "=",
            "<|im_end|>",
            "<|im_start|>",
            "~",
            "é",
            "ñ",
        ];
        let mut state = 7u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits")
        };
        for _ in 0..20_000 {
            let length = 1 + next() % 9;
            let text: String = (0..length).map(|_| parts[next() % parts.len()]).collect();
            let differs = tokenizer.verify(&text, false).expect("the library encodes it");
            assert_eq!(differs, None, "{text:?} {text}");
        }
    }
}
