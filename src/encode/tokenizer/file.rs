//! `tokenizer.json` as it stands: the small parts as JSON values, the large ones borrowed.
//!
//! The file is parsed once and its tokens and merges are not copied on the way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The whole file.
#[derive(Debug, Deserialize)]
pub(super) struct File<'f> {
    /// Always `1.0`; the library refuses any other.
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default)]
    pub truncation: Value,
    #[serde(default)]
    pub padding: Value,
    #[serde(default)]
    pub added_tokens: Vec<Entry>,
    #[serde(default)]
    pub normalizer: Value,
    #[serde(default)]
    pub pre_tokenizer: Value,
    #[serde(default)]
    pub post_processor: Value,
    #[serde(default)]
    pub decoder: Value,
    #[serde(borrow)]
    pub model: Model<'f>,
}

impl File<'_> {
    /// Reads the small parts as the library does, which is not made where the fast engine takes the file.
    ///
    /// # Errors
    ///
    /// What the library refuses, with the name of the part.
    pub(super) fn taken_by_library(&self) -> Result<(), String> {
        fn read<T: DeserializeOwned>(name: &str, part: &Value) -> Result<(), String> {
            let read = serde_json::from_value::<Option<T>>(part.clone());
            read.map(drop).map_err(|error| format!("{name}: {error}"))
        }
        read::<tokenizers::TruncationParams>("truncation", &self.truncation)?;
        read::<tokenizers::PaddingParams>("padding", &self.padding)?;
        read::<tokenizers::NormalizerWrapper>("normalizer", &self.normalizer)?;
        read::<tokenizers::PreTokenizerWrapper>("pre_tokenizer", &self.pre_tokenizer)?;
        read::<tokenizers::PostProcessorWrapper>("post_processor", &self.post_processor)?;
        read::<tokenizers::DecoderWrapper>("decoder", &self.decoder)
    }
}

/// An entry of `added_tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Entry {
    /// The id the file says; the library gives out its own (see [`super::added_vocabulary`]).
    pub id: u32,
    #[serde(flatten)]
    pub token: AddedToken,
}

/// A token added beside those of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct AddedToken {
    pub content: String,
    /// Only where it stands alone as a word.
    pub single_word: bool,
    /// Takes the white space before it.
    pub lstrip: bool,
    /// Takes the white space after it.
    pub rstrip: bool,
    /// Looked for after normalization.
    pub normalized: bool,
    pub special: bool,
}

impl AddedToken {
    /// A special token without other marks, as the libraries make one of a bare string.
    pub fn special(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            special: true,
            ..Self::default()
        }
    }
}

/// The `model` object.
#[derive(Debug, Default)]
pub(super) struct Model<'f> {
    /// `BPE`, `WordPiece`, `Unigram`, `WordLevel`; empty in old files, which do not say.
    pub kind: String,
    pub vocab: Vec<(Cow<'f, str>, u32)>,
    pub merges: Vec<Merge<'f>>,
    pub flags: Flags,
}

/// What a BPE model says besides its tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Flags {
    pub dropout: Option<f64>,
    pub unk_token: Option<String>,
    pub continuing_subword_prefix: Option<String>,
    pub end_of_word_suffix: Option<String>,
    pub fuse_unk: bool,
    pub byte_fallback: bool,
    pub ignore_merges: bool,
}

/// One merge, as either of the two forms has it.
#[derive(Debug)]
pub(super) enum Merge<'f> {
    /// `"a b"`.
    Joined(Cow<'f, str>),
    /// `["a", "b"]`.
    Pair(Cow<'f, str>, Cow<'f, str>),
}

impl Merge<'_> {
    /// The two halves; `None` where the joined form does not split into exactly two.
    pub(super) fn halves(&self) -> Option<(&str, &str)> {
        match self {
            Self::Pair(left, right) => Some((left, right)),
            Self::Joined(text) => text.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        }
    }
}

/// A string that borrows where it has no escapes.
struct Text<'f>(Cow<'f, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Merge<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MergeVisitor;
        impl<'de> Visitor<'de> for MergeVisitor {
            type Value = Merge<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a merge: \"a b\" or [\"a\", \"b\"]")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Merge::Joined(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Merge::Joined(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let short = |at| serde::de::Error::invalid_length(at, &"two halves");
                let Text(left) = seq.next_element()?.ok_or_else(|| short(0))?;
                let Text(right) = seq.next_element()?.ok_or_else(|| short(1))?;
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(short(3));
                }
                Ok(Merge::Pair(left, right))
            }
        }
        deserializer.deserialize_any(MergeVisitor)
    }
}

/// `vocab` as an object of ids, or as Unigram's list of token and score.
struct Vocab<'f>(Vec<(Cow<'f, str>, u32)>);

impl<'de> Deserialize<'de> for Vocab<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VocabVisitor;
        impl<'de> Visitor<'de> for VocabVisitor {
            type Value = Vocab<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tokens and ids, or a list of tokens and scores")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut tokens = Vec::new();
                while let Some((Text(token), id)) = map.next_entry()? {
                    tokens.push((token, id));
                }
                Ok(Vocab(tokens))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut tokens = Vec::new();
                while let Some((Text(token), _)) = seq.next_element::<(Text<'de>, f64)>()? {
                    let id = u32::try_from(tokens.len()).map_err(serde::de::Error::custom)?;
                    tokens.push((token, id));
                }
                Ok(Vocab(tokens))
            }
        }
        deserializer.deserialize_any(VocabVisitor)
    }
}

impl<'de: 'f, 'f> Deserialize<'de> for Model<'f> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ModelVisitor;
        impl<'de> Visitor<'de> for ModelVisitor {
            type Value = Model<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut model = Model::default();
                while let Some(Text(key)) = map.next_key()? {
                    let flags = &mut model.flags;
                    match &*key {
                        "type" => model.kind = map.next_value()?,
                        "vocab" => model.vocab = map.next_value::<Vocab<'de>>()?.0,
                        "merges" => {
                            model.merges = map.next_value()?;
                            // `convert_merges_to_hashmap` of the library: the first line of a `merges.txt`.
                            model
                                .merges
                                .retain(|merge| !matches!(merge, Merge::Joined(line) if line.starts_with("#version")));
                        }
                        "dropout" => flags.dropout = map.next_value()?,
                        "unk_token" => flags.unk_token = map.next_value()?,
                        "continuing_subword_prefix" => flags.continuing_subword_prefix = map.next_value()?,
                        "end_of_word_suffix" => flags.end_of_word_suffix = map.next_value()?,
                        "fuse_unk" => flags.fuse_unk = map.next_value::<Option<bool>>()?.unwrap_or_default(),
                        "byte_fallback" => flags.byte_fallback = map.next_value::<Option<bool>>()?.unwrap_or_default(),
                        "ignore_merges" => flags.ignore_merges = map.next_value::<Option<bool>>()?.unwrap_or_default(),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(model)
            }
        }
        deserializer.deserialize_map(ModelVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_merges_and_vocab() {
        let text = r#"{"version":"1.0","added_tokens":[{"id":9,"content":"<s>","single_word":false,
            "lstrip":false,"rstrip":false,"normalized":false,"special":true}],
            "model":{"type":"BPE","vocab":{"a":0,"\"":1,"ab":2},"merges":["a b",["\"","a"]],"fuse_unk":null}}"#;
        let file: File<'_> = serde_json::from_str(text).expect("a file");
        assert_eq!(file.model.kind, "BPE");
        assert_eq!(file.model.vocab[1], (Cow::Borrowed("\""), 1));
        assert!(matches!(file.model.vocab[0].0, Cow::Borrowed("a")));
        assert_eq!(file.model.merges[0].halves(), Some(("a", "b")));
        assert_eq!(file.model.merges[1].halves(), Some(("\"", "a")));
        assert_eq!(file.added_tokens[0].token, AddedToken::special("<s>"));
        assert!(file.pre_tokenizer.is_null() && file.taken_by_library().is_ok());

        let unigram = r#"{"model":{"unk_id":0,"vocab":[["<unk>",0.0],["\u2581a",-1.5]]}}"#;
        let file: File<'_> = serde_json::from_str(unigram).expect("a file");
        assert_eq!(file.model.vocab[1], ("▁a".into(), 1));
    }

    #[test]
    fn what_the_library_refuses_and_skips_is_refused_and_skipped() {
        let parts = [
            r#""decoder":{"type":"Nothing"}"#,
            r#""truncation":{"max_length":"long"}"#,
            r#""padding":{}"#,
            r#""post_processor":{"type":"ByteLevel"}"#,
        ];
        for part in parts {
            let text = format!(r#"{{{part},"model":{{"type":"BPE","vocab":{{}},"merges":[]}}}}"#);
            let file: File<'_> = serde_json::from_str(&text).expect("a file");
            let name = part.split('"').nth(1).expect("a name");
            assert!(
                file.taken_by_library().is_err_and(|why| why.starts_with(name)),
                "{part}"
            );
        }
        let versioned = r##"{"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["#version: 0.2","a b"]}}"##;
        let file: File<'_> = serde_json::from_str(versioned).expect("a file");
        assert_eq!(file.model.merges.len(), 1);
    }

    #[test]
    fn a_merge_of_three_is_none() {
        assert_eq!(Merge::Joined("a b c".into()).halves(), None);
        assert_eq!(Merge::Joined("ab".into()).halves(), None);
        assert_eq!(Merge::Joined(" b".into()).halves(), Some(("", "b")));
        assert!(serde_json::from_str::<Merge<'_>>(r#"["a","b","c"]"#).is_err());
    }
}
